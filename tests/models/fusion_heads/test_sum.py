from __future__ import annotations

import torch

from mmremix.models import ConcatFusionHead, SumFusionHead


def test_scores_are_summed():
    head = SumFusionHead({'video': 3, 'audio': 2}, 4)
    video, audio = torch.randn(5, 3), torch.randn(5, 2)
    expected = head.fcs['video'](video) + head.fcs['audio'](audio)
    out = head({'video': video, 'audio': audio})
    torch.testing.assert_close(out, expected)


def test_absent_modality_leaves_its_bias():
    head = SumFusionHead({'video': 3, 'audio': 2}, 4)
    audio = torch.randn(5, 2)
    out = head({'audio': audio})
    expected = head.fcs['audio'](audio) + head.fcs['video'].bias
    assert torch.equal(out, expected)
    out.sum().backward()
    assert not head.fcs['video'].weight.grad.any()
    assert (head.fcs['video'].bias.grad == 5).all()


def test_it_is_concatenation_with_the_biases_added():
    sizes = {'video': 3, 'audio': 2, 'depth': 4}
    head, concat = SumFusionHead(sizes, 6), ConcatFusionHead(sizes, 6)
    layers = list(head.fcs.values())
    with torch.no_grad():
        concat.fc.weight.copy_(torch.cat([fc.weight for fc in layers], 1))
        concat.fc.bias.copy_(sum(fc.bias for fc in layers))
    features = {n: torch.randn(5, size) for n, size in sizes.items()}
    for names in (['depth'], ['video', 'depth'], list(sizes)):
        some = {n: features[n] for n in names}
        torch.testing.assert_close(head(some), concat(some))
