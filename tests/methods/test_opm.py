"""OPM: rates, what is dropped, and when a step is left alone."""

from __future__ import annotations

import math

import pytest
import torch

from mmremix.methods.opm import drop_rates, kept_share
from mmremix.models import Output
from tests.methods import kit


def case(**options):
    return {'methods': {'opm': {'type': 'OPM', **options}}}


def drop(features, labels=None, **options):
    """What goes into the fusion, and the records."""
    model = kit.make_model(case(p_exe=1.0, **options))
    method = model.methods['opm']
    method.set_clock(kit.Clock(0, 3, 0, seed=5))
    batch = len(features['video'])
    if labels is None:
        labels = torch.arange(batch) % kit.CLASSES
    output = Output({}, model.modalities, labels, 1.0, features)
    return method.into_fusion(model, output, features), method.take_records()


def test_rates_by_hand():
    rates = drop_rates(torch.tensor([2.0, 0.5]), 0.4, 0.5)
    assert rates[0].item() == pytest.approx(0.4 * (1 + 0.5 * math.tanh(1)))
    assert rates[1] == 0
    assert drop_rates(torch.tensor([50.0, 0.02]), 0.9, 2.0)[0] == 1
    # Level modalities: nobody is ahead.
    assert not drop_rates(torch.ones(3), 0.4, 0.5).any()


def test_share_that_is_left_by_hand():
    share = kept_share(torch.tensor([0.5, 0.0]), torch.tensor([30.0, 10.0]))
    assert share == 1 - 15 / 40


def test_drops_whole_features_of_the_one_ahead_and_rescales():
    torch.manual_seed(0)
    features = {name: torch.randn(4000, 5) for name in kit.NAMES[:2]}
    seen, records = drop(features)
    ahead = 'video' if records['q_video'] > 0 else 'audio'
    (other,) = set(features) - {ahead}
    rate = records[f'q_{ahead}'].item()
    share = 1 - rate / 2
    assert records[f'q_{other}'] == 0
    torch.testing.assert_close(seen[other], features[other] / share)
    dropped = (seen[ahead] == 0).all(1)
    assert dropped.float().mean().item() == pytest.approx(rate, abs=0.03)
    torch.testing.assert_close(
        seen[ahead][~dropped], features[ahead][~dropped] / share
    )
    # A sample of average size keeps its average size.
    total = sum(f.abs().sum() for f in features.values())
    left = sum(f.abs().sum() for f in seen.values())
    assert (left / total).item() == pytest.approx(1, abs=0.03)


def test_heads_see_all_features():
    """Their losses in the first step are those of plain training."""
    _, plain = kit.train(steps=1)
    _, logs = kit.train(case(p_exe=1.0, q_base=1.0), steps=1)
    for name in ('loss_video', 'loss_audio'):
        assert logs[0][name] == plain[0][name]
    assert logs[0]['loss_fusion'] != plain[0]['loss_fusion']


def test_p_exe_is_a_share_of_the_batches():
    _, logs = kit.train(case(p_exe=0.5), steps=40)
    acted = sum('opm/q_video' in log for log in logs)
    assert 10 <= acted <= 30
    assert all('opm/rho_video' in log for log in logs)


@pytest.mark.parametrize(
    'options', [{'q_base': 0.0, 'p_exe': 1.0}, {'p_exe': 0.0}]
)
def test_without_drops_is_plain_training(options):
    plain, _ = kit.train(steps=8)
    other, _ = kit.train(case(**options), steps=8)
    kit.assert_same(kit.weights(plain), kit.weights(other))


def test_pure_batches_are_left_alone():
    pure = {'active': lambda i: (kit.NAMES[i % 2],)}
    plain, _ = kit.train(pure)
    other, _ = kit.train({**case(p_exe=1.0), **pure})
    kit.assert_same(kit.weights(plain), kit.weights(other))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'q_base': 1.5}, 'q_base must be in'),
        ({'p_exe': -0.1}, 'p_exe must be in'),
        ({'strength': -1}, 'strength must be at least 0'),
        ({'start_epoch': -1}, 'no epoch is from'),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        kit.make_model(case(**options))
