"""The loss of a stage, and that a stage moves one modality only."""

from __future__ import annotations

import math

import pytest
import torch

from mmremix.methods import ReconBoost
from mmremix.methods.reconboost import boosting_loss
from mmremix.models import FUSION
from tests.methods import kit
from tests.methods.cases.reconboost import SUM, case

LABELS = torch.tensor([0, 1])


def test_loss_by_hand():
    """p = (3/4, 1/4) and q = (1/2, 1/2), (1/10, 9/10)."""
    p, q = torch.tensor([0.75, 0.25]), torch.tensor([[0.5, 0.5], [0.1, 0.9]])
    loss = boosting_loss(p.log().expand(2, 2), q.log(), LABELS)
    expected = ((-5 + 0.5) * math.log(0.75) + (-5 + 0.9) * math.log(0.25)) / 2
    assert loss.item() == pytest.approx(expected)


@pytest.mark.parametrize(('gradient', 'factor'), [(True, 4.5), (False, 5.0)])
def test_agreement_has_a_gradient_as_in_the_paper_or_none(gradient, factor):
    """Where q is 1/2 the gradient is w1 - w2 / 2 times the cross entropy's."""
    scores = torch.tensor([[0.3, -0.2], [0.1, 0.7]], requires_grad=True)
    loss = boosting_loss(
        scores, torch.zeros(2, 2), LABELS, agreement_gradient=gradient
    )
    plain = torch.nn.functional.cross_entropy(scores, LABELS)
    found, expected = (
        torch.autograd.grad(x, scores)[0] for x in (loss, plain)
    )
    torch.testing.assert_close(found, factor * expected)
    value = boosting_loss(scores, torch.zeros(2, 2), LABELS)
    torch.testing.assert_close(loss, value)


def test_without_the_others_a_stage_is_training_alone():
    alone = case(
        boost_weight=1.0, agreement_weight=0.0, active=lambda i: ('video',)
    )
    plain = {**SUM, 'active': lambda i: ('video',)}
    one, _ = kit.train(plain)
    other, _ = kit.train(alone)
    kit.assert_same(kit.weights(one), kit.weights(other), exact=False)


def test_a_stage_leaves_the_others_alone():
    """Weights, and the statistics of batch norm."""
    stage = case(active=lambda i: ('video',))
    model = kit.make_model(stage).train()
    model.encoders['audio'].append_norm = torch.nn.BatchNorm1d(5)
    norm = model.encoders['audio'].append_norm
    model.encoders['audio'].register_forward_hook(lambda m, x, y: norm(y))
    before = kit.weights(model)
    wrapper = kit.make_wrapper(model)
    wrapper.attach(model)
    batch = kit.make_batch(0, ('video',), loaded=model.modalities)
    model.train_step(batch, wrapper)
    assert norm.training
    for name, value in kit.weights(model).items():
        moved = not torch.equal(value, before[name])
        assert moved == ('video' in name), name


def test_others_are_summed_and_scaled():
    three = case(modalities=3, boost_rate=0.5)
    model = kit.make_model(three).train()
    inputs = {n: torch.randn(4, kit.SIZE) for n in model.modalities}
    labels = torch.tensor([0, 1, 2, 0])
    output = model.run(inputs, ('audio',), labels)
    terms = model.losses(output)
    assert list(terms) == ['loss_audio']
    scores = model.run(inputs).scores
    others = 0.5 * (scores['video'] + scores['touch'])
    expected = boosting_loss(scores['audio'], others, labels)
    torch.testing.assert_close(terms['loss_audio'], expected)


def test_complete_batches_learn_by_the_sum():
    model = kit.make_model(case(modalities=3)).train()
    inputs = {n: torch.randn(4, kit.SIZE) for n in model.modalities}
    labels = torch.tensor([0, 1, 2, 0])
    output = model.run(inputs, labels=labels)
    terms = model.losses(output)
    total = sum(output.scores[n] for n in model.modalities)
    assert list(terms) == ['loss_fusion']
    torch.testing.assert_close(
        terms['loss_fusion'],
        torch.nn.functional.cross_entropy(total, labels),
    )
    torch.testing.assert_close(output.scores[FUSION], total / 3)


def test_masked_modalities_must_be_loaded():
    without = {**case(), 'loads_masked': False}
    with pytest.raises(ValueError, match="type='ReconBoostHook'"):
        kit.train(without)


@pytest.mark.parametrize(
    'wrong',
    [
        {'fusion': {'type': 'ConcatFusionHead'}},
        {'fusion': {'type': 'DecisionFusionHead'}},
        {
            'fusion': {
                'type': 'DecisionFusionHead',
                'absent': 'skip',
                'weights': 'learned',
            }
        },
        {'model': {}},
        {'model': {'unimodal': 'fusion', 'mask': 'feature'}},
    ],
)
def test_other_predictions_than_the_sum_are_refused(wrong):
    model = kit.make_model({**case(), **wrong})
    with pytest.raises(ValueError, match="absent='skip'"):
        model.methods['reconboost'].check(model)


def test_one_modality_is_refused():
    model = kit.make_model(case(modalities=1))
    with pytest.raises(ValueError, match='method_reconboost = None'):
        model.methods['reconboost'].check(model)


def test_options():
    with pytest.raises(ValueError, match='boost_rate'):
        ReconBoost(boost_rate=-1)
