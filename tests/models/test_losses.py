from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from mmremix.models import CrossEntropy, FocalLoss
from tests.methods import kit

SCORES = torch.tensor([[2.0, 0.0, -1.0], [0.0, 1.0, 0.5]])
LABELS = torch.tensor([0, 2])


def test_cross_entropy_with_its_options():
    plain = CrossEntropy()(SCORES, LABELS)
    assert torch.equal(plain, F.cross_entropy(SCORES, LABELS))
    smooth = CrossEntropy(label_smoothing=0.3)(SCORES, LABELS)
    log_p = SCORES.log_softmax(1)
    right = log_p[torch.arange(2), LABELS]
    by_hand = -(0.7 * right + 0.3 * log_p.mean(1)).mean()
    torch.testing.assert_close(smooth, by_hand)
    weighted = CrossEntropy(class_weight=[1, 1, 3])(SCORES, LABELS)
    by_hand = -(right * torch.tensor([1.0, 3.0])).sum() / 4
    torch.testing.assert_close(weighted, by_hand)


def test_class_weights_are_not_in_checkpoints():
    assert CrossEntropy(class_weight=[1.0, 2.0]).state_dict() == {}


def test_focal_loss():
    plain = F.cross_entropy(SCORES, LABELS)
    torch.testing.assert_close(FocalLoss(gamma=0.0)(SCORES, LABELS), plain)
    p = SCORES.softmax(1)[torch.arange(2), LABELS]
    by_hand = (-((1 - p) ** 2) * p.log()).mean()
    torch.testing.assert_close(FocalLoss()(SCORES, LABELS), by_hand)


@pytest.mark.parametrize(
    'loss',
    [
        {'type': 'CrossEntropy', 'label_smoothing': 0.1},
        {'type': 'CrossEntropy', 'class_weight': [1.0, 2.0, 3.0]},
        {'type': 'FocalLoss', 'gamma': 1.0},
    ],
)
def test_one_line_of_config_changes_every_loss(loss):
    plain, _ = kit.train(steps=1)
    other, logs = kit.train({'model': {'loss': loss}}, steps=1)
    names = {'loss_fusion', 'loss_video', 'loss_audio'}
    assert names < set(logs[0])
    before, after = kit.weights(plain), kit.weights(other)
    for name in ('fusion.fc.weight', 'heads.video.weight'):
        assert not torch.equal(before[name], after[name])
