from __future__ import annotations

import torch

from mmremix.models import ConcatFusionHead


def test_absent_columns_add_nothing_and_get_zero_gradients():
    head = ConcatFusionHead({'video': 3, 'audio': 2}, 4)
    features = {'audio': torch.randn(5, 2)}
    out = head(features)
    expected = features['audio'] @ head.fc.weight[:, 3:].T + head.fc.bias
    torch.testing.assert_close(out, expected)
    out.sum().backward()
    assert not head.fc.weight.grad[:, :3].any()
    assert head.fc.weight.grad[:, 3:].all()


def test_order_is_that_of_the_encoders():
    head = ConcatFusionHead({'video': 3, 'audio': 2}, 4)
    features = {'audio': torch.randn(5, 2), 'video': torch.randn(5, 3)}
    joined = torch.cat([features['video'], features['audio']], 1)
    torch.testing.assert_close(head(features), head.fc(joined))


def test_fill_follows_type_and_size():
    head = ConcatFusionHead({'a': 3, 'b': 2, 'c': 1}, 4)
    filled = head.fill({'b': torch.ones(5, 2, dtype=torch.bfloat16)})
    assert list(filled) == ['a', 'b', 'c']
    assert filled['c'].shape == (5, 1)
    assert filled['c'].dtype == torch.bfloat16 and not filled['c'].any()
