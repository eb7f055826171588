from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremix.remix import (
    ORDERS,
    TAILS,
    Batch,
    Items,
    mix_in_joint,
    plan,
    split_batches,
)


@st.composite
def cases(draw):
    """Items with any sets of modalities, with copies, of some samples."""
    num_modalities = draw(st.integers(1, 4))
    num_samples = draw(st.integers(1, 40))
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, num_samples - 1),
                st.lists(
                    st.booleans(),
                    min_size=num_modalities,
                    max_size=num_modalities,
                ),
            ),
            max_size=90,
        )
    )
    active = torch.tensor([r[1] for r in rows], dtype=torch.bool)
    return {
        'items': Items.pure(
            torch.tensor([r[0] for r in rows], dtype=torch.long),
            active.view(len(rows), num_modalities),
        ),
        'num_samples': num_samples,
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
        permutation = torch.randperm(case['num_samples'], generator=generator)
        plans.append(
            plan(
                case['items'],
                permutation,
                batch_size=case['batch_size'],
                world_size=case['world_size'],
                rank=rank,
                order=case['order'],
                tail=case['tail'],
                generator=generator,
            )
        )
    return plans


def as_lists(batches):
    return [(b.group, b.rows.tolist()) for b in batches]


@settings(max_examples=300, deadline=None)
@given(cases())
def test_purity_and_lockstep(case):
    for steps in zip(*plans_of_all_ranks(case), strict=True):
        assert len({step.group for step in steps}) == 1
        assert len({len(step.rows) for step in steps}) == 1
        assert 1 <= len(steps[0].rows) <= case['batch_size']
        kept = torch.cat([case['items'].active[s.rows] for s in steps])
        assert len(kept.unique(dim=0)) == 1


@settings(max_examples=300, deadline=None)
@given(cases())
def test_coverage(case):
    plans = plans_of_all_ranks(case)
    world, size, tail = case['world_size'], case['batch_size'], case['tail']
    step = world * size
    items = case['items']
    seen = Counter(row for p in plans for b in p for row in b.rows.tolist())
    keeps = items.active.any(dim=1)
    for group in items.group[keeps].unique():
        members = ((items.group == group) & keeps).nonzero().flatten()
        times = [seen[int(i)] for i in members]
        total, n = sum(times), len(times)
        # Never one item twice before another once.
        assert max(times) - min(times) <= 1
        if tail == 'keep':
            assert n <= total < n + world
            assert min(times) >= 1
        elif tail == 'pad':
            assert total == -(-n // step) * step
        elif tail == 'drop':
            assert total == n // step * step
    assert all(keeps[row] for row in seen)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_fixed_tail_has_the_length_of_all_items_together(case):
    case['tail'] = 'fixed'
    count = int(case['items'].active.any(dim=1).sum())
    step = case['world_size'] * case['batch_size']
    for batches in plans_of_all_ranks(case):
        assert len(batches) == -(-count // step)
        assert all(len(b.rows) == case['batch_size'] for b in batches)


@settings(max_examples=100, deadline=None)
@given(cases())
def test_orders_arrange_the_same_batches(case):
    arranged = {}
    for order in ORDERS:
        batches = plans_of_all_ranks({**case, 'order': order})[0]
        arranged[order] = Counter(
            (group, *rows) for group, rows in as_lists(batches)
        )
    assert arranged['sequential'] == arranged['alternate']
    assert arranged['sequential'] == arranged['shuffled']


@settings(max_examples=100, deadline=None)
@given(cases())
def test_copies_take_turns(case):
    """A second copy comes when all equal items were there once."""
    batches = plans_of_all_ranks(
        {**case, 'world_size': 1, 'order': 'sequential', 'tail': 'keep'}
    )[0]
    items = case['items']
    for group in {b.group for b in batches}:
        rows = torch.cat([b.rows for b in batches if b.group == group])
        index = items.index[rows].tolist()
        turns, counted = [], Counter()
        for sample in index:
            turns.append(counted[sample])
            counted[sample] += 1
        assert turns == sorted(turns)


@settings(max_examples=100, deadline=None)
@given(cases())
def test_joint_batches_cover_everything(case):
    n, world = case['num_samples'], case['world_size']
    complete = {**case, 'items': Items.complete(n, 2), 'tail': 'keep'}
    plans = plans_of_all_ranks(complete)
    seen = Counter(row for p in plans for b in p for row in b.rows.tolist())
    assert sorted(seen) == list(range(n))
    assert n <= sum(seen.values()) < n + world


def two_modalities(order, tail='keep', **kwargs):
    assignments = torch.tensor([0, 1, 1, 0, 1, 1, 1, 0])
    return plan(
        Items.one_each(assignments, 2),
        torch.arange(8),
        batch_size=2,
        order=order,
        tail=tail,
        **kwargs,
    )


def test_sequential_by_hand():
    assert as_lists(two_modalities('sequential')) == [
        (1, [0, 3]),
        (1, [7]),
        (2, [1, 2]),
        (2, [4, 5]),
        (2, [6]),
    ]


def test_alternate_by_hand():
    groups = [b.group for b in two_modalities('alternate')]
    assert groups == [2, 1, 2, 1, 2]
    even = plan(
        Items.one_each(torch.tensor([0, 0, 1, 1]), 2),
        torch.arange(4),
        batch_size=1,
        order='alternate',
    )
    assert [b.group for b in even] == [1, 2, 1, 2]


def test_the_same_batch_once_a_modality():
    items = Items.every_modality(5, 3)
    batches = plan(
        items,
        torch.tensor([3, 0, 4, 2, 1]),
        batch_size=2,
        order='alternate',
    )
    samples = [items.index[b.rows].tolist() for b in batches]
    assert samples == [[3, 0]] * 3 + [[4, 2]] * 3 + [[1]] * 3
    kept = [items.active[b.rows][0].tolist() for b in batches[:3]]
    assert kept == torch.eye(3, dtype=torch.bool).tolist()


def test_shuffled_depends_on_the_generator_only():
    def order(seed):
        generator = torch.Generator().manual_seed(seed)
        return as_lists(two_modalities('shuffled', generator=generator))

    assert order(1) == order(1)
    assert len({str(order(seed)) for seed in range(20)}) > 5


def test_tails_by_hand():
    def steps(tail):
        return [b.rows.tolist() for b in two_modalities('sequential', tail)]

    assert steps('pad') == [[0, 3], [7, 0], [1, 2], [4, 5], [6, 1]]
    assert steps('drop') == [[0, 3], [1, 2], [4, 5]]
    # 4 batches for 3 and 5 samples: 1.5 and 2.5, rounded to 2 and 2.
    assert steps('fixed') == [[0, 3], [7, 0], [1, 2], [4, 5]]


def test_fixed_tail_leaves_no_modality_out():
    batches = plan(
        Items.one_each(torch.tensor([0] * 39 + [1]), 2),
        torch.arange(40),
        batch_size=4,
        tail='fixed',
    )
    assert [b.group for b in batches] == [1] * 9 + [2]
    assert batches[-1].rows.tolist() == [39] * 4


def test_two_ranks_share_a_modality_of_one_sample():
    plans = [
        plan(
            Items.one_each(torch.tensor([0, 1, 1]), 2),
            torch.arange(3),
            batch_size=4,
            world_size=2,
            rank=rank,
        )
        for rank in range(2)
    ]
    assert as_lists(plans[0]) == [(1, [0]), (2, [1])]
    assert as_lists(plans[1]) == [(1, [0]), (2, [2])]


def test_samples_without_a_place_are_left_out():
    items = Items.complete(4, 2)
    batches = plan(items, torch.tensor([2, 0]), batch_size=4)
    assert as_lists(batches) == [(0, [2, 0])]


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'order': 'random'}, 'order must be one of'),
        ({'tail': 'cut'}, 'tail must be one of'),
        ({'batch_size': 0}, 'batch_size must be at least 1'),
        ({'rank': 2, 'world_size': 2}, 'rank must be in'),
        ({'permutation': torch.zeros(1, 2)}, 'must be a vector'),
    ],
)
def test_bad_arguments(change, message):
    arguments = {
        'items': Items.complete(2, 2),
        'permutation': torch.arange(2),
        'batch_size': 2,
        **change,
    }
    with pytest.raises(ValueError, match=message):
        plan(**arguments)


def test_joint_share_is_a_random_part():
    batches = two_modalities('sequential')
    generator = torch.Generator().manual_seed(0)
    mixed = mix_in_joint(batches, 0.4, generator)
    assert as_lists(mixed) == as_lists(batches)
    assert sum(b.complete for b in mixed) == 2
    assert not any(b.complete for b in mix_in_joint(batches, 0.0))
    assert all(b.complete for b in mix_in_joint(batches, 1.0))
    with pytest.raises(ValueError, match='share must be between'):
        mix_in_joint(batches, 1.5)


@given(
    st.lists(
        st.lists(st.integers(0, 99), min_size=1, max_size=20), max_size=6
    ),
    st.integers(1, 7),
)
def test_split_batches(indices, parts):
    """So many parts a batch, in order, nothing lost, of nearly equal size."""
    batches = [
        Batch(k % 3, torch.tensor(rows)) for k, rows in enumerate(indices)
    ]
    split = split_batches(batches, parts)
    assert len(split) == parts * len(batches)
    for number, batch in enumerate(batches):
        group = split[number * parts : (number + 1) * parts]
        assert {part.group for part in group} == {batch.group}
        sizes = [len(part.rows) for part in group]
        assert min(sizes) >= 1 and max(sizes) - min(sizes) <= 1
        rows = batch.rows.tolist()
        joined = [i for part in group for i in part.rows.tolist()]
        assert joined[: len(rows)] == rows
        # Only a batch smaller than the number of parts is filled up.
        assert len(joined) == max(len(rows), parts)


def test_split_into_no_parts():
    with pytest.raises(ValueError, match='parts must be at least 1, got 0'):
        split_batches([Batch(0, torch.tensor([1]))], 0)
