from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremix.remix import (
    ORDERS,
    TAILS,
    UNASSIGNED,
    Batch,
    joint_plan,
    mix_in_joint,
    plan,
    split_batches,
)


@st.composite
def cases(draw):
    num_modalities = draw(st.integers(1, 4))
    assignments = draw(
        st.lists(st.integers(UNASSIGNED, num_modalities - 1), max_size=90)
    )
    return {
        'assignments': torch.tensor(assignments, dtype=torch.int64),
        'num_modalities': num_modalities,
        'world_size': draw(st.integers(1, 8)),
        'batch_size': draw(st.integers(1, 9)),
        'order': draw(st.sampled_from(ORDERS)),
        'tail': draw(st.sampled_from(TAILS)),
        'seed': draw(st.integers(0, 2**31)),
    }


def plans_of_all_ranks(case):
    """Each rank draws from a generator of its own, seeded alike."""
    plans = []
    for rank in range(case['world_size']):
        generator = torch.Generator().manual_seed(case['seed'])
        permutation = torch.randperm(
            len(case['assignments']), generator=generator
        )
        plans.append(
            plan(
                case['assignments'],
                permutation,
                num_modalities=case['num_modalities'],
                batch_size=case['batch_size'],
                world_size=case['world_size'],
                rank=rank,
                order=case['order'],
                tail=case['tail'],
                generator=generator,
            )
        )
    return plans


@settings(max_examples=300, deadline=None)
@given(cases())
def test_purity_and_lockstep(case):
    plans = plans_of_all_ranks(case)
    for steps in zip(*plans, strict=True):  # equal number of steps
        assert len({step.modality for step in steps}) == 1
        assert len({len(step.indices) for step in steps}) == 1
        assert 1 <= len(steps[0].indices) <= case['batch_size']
        for step in steps:
            for index in step.indices:
                assert case['assignments'][index] == step.modality


@settings(max_examples=300, deadline=None)
@given(cases())
def test_coverage(case):
    plans = plans_of_all_ranks(case)
    world, size, tail = case['world_size'], case['batch_size'], case['tail']
    step = world * size
    seen = Counter(i for p in plans for b in p for i in b.indices)
    for modality in range(case['num_modalities']):
        members = (case['assignments'] == modality).nonzero().flatten()
        times = [seen[int(i)] for i in members]
        total, n = sum(times), len(times)
        if n:
            # Never one sample twice before another once.
            assert max(times) - min(times) <= 1
        if tail == 'keep':
            assert n <= total < n + world
            assert not n or min(times) >= 1
        elif tail == 'pad':
            assert total == -(-n // step) * step
        elif tail == 'drop':
            assert total == n // step * step
    assert all(case['assignments'][i] != UNASSIGNED for i in seen)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_fixed_tail_has_the_length_of_a_joint_epoch(case):
    case['tail'] = 'fixed'
    scored = int((case['assignments'] != UNASSIGNED).sum())
    step = case['world_size'] * case['batch_size']
    for batches in plans_of_all_ranks(case):
        assert len(batches) == -(-scored // step)
        assert all(len(b.indices) == case['batch_size'] for b in batches)


@settings(max_examples=100, deadline=None)
@given(cases())
def test_orders_arrange_the_same_batches(case):
    arranged = {}
    for order in ORDERS:
        batches = plans_of_all_ranks({**case, 'order': order})[0]
        arranged[order] = Counter((b.modality, *b.indices) for b in batches)
    assert arranged['sequential'] == arranged['alternate']
    assert arranged['sequential'] == arranged['shuffled']


@settings(max_examples=100, deadline=None)
@given(cases())
def test_joint_plan_covers_everything(case):
    n, world = len(case['assignments']), case['world_size']
    plans = [
        joint_plan(
            torch.arange(n),
            batch_size=case['batch_size'],
            world_size=world,
            rank=rank,
        )
        for rank in range(world)
    ]
    seen = Counter(i for p in plans for b in p for i in b.indices)
    assert sorted(seen) == list(range(n))
    assert n <= sum(seen.values()) < n + world
    assert len({tuple(len(b.indices) for b in p) for p in plans}) == 1
    assert all(b.modality is None for p in plans for b in p)


def two_modalities(order, tail='keep', **kwargs):
    assignments = torch.tensor([0, 1, 1, 0, 1, 1, 1, 0])
    return plan(
        assignments,
        torch.arange(8),
        num_modalities=2,
        batch_size=2,
        order=order,
        tail=tail,
        **kwargs,
    )


def test_sequential_by_hand():
    assert two_modalities('sequential') == [
        (0, [0, 3]),
        (0, [7]),
        (1, [1, 2]),
        (1, [4, 5]),
        (1, [6]),
    ]


def test_alternate_by_hand():
    assert [b.modality for b in two_modalities('alternate')] == [1, 0, 1, 0, 1]
    even = plan(
        torch.tensor([0, 0, 1, 1]),
        torch.arange(4),
        num_modalities=2,
        batch_size=1,
        order='alternate',
    )
    assert [b.modality for b in even] == [0, 1, 0, 1]


def test_shuffled_depends_on_the_generator_only():
    def order(seed):
        generator = torch.Generator().manual_seed(seed)
        return two_modalities('shuffled', generator=generator)

    assert order(1) == order(1)
    assert len({str(order(seed)) for seed in range(20)}) > 5


def test_tails_by_hand():
    def steps(tail):
        return [b.indices for b in two_modalities('sequential', tail)]

    assert steps('pad') == [[0, 3], [7, 0], [1, 2], [4, 5], [6, 1]]
    assert steps('drop') == [[0, 3], [1, 2], [4, 5]]
    # 4 batches for 3 and 5 samples: 1.5 and 2.5, rounded to 2 and 2.
    assert steps('fixed') == [[0, 3], [7, 0], [1, 2], [4, 5]]


def test_fixed_tail_leaves_no_modality_out():
    batches = plan(
        torch.tensor([0] * 39 + [1]),
        torch.arange(40),
        num_modalities=2,
        batch_size=4,
        tail='fixed',
    )
    assert [b.modality for b in batches] == [0] * 9 + [1]
    assert batches[-1].indices == [39] * 4


def test_two_ranks_share_a_modality_of_one_sample():
    plans = [
        plan(
            torch.tensor([0, 1, 1]),
            torch.arange(3),
            num_modalities=2,
            batch_size=4,
            world_size=2,
            rank=rank,
        )
        for rank in range(2)
    ]
    assert plans[0] == [(0, [0]), (1, [1])]
    assert plans[1] == [(0, [0]), (1, [2])]


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'order': 'random'}, 'order must be one of'),
        ({'tail': 'cut'}, 'tail must be one of'),
        ({'batch_size': 0}, 'batch_size must be at least 1'),
        ({'rank': 2, 'world_size': 2}, 'rank must be in'),
        ({'assignments': torch.tensor([0, 2])}, 'assignments must be in'),
        ({'assignments': torch.tensor([0, -2])}, 'assignments must be in'),
        ({'permutation': torch.tensor([0, 5])}, 'names sample 5'),
        ({'permutation': torch.zeros(1, 2)}, 'must be vectors'),
    ],
)
def test_bad_arguments(change, message):
    arguments = {
        'assignments': torch.tensor([0, 1]),
        'permutation': torch.arange(2),
        'num_modalities': 2,
        'batch_size': 2,
        **change,
    }
    with pytest.raises(ValueError, match=message):
        plan(**arguments)


def test_joint_share_is_a_random_part():
    batches = two_modalities('sequential')
    generator = torch.Generator().manual_seed(0)
    mixed = mix_in_joint(batches, 0.4, generator)
    assert [b.indices for b in mixed] == [b.indices for b in batches]
    assert sum(b.modality is None for b in mixed) == 2
    assert all(
        m.modality in (None, b.modality)
        for m, b in zip(mixed, batches, strict=True)
    )
    assert mix_in_joint(batches, 0.0) == batches
    assert all(b.modality is None for b in mix_in_joint(batches, 1.0))
    with pytest.raises(ValueError, match='share must be between'):
        mix_in_joint(batches, 1.5)


@given(
    st.lists(st.lists(st.integers(), min_size=1, max_size=20), max_size=6),
    st.integers(1, 7),
)
def test_split_batches(indices, parts):
    """So many parts a batch, in order, nothing lost, of nearly equal size."""
    batches = [Batch(k % 3, rows) for k, rows in enumerate(indices)]
    split = split_batches(batches, parts)
    assert len(split) == parts * len(batches)
    for number, (modality, rows) in enumerate(batches):
        group = split[number * parts : (number + 1) * parts]
        assert {part.modality for part in group} == {modality}
        sizes = [len(part.indices) for part in group]
        assert min(sizes) >= 1 and max(sizes) - min(sizes) <= 1
        joined = [i for part in group for i in part.indices]
        assert joined[: len(rows)] == rows
        # Only a batch smaller than the number of parts is filled up.
        assert len(joined) == max(len(rows), parts)


def test_split_into_no_parts():
    with pytest.raises(ValueError, match='parts must be at least 1, got 0'):
        split_batches([Batch(0, [1])], 0)
