"""AGM: parts of the scores, factors, and gradients written out once more."""

from __future__ import annotations

import math
from itertools import permutations

import pytest
import torch
from torch.nn import functional as F

from mmremix.methods.agm import agm_coefficients, modulated, shapley_matrix
from mmremix.methods.base import Clock, scale_gradient
from mmremix.models import AVRecognizer
from tests.methods import kit


def case(**options):
    return {'methods': {'agm': {'type': 'AGM', **options}}}


def test_two_parts_are_the_published_ones():
    # Columns: video, audio, both.
    expected = torch.tensor([[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0]]) / 2
    assert torch.equal(shapley_matrix(('video', 'audio')), expected)


def test_three_parts_are_means_over_all_orders():
    names = kit.NAMES
    subsets = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    worth = dict(zip(subsets, torch.randn(7), strict=True)) | {(): 0.0}
    expected = torch.zeros(3)
    for order in permutations(range(3)):
        for place, player in enumerate(order):
            before = tuple(sorted(order[:place]))
            after = tuple(sorted(order[: place + 1]))
            expected[player] += (worth[after] - worth[before]) / 6
    scores = torch.stack([worth[subset] for subset in subsets])
    torch.testing.assert_close(shapley_matrix(names) @ scores, expected)


def test_factors_by_hand():
    now, running = torch.tensor([1.0, 2.0]), torch.tensor([1.5, 1.8])
    k = agm_coefficients(now, running, 0.5)
    for u, v in ((0, 1), (1, 0)):
        ahead = math.exp(now[v] - now[u])
        usually = math.exp(running[v] - running[u])
        expected = math.exp(0.5 * (usually - ahead))
        assert k[u].item() == pytest.approx(expected, rel=1e-5)
    # Video is more ahead than usual: it is slowed, audio is not.
    assert k[0] < 1 < k[1]


def test_factors_stay_finite():
    k = agm_coefficients(
        torch.tensor([0.0, 200.0]), torch.tensor([200.0, 0.0]), 3.0
    )
    assert k.isfinite().all() and k[0] == 0
    assert k[1].item() == pytest.approx(math.exp(10))


@pytest.mark.parametrize('count', [2, 3])
def test_gradient_into_each_part_is_scaled(count):
    matrix = shapley_matrix(kit.NAMES[:count])
    k = torch.rand(count) + 0.5
    labels = torch.tensor([0, 2, 1, 1])
    scores = torch.randn(2**count - 1, 4, 3, requires_grad=True)
    parts = torch.einsum('us,sbm->ubm', matrix, scores)
    total = sum(scale_gradient(p, f) for p, f in zip(parts, k, strict=True))
    (expected,) = torch.autograd.grad(F.cross_entropy(total, labels), scores)
    ours = modulated(scores, matrix, k)
    assert torch.equal(ours, scores[-1])
    (found,) = torch.autograd.grad(F.cross_entropy(ours, labels), scores)
    torch.testing.assert_close(found, expected)


def test_mixed_precision_does_not_round_the_factors():
    matrix, k = shapley_matrix(kit.NAMES), torch.tensor([1.001, 0.7, 1.3])
    scores = torch.randn(7, 4, 3, requires_grad=True)
    found = []
    for enabled in (False, True):
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            ours = modulated(scores, matrix, k)
        found += torch.autograd.grad(ours.sum(), scores)
    assert torch.equal(*found)


def step(given):
    model = kit.make_model(given).train()
    for method in model.methods.values():
        method.set_clock(Clock(0, 3, 0, seed=5))
    data = model.data_preprocessor(kit.make_batch(0, model.modalities), True)
    return model, data, model.loss(**data)


@pytest.mark.parametrize('absent', ['input', 'feature'])
def test_fused_gradient_is_the_published_one(absent):
    """Against gradient hooks on phi, in a model with the same weights."""
    given = {**case(alpha=0.7, absent=absent), 'model': {'unimodal': 'fusion'}}
    model, data, losses = step(given)
    records = model.methods['agm'].take_records()
    losses['loss_fusion'].backward()
    plain = kit.make_model({'model': {'unimodal': 'fusion'}})
    labels = torch.cat([s.gt_label for s in data['data_samples']])
    x = data['inputs']

    def scores(*names):
        features = {}
        for name, encoder in plain.encoders.items():
            if name in names:
                features[name] = encoder(x[name])
            elif absent == 'input':
                features[name] = encoder(torch.zeros_like(x[name]))
            else:
                features[name] = torch.zeros(len(labels), 5)
        return plain.fuse(features)

    both, video, audio = scores(*kit.NAMES), scores('video'), scores('audio')
    phi = {
        'video': (both - audio + video) / 2,
        'audio': (both - video + audio) / 2,
    }
    s = {n: F.cross_entropy(z, labels).detach() for n, z in phi.items()}
    for name, other in (('video', 'audio'), ('audio', 'video')):
        # In the first step the means are still 0.
        k = torch.exp(0.7 * (1 - torch.exp(s[other] - s[name])))
        torch.testing.assert_close(records[f'k_{name}'], k)
        torch.testing.assert_close(records[f's_{name}'], s[name])
        phi[name].register_hook(lambda g, k=k: k * g)
    F.cross_entropy(phi['video'] + phi['audio'], labels).backward()
    expected = dict(plain.named_parameters())
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name].grad)


def test_means_are_used_before_they_are_updated():
    model, logs = kit.train(case(alpha=1.0), steps=3)
    s = [
        torch.tensor([log['agm/s_video'], log['agm/s_audio']]) for log in logs
    ]
    k = agm_coefficients(s[2], (s[0] + s[1]) / 2, 1.0)
    assert logs[2]['agm/k_video'] == pytest.approx(k[0].item(), rel=1e-5)
    mean = torch.stack(s).mean(0)
    torch.testing.assert_close(model.methods['agm'].running[:2], mean)


@pytest.mark.parametrize('modalities', [2, 3])
@pytest.mark.parametrize('absent', ['input', 'feature'])
def test_alpha_0_is_plain_training(absent, modalities):
    count = {'modalities': modalities}
    plain, _ = kit.train(count, steps=8)
    other, _ = kit.train({**case(alpha=0.0, absent=absent), **count}, steps=8)
    kit.assert_same(kit.weights(plain), kit.weights(other))


def test_pure_batches_are_left_alone():
    pure = {'active': lambda i: (kit.NAMES[i % 2],)}
    plain, _ = kit.train(pure)
    other, _ = kit.train({**case(), **pure})
    kit.assert_same(kit.weights(plain), kit.weights(other))


@pytest.mark.parametrize('fusion', ['ConcatFusionHead', 'MMTM'])
def test_padded_passes_leave_batch_norm_alone(fusion):
    """alpha 0 with real encoders: gradients and statistics are plain."""
    torch.manual_seed(1)
    inputs = {
        'video': torch.randn(4, 2, 3, 32, 32),
        'audio': torch.randn(4, 1, 33, 20),
    }
    labels = torch.tensor([0, 3, 1, 4])
    found = []
    for methods in ({}, case(alpha=0.0)['methods'], case()['methods']):
        torch.manual_seed(0)
        model = AVRecognizer(
            encoders={
                'video': {'type': 'ResNet', 'base_channels': 4},
                'audio': {
                    'type': 'ResNet',
                    'base_channels': 4,
                    'in_channels': 1,
                },
            },
            fusion={'type': fusion},
            num_classes=5,
            methods=methods,
        )
        output = model.run(inputs, labels=labels)
        sum(model.losses(output).values()).backward()
        assert all(m.training for m in model.modules())
        grads = {n: p.grad for n, p in model.named_parameters()}
        found.append((kit.weights(model), grads))
    (plain, gradients), (zero, same), (acting, others) = found
    kit.assert_same(plain, zero)
    kit.assert_same(plain, acting)
    for name, gradient in gradients.items():
        assert torch.equal(gradient, same[name])
    name = next(n for n in gradients if n.startswith('encoders.video'))
    assert not torch.allclose(gradients[name], others[name], rtol=1e-3)


def test_refusals():
    with pytest.raises(ValueError, match='alpha must be at least 0'):
        kit.make_model(case(alpha=-1))
    with pytest.raises(ValueError, match='absent must be one of'):
        kit.make_model(case(absent='noise'))
    weights = {'loss_weights': {'all_active': {'fusion': 0.0}}}
    with pytest.raises(ValueError, match='whose weight is 0'):
        kit.train({**case(), 'model': weights}, steps=1)


def test_zero_features_are_refused_between_stages():
    model = AVRecognizer(
        encoders={
            'video': {'type': 'ResNet', 'base_channels': 4},
            'audio': {'type': 'ResNet', 'base_channels': 4},
        },
        fusion={'type': 'MMTM'},
        num_classes=5,
        methods=case(absent='feature')['methods'],
    )
    with pytest.raises(ValueError, match="absent='input'"):
        model.methods['agm'].check(model)
