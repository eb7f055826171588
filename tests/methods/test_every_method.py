"""What holds for every method, whatever it does."""

from __future__ import annotations

import pytest
import torch

from tests.methods import kit
from tests.tool_run import START

CASES = kit.all_cases()


@pytest.fixture(scope='session')
def two_ranks(tmp_path_factory):
    """The weights of every case, trained on two ranks over gloo."""
    folder = tmp_path_factory.mktemp('ranks')
    torch.multiprocessing.start_processes(
        kit.rank_main,
        args=(2, str(folder), list(CASES)),
        nprocs=2,
        start_method=START,
    )
    return lambda name: [
        torch.load(folder / f'{name}.{rank}.pth') for rank in range(2)
    ]


@pytest.mark.parametrize('name', CASES)
def test_two_ranks_with_half_the_batch_equal_one(name, two_ranks):
    ranks = two_ranks(name)
    kit.assert_same(ranks[0], ranks[1], ignore=None)
    model, _ = kit.train(CASES[name])
    kit.assert_same(kit.weights(model), ranks[0], exact=False, ignore=None)


@pytest.mark.parametrize('name', CASES)
def test_stopped_and_resumed_ends_bit_identical(name):
    whole, _ = kit.train(CASES[name])
    resumed, _ = kit.train(CASES[name], stop_at=3)
    kit.assert_same(kit.weights(whole), kit.weights(resumed), ignore=None)


@pytest.mark.parametrize('name', CASES)
@pytest.mark.parametrize(
    'options',
    [
        {'clip_grad': {'max_norm': 0.1}},
        {'accumulative_counts': 2},
        {'wrapper': 'BFloat16OptimWrapper'},
    ],
    ids=['clipping', 'accumulation', 'bfloat16'],
)
def test_trains(name, options):
    """Finite losses, and weights that moved."""
    model, logs = kit.train(CASES[name], **options)
    assert all(
        torch.tensor(list(log.values())).isfinite().all() for log in logs
    )
    before = kit.weights(kit.make_model(CASES[name]))
    after = kit.weights(model)
    moved = [k for k in before if not torch.equal(before[k], after[k])]
    assert any(k.startswith('encoders.video') for k in moved)
    assert any(k.startswith('encoders.audio') for k in moved)
