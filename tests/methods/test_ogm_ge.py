"""OGM and OGM-GE: factors, noise, and when they leave a step alone."""

from __future__ import annotations

import math

import pytest
import torch

from mmremix.methods.discrepancy import discrepancies, scores_alone
from mmremix.methods.ogm_ge import noise_std, ogm_coefficients
from mmremix.models import Output
from tests.methods import kit


def case(**options):
    return {'methods': {'ogm': {'type': 'OGM', **options}}}


def noisy(**options):
    return {'methods': {'ogm': {'type': 'OGMGE', **options}}}


def gradients(model):
    return {
        name: p.grad.clone()
        for name, p in model.named_parameters()
        if p.grad is not None
    }


def first_gradients(given):
    model = kit.make_model(given).train()
    for method in model.methods.values():
        method.set_clock(kit.Clock(0, 3, 0, seed=5))
    data = model.data_preprocessor(kit.make_batch(0, model.modalities), True)
    losses = model.loss(**data)
    sum(losses.values()).backward()
    found = [gradients(model)]
    with torch.no_grad():
        for method in model.methods.values():
            method.edit_gradients(model)
    found.append(gradients(model))
    records = {}
    for method in model.methods.values():
        records |= method.take_records()
    return (*found, records)


def test_ratios_and_factors_by_hand():
    rho = discrepancies(torch.tensor([6.0, 2.0]))
    torch.testing.assert_close(rho, torch.tensor([3.0, 1 / 3]))
    k = ogm_coefficients(rho, 0.5)
    assert k[0].item() == pytest.approx(1 - math.tanh(1.5), rel=1e-5)
    assert k[1].item() == 1.0
    # Three: by the mean of the other two.
    rho = discrepancies(torch.tensor([6.0, 2.0, 1.0]))
    torch.testing.assert_close(rho, torch.tensor([4.0, 2 / 3.5, 1 / 4]))


def test_mixed_precision_does_not_round_the_ratios():
    sums = torch.tensor([6.123, 2.345, 1.111])
    with torch.autocast('cpu', torch.bfloat16):
        within = discrepancies(sums)
    assert torch.equal(within, discrepancies(sums))


def test_extreme_ratios_stay_finite():
    rho = discrepancies(torch.tensor([64.0, 0.0]))
    k = ogm_coefficients(rho, 0.8)
    assert 0 < k[0] < 1e-6 and k[1] == 1
    assert noise_std(torch.ones(3) * k[0], k[0]) < 1e-4
    assert noise_std(torch.ones(1)).isfinite()


def test_scores_alone_add_up_to_the_fused_ones():
    for fusion in ('ConcatFusionHead', 'SumFusionHead'):
        model = kit.make_model({'fusion': {'type': fusion}, 'modalities': 3})
        features = {name: torch.randn(4, 5) for name in model.modalities}
        alone = scores_alone(model, features)
        torch.testing.assert_close(sum(alone.values()), model.fuse(features))
    head = kit.make_model().fusion.fc
    features = {'video': torch.randn(4, 5), 'audio': torch.randn(4, 5)}
    alone = scores_alone(kit.make_model(), features)
    expected = features['audio'] @ head.weight[:, 5:].T + head.bias / 2
    torch.testing.assert_close(alone['audio'], expected)


@pytest.mark.parametrize('modalities', [2, 3])
def test_only_the_encoder_ahead_is_slowed(modalities):
    plain, _, _ = first_gradients({'modalities': modalities})
    slowed, _, records = first_gradients(
        {**case(alpha=0.4), 'modalities': modalities}
    )
    factors = {n: records[f'k_{n}'].item() for n in kit.NAMES[:modalities]}
    assert min(factors.values()) < 1 and max(factors.values()) == 1
    for name, gradient in plain.items():
        part, *rest = name.split('.')
        k = factors[rest[0]] if part == 'encoders' else 1.0
        torch.testing.assert_close(slowed[name], k * gradient)


def test_ratio_is_that_of_the_batch():
    """Written out once more, from the weights of the fusion."""
    _, _, records = first_gradients(case())
    model = kit.make_model()
    data = model.data_preprocessor(kit.make_batch(0, model.modalities), True)
    labels = torch.cat([s.gt_label for s in data['data_samples']])
    sums = {}
    for i, name in enumerate(model.modalities):
        feature = model.encoders[name](data['inputs'][name])
        weight = model.fusion.fc.weight[:, 5 * i : 5 * i + 5]
        p = (feature @ weight.T + model.fusion.fc.bias / 2).softmax(1)
        sums[name] = sum(p[row, y] for row, y in enumerate(labels))
    rho = sums['video'] / sums['audio']
    torch.testing.assert_close(records['rho_video'], rho.detach())
    torch.testing.assert_close(records['rho_audio'], 1 / rho.detach())


def test_noise_has_the_spread_of_the_gradient_before():
    """On every encoder, on tensors of more than one dimension only."""
    plain, _, _ = first_gradients({})
    before, after, records = first_gradients(noisy(alpha=2.0))
    assert min(records['k_video'], records['k_audio']) < 0.1
    for name, gradient in plain.items():
        noise = after[name] - before[name]
        if name.startswith('encoders') and gradient.dim() > 1:
            ratio = noise.std() / gradient.std()
            assert 0.6 < ratio.item() < 1.6
            assert noise.mean().abs() < gradient.std()
        else:
            assert not noise.any()


def test_alpha_0_is_plain_training():
    for modalities in (2, 3):
        count = {'modalities': modalities}
        plain, _ = kit.train(count, steps=8)
        other, _ = kit.train({**case(alpha=0.0), **count}, steps=8)
        kit.assert_same(kit.weights(plain), kit.weights(other))


def test_outside_its_epochs_and_on_pure_batches_is_plain_training():
    pure = {'active': lambda i: (kit.NAMES[i % 2],)}
    for given, base in (
        (noisy(start_epoch=9), {}),
        ({**noisy(), **pure}, pure),
    ):
        plain, _ = kit.train(base)
        other, _ = kit.train(given)
        kit.assert_same(kit.weights(plain), kit.weights(other))
    # Two steps an epoch: the last epoch is included.
    _, logs = kit.train(case(start_epoch=1, end_epoch=1))
    acted = ['ogm/k_video' in log for log in logs]
    assert acted == [False, False, True, True, False, False]


def test_refusals():
    with pytest.raises(ValueError, match="noise_on='weights'"):
        kit.train(noisy(noise_on='4d'), steps=1)
    with pytest.raises(ValueError, match='noise_on must be one of'):
        kit.make_model(noisy(noise_on='all'))
    with pytest.raises(ValueError, match='alpha must be at least 0'):
        kit.make_model(case(alpha=-1))
    with pytest.raises(ValueError, match='no epoch is from start_epoch=9'):
        kit.make_model(case(start_epoch=9, end_epoch=3))


def test_features_keep_their_values():
    model = kit.make_model(case())
    method = model.methods['ogm']
    method.set_clock(kit.Clock(0, 3, 0, seed=5))
    given = {name: torch.randn(4, 5) for name in model.modalities}
    output = Output({}, model.modalities, torch.zeros(4).long(), 1.0, given)
    for name, feature in method.features(model, output).items():
        torch.testing.assert_close(feature, given[name])
