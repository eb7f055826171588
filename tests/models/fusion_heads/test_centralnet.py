from __future__ import annotations

import pytest
import torch

from mmremix.models import CentralNet

SIZES = {'video': 16, 'audio': 24}
STAGES = {'video': (2, 4, 8, 16), 'audio': (3, 6, 12, 24)}


def _pooled(stage: int) -> dict[str, torch.Tensor]:
    return {n: torch.randn(6, c[stage - 1]) for n, c in STAGES.items()}


def test_scores_are_the_formula():
    torch.manual_seed(0)
    head = CentralNet(SIZES, 5, STAGES, stages=(2, 3))
    with torch.no_grad():
        for parameter in [*head.scalars.parameters(), *head.carry.values()]:
            parameter.normal_()
    second, third, last = _pooled(2), _pooled(3), _pooled(4)

    def add(key, vectors, name):
        projected = vectors[name] @ head.projections[key][name].weight.T
        return head.scalars[key][name] * projected

    def gather(key, vectors):
        return add(key, vectors, 'video') + add(key, vectors, 'audio')

    def layer(key, x):
        linear, norm, _ = head.layers[key]
        return torch.relu(norm(linear(x)))

    h = layer('2', gather('2', second))
    gates, state = head.between(2, second, None)
    assert gates == {}
    torch.testing.assert_close(state, h)
    h = layer('3', head.carry['3'] * h + gather('3', third))
    gates, state = head.between(3, third, state)
    torch.testing.assert_close(state, h)
    expected = head.fc(head.carry['last'] * h + gather('last', last))
    torch.testing.assert_close(head.fuse(last, state), expected)


def test_scalars_start_equal_and_sum_to_one():
    head = CentralNet(SIZES, 5, STAGES)
    assert head.stages == (1, 2, 3)
    assert set(head.carry) == {'2', '3', 'last'}
    for key, scalars in head.scalars.items():
        values = list(scalars.values())
        values += [head.carry[key]] if key in head.carry else []
        shares = torch.stack(values).detach()
        torch.testing.assert_close(shares.sum(), torch.tensor(1.0))
        assert (shares == shares[0]).all()


def test_width():
    assert CentralNet(SIZES, 5, STAGES).fc.in_features == 24
    head = CentralNet(SIZES, 5, STAGES, width=7)
    _, h = head.between(1, _pooled(1), None)
    assert h.shape == (6, 7)


def test_every_stage_reaches_the_scores():
    head = CentralNet(SIZES, 5, STAGES)
    state, seen = None, []
    for stage in head.stages:
        pooled = {n: v.requires_grad_() for n, v in _pooled(stage).items()}
        _, state = head.between(stage, pooled, state)
        seen += pooled.values()
    head.fuse(_pooled(4), state).square().sum().backward()
    assert all(vectors.grad.any() for vectors in seen)


def test_used_late_it_needs_no_state():
    head = CentralNet(SIZES, 5, STAGES)
    features = _pooled(4)
    head(features).sum().backward()
    assert head.carry['last'].grad is None
    assert head.scalars['last']['video'].grad is not None


def test_late_stage_is_refused():
    with pytest.raises(ValueError, match='CentralNet: the encoders have'):
        CentralNet(SIZES, 5, {n: c[:2] for n, c in STAGES.items()})
