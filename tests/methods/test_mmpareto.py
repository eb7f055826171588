"""MMPareto and the aggregation of gradients by their Gramian."""

from __future__ import annotations

import sys
import types

import pytest
import torch

from mmremix.methods.gramian_aggregation import (
    GramianAggregation,
    build_weighting,
    gramian,
)
from mmremix.methods.mmpareto import (
    MMPareto,
    pareto_weights,
    rescale_factor,
)
from mmremix.registry import FUNCTIONS
from tests.methods import kit, toys  # noqa: F401  (registers them)

TOYS = {'methods': {'sum': {'type': 'SumOfTerms'}}}


def of(*vectors):
    return gramian([[torch.tensor(v)] for v in vectors])


def test_gramian_of_gradients_in_pieces():
    one = [torch.tensor([[1.0, 2.0]]), None, torch.tensor([3.0])]
    two = [torch.tensor([[0.0, 1.0]]), None, None]
    assert gramian([one, two]).tolist() == [[14.0, 2.0], [2.0, 1.0]]
    with pytest.raises(ValueError, match='No parameter'):
        gramian([[None], [None]])


@pytest.mark.parametrize(
    ('one', 'two', 'weights'),
    [
        ([1.0, 0.0], [0.0, 2.0], [1.0, 1.0]),  # orthogonal
        ([1.0, 0.0], [3.0, 1.0], [1.0, 1.0]),  # agree
        ([0.0, 0.0], [0.0, 0.0], [1.0, 1.0]),
        # a = (2 + 1) / 5; |a g + (1 - a) h| is shortest.
        ([1.0, 0.0], [-1.0, 1.0], [1.2, 0.8]),
        ([1.0, 0.0], [-3.0, 0.0], [1.5, 0.5]),
    ],
)
def test_weights_by_hand(one, two, weights):
    assert pareto_weights(of(one, two)).tolist() == pytest.approx(weights)


def test_weights_are_those_of_the_shortest_mean():
    torch.manual_seed(0)
    shares = torch.linspace(0, 1, 2001)[:, None]
    for _ in range(20):
        one, two = torch.randn(2, 4)
        two = two - 2 * (one @ two).clamp_min(0) / (one @ one) * one
        lengths = (shares * one + (1 - shares) * two).norm(dim=1)
        best = shares[lengths.argmin()].item()
        share = pareto_weights(of(one.tolist(), two.tolist()))[0] / 2
        assert share.item() == pytest.approx(best, abs=1e-3)


def test_the_sum_gets_the_length_of_the_plain_one():
    one, two = torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 1.0])
    products = of(one.tolist(), two.tolist())
    weights = pareto_weights(products)
    factor = rescale_factor(products, weights)
    total = factor * (weights[0] * one + weights[1] * two)
    assert total.norm() == pytest.approx((one + two).norm().item())


def test_opposed_gradients_are_not_stretched():
    """Their shortest mean is 0: there is no direction to step in."""
    products = of([0.3, 0.6], [-0.9, -1.8])
    factor = rescale_factor(products, pareto_weights(products))
    assert factor == 1


def test_factor_by_tensor_is_at_least_one():
    products = of([1.0, 0.0], [-1.0, 0.0])
    weights = torch.tensor([1.2, 0.8])
    assert rescale_factor(products, weights) == 0
    assert rescale_factor(products, weights, at_least_one=True) == 1


def model_and_gradients(method, conflict):
    """The same gradients at every parameter but for the own ones' sign."""
    model = kit.make_model({'methods': {'m': method}}).train()
    named = dict(model.named_parameters())
    torch.manual_seed(1)
    fused = {k: torch.randn_like(p) for k, p in named.items()}
    sign = -0.5 if conflict else 0.5
    gradients = {'loss_fusion': dict(fused)}
    for name in model.modalities:
        own = {
            k: sign * fused[k] + 0.3 * torch.randn_like(p)
            for k, p in named.items()
            if k.startswith((f'encoders.{name}', f'heads.{name}'))
        }
        gradients[f'loss_{name}'] = {**dict.fromkeys(named), **own}
    return model, gradients


@pytest.mark.parametrize('rescale', ['encoder', 'tensor'])
@pytest.mark.parametrize('gamma', [1.0, 1.5])
def test_agreeing_gradients_are_added(rescale, gamma):
    method = {'type': 'MMPareto', 'rescale': rescale, 'gamma': gamma}
    model, gradients = model_and_gradients(method, conflict=False)
    combined = model.methods['m'].combine(model, gradients)
    for key, value in combined.items():
        plain = sum(g[key] for g in gradients.values() if g[key] is not None)
        inside = key.startswith('encoders')
        assert torch.equal(value, (gamma if inside else 1.0) * plain), key


@pytest.mark.parametrize('rescale', ['encoder', 'tensor'])
def test_conflict_against_the_formula_written_out(rescale):
    method = {'type': 'MMPareto', 'rescale': rescale}
    model, gradients = model_and_gradients(method, conflict=True)
    combined = model.methods['m'].combine(model, gradients)
    for name in model.modalities:
        keys = [k for k in combined if k.startswith(f'encoders.{name}.')]
        flat = [
            torch.cat([gradients[t][k].flatten() for k in keys]).double()
            for t in ('loss_fusion', f'loss_{name}')
        ]
        m, u = flat
        a = ((u @ u - m @ u) / (m - u).square().sum()).clamp(0, 1)
        h = 2 * a * m + 2 * (1 - a) * u
        sizes = [gradients['loss_fusion'][k].numel() for k in keys]
        if rescale == 'encoder':
            wanted = h / h.norm() * 1.5 * (m + u).norm()
        else:
            wanted = torch.cat(
                [
                    1.5 * max(1.0, ((x + y).norm() / z.norm()).item()) * z
                    for x, y, z in zip(
                        *(v.split(sizes) for v in (m, u, h)), strict=True
                    )
                ]
            )
        found = torch.cat([combined[k].flatten() for k in keys])
        torch.testing.assert_close(
            found.double(), wanted, rtol=1e-4, atol=1e-5
        )
        records = model.methods['m']._recorded
        assert records[f'cos_{name}'] < 0
        assert records[f'weight_own_at_{name}'] == pytest.approx(
            2 * (1 - a.item()), rel=1e-4
        )


def test_a_missing_modality_or_term_leaves_the_plain_sum():
    def pure(iteration):
        return ('video',) if iteration % 2 else ('audio',)

    method = {'methods': {'m': {'type': 'MMPareto'}}, 'active': pure}
    one, _ = kit.train(method)
    other, _ = kit.train({**TOYS, 'active': pure})
    kit.assert_same(kit.weights(one), kit.weights(other))
    model, gradients = model_and_gradients({'type': 'MMPareto'}, True)
    del gradients['loss_audio']
    combined = model.methods['m'].combine(model, gradients)
    key = 'encoders.video.backbone.layers.0.weight'
    plain = gradients['loss_fusion'][key] + gradients['loss_video'][key]
    assert torch.equal(combined[key], plain)


def test_a_step_with_conflicts_differs_from_plain_training():
    one, logs = kit.train({'methods': {'m': {'type': 'MMPareto'}}})
    other, _ = kit.train()
    key = 'encoders.video.backbone.layers.0.weight'
    assert not torch.equal(kit.weights(one)[key], kit.weights(other)[key])
    assert all(abs(log['m/cos_video']) <= 1.001 for log in logs)


@pytest.mark.parametrize(
    ('model', 'seen'),
    [
        ({'unimodal': 'fusion'}, "unimodal='fusion'"),
        (
            {'loss_weights': {'all_active': {'unimodal': 0.0}}},
            'video=0.0',
        ),
    ],
)
def test_a_model_without_own_losses_is_refused(model, seen):
    case = {'methods': {'m': {'type': 'MMPareto'}}, 'model': model}
    with pytest.raises(ValueError, match='weighs the gradients') as error:
        kit.train(case)
    assert seen in str(error.value)


@pytest.mark.parametrize('option', [{'gamma': 0.0}, {'rescale': 'head'}])
def test_options_out_of_range_are_refused(option):
    with pytest.raises(ValueError, match="type='MMPareto'"):
        MMPareto(**option)


@pytest.fixture
def equal():
    @FUNCTIONS.register_module('equal_for_test', force=True)
    def weights(products, value=1.0):
        return products.new_full((len(products),), value)

    yield 'equal_for_test'
    FUNCTIONS.module_dict.pop('equal_for_test')


def test_equal_weights_are_plain_training(equal):
    gramian = {'type': 'GramianAggregation', 'weighting': equal}
    one, logs = kit.train({'methods': {'m': gramian}})
    other, _ = kit.train(TOYS)
    kit.assert_same(kit.weights(one), kit.weights(other))
    assert logs[0]['m/weight_fusion_at_video'] == 1
    gramian = {
        'type': 'GramianAggregation',
        'weighting': {'type': equal, 'value': 0.5},
        'scale': 2.0,
    }
    half, _ = kit.train({'methods': {'m': gramian}})
    kit.assert_same(kit.weights(half), kit.weights(other))


def test_what_a_rule_draws_is_of_the_step_alone():
    @FUNCTIONS.register_module('drawn_for_test', force=True)
    def drawn(products):
        return torch.rand(len(products))

    case = {
        'methods': {
            'm': {'type': 'GramianAggregation', 'weighting': 'drawn_for_test'}
        }
    }
    before = torch.get_rng_state()
    one, _ = kit.train(case)
    torch.rand(7)
    other, _ = kit.train(case)
    kit.assert_same(kit.weights(one), kit.weights(other))
    FUNCTIONS.module_dict.pop('drawn_for_test')
    torch.set_rng_state(before)


def test_torchjd_is_found_or_asked_for(monkeypatch):
    class HalfWeighting(torch.nn.Module):
        def __init__(self, pref=0.5):
            super().__init__()
            self.pref = pref

        def forward(self, products):
            return products.new_full((len(products),), self.pref)

    package = types.ModuleType('torchjd')
    package.aggregation = types.ModuleType('torchjd.aggregation')
    package.aggregation.HalfWeighting = HalfWeighting
    monkeypatch.setitem(sys.modules, 'torchjd', package)
    monkeypatch.setitem(
        sys.modules, 'torchjd.aggregation', package.aggregation
    )
    method = GramianAggregation(
        {'type': 'torchjd.HalfWeighting', 'pref': 0.25}
    )
    assert method.weighting(torch.eye(2)).tolist() == [0.25, 0.25]
    method.weighting.register_buffer('kept', torch.ones(2))
    assert method.double().weighting.kept.dtype == torch.float32
    assert 'weighting.kept' in method.state_dict()
    with pytest.raises(ValueError, match='no function'):
        build_weighting('torchjd.NoSuchWeighting')
    monkeypatch.setitem(sys.modules, 'torchjd.aggregation', None)
    with pytest.raises(ImportError, match='pip install torchjd'):
        build_weighting('torchjd.UPGradWeighting')


def test_unknown_functions_are_refused():
    with pytest.raises(ValueError, match=r'FUNCTIONS\.register_module'):
        build_weighting('no_such_weights')
