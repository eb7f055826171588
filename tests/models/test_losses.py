from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from mmremix.models import BinaryCrossEntropy, CrossEntropy, FocalLoss
from mmremix.utils.errors import ConfigError
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


def test_binary_cross_entropy_is_the_mean_over_batch_and_classes():
    labels = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    p = SCORES.sigmoid()
    by_hand = -(labels * p.log() + (1 - labels) * (1 - p).log()).mean()
    loss = BinaryCrossEntropy()
    torch.testing.assert_close(loss(SCORES, labels), by_hand)
    assert loss.multi_label
    weighted = BinaryCrossEntropy(pos_weight=[2.0, 1.0, 1.0])
    more = -(labels[0, 0] * p[0, 0].log()) / labels.numel()
    torch.testing.assert_close(weighted(SCORES, labels), by_hand + more)


WORKS = {
    'dgl': {'type': 'DGL'},
    'mmpareto': {'type': 'MMPareto'},
    'modality_dropout': {'type': 'ModalityDropout'},
}


@pytest.mark.parametrize('name', WORKS)
def test_methods_that_take_several_labels(name):
    model = kit.make_model(
        {
            'methods': {name: WORKS[name]},
            'model': {'loss': {'type': 'BinaryCrossEntropy'}},
        }
    )
    batch = kit.make_batch(0, kit.NAMES[:2])
    for sample in batch['data_samples']:
        row = torch.zeros(kit.CLASSES)
        row[int(sample.gt_label) :] = 1
        sample.set_gt_label(row)
    for method in model.methods.values():
        method.set_clock(kit.Clock(0, 1, 0, 0))
    data = model.data_preprocessor(batch, True)
    losses = model(**data, mode='loss')
    sum(v for k, v in losses.items() if k.startswith('loss')).backward()
    assert all(
        p.grad is not None and p.grad.isfinite().all()
        for p in model.encoders.parameters()
    )


@pytest.mark.parametrize('several', [True, False])
def test_labels_of_the_other_kind_are_refused(several):
    loss = 'CrossEntropy' if several else 'BinaryCrossEntropy'
    model = kit.make_model({'model': {'loss': {'type': loss}}})
    batch = kit.make_batch(0, kit.NAMES[:2])
    if several:
        for sample in batch['data_samples']:
            sample.set_gt_label(torch.ones(kit.CLASSES))
    data = model.data_preprocessor(batch, True)
    with pytest.raises(ConfigError, match=r'Write:\s'):
        model(**data, mode='loss')


@pytest.mark.parametrize(
    'case',
    [
        {'methods': {'agm': {'type': 'AGM'}}},
        {'methods': {'pmr': {'type': 'PMR'}}},
        {'model': {'readout': 'heads'}},
        {'fusion': {'type': 'SharedHeadFusion', 'weights': 'entropy'}},
    ],
)
def test_models_that_need_one_class_are_refused(case):
    case = {**case, 'model': {**case.get('model', {})}}
    case['model']['loss'] = {'type': 'BinaryCrossEntropy'}
    with pytest.raises(ConfigError, match='needs one class a sample'):
        kit.make_model(case)
