"""Batches of like lengths: properties over all kinds of plans."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremix.remix import ORDERS, TAILS, Items, bucketed, item_lengths, plan


@st.composite
def cases(draw):
    """Samples with one modality each, or all; each sample once."""
    size = draw(st.integers(1, 60))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    assigned = torch.randint(0, 2, (size,), generator=generator)
    lengths = torch.randint(1, 30, (size, 2), generator=generator)
    return {
        'items': (
            Items.one_each(assigned, 2)
            if draw(st.booleans())
            else Items.complete(size, 2)
        ),
        'lengths': lengths,
        'permutation': torch.randperm(size, generator=generator),
        'world_size': draw(st.integers(1, 4)),
        'batch_size': draw(st.integers(1, 5)),
        'window': draw(st.integers(1, 6)),
        'order': draw(st.sampled_from(ORDERS)),
        'tail': draw(st.sampled_from(TAILS)),
        'seed': draw(st.integers(0, 2**31)),
    }


def all_ranks(case, window):
    """Each rank's plan, and the length of each item."""
    items = case['items']
    lengths = item_lengths(case['lengths'], items.index, items.active)
    plans = [
        plan(
            items,
            case['permutation'],
            batch_size=case['batch_size'],
            world_size=case['world_size'],
            rank=rank,
            order=case['order'],
            tail=case['tail'],
            generator=torch.Generator().manual_seed(case['seed']),
            lengths=lengths,
            window=window,
        )
        for rank in range(case['world_size'])
    ]
    return plans, lengths


def cost(plans, lengths):
    """Padded length of all steps; a step is as long as its longest item."""
    total = 0.0
    for batches in zip(*plans, strict=True):
        rows = torch.cat([batch.rows for batch in batches])
        total += float(lengths[rows].max()) * len(rows)
    return total


@given(cases())
@settings(max_examples=200, deadline=None)
def test_the_same_items_in_other_batches_that_pad_no_more(case):
    plain, lengths = all_ranks(case, 0)
    plans, _ = all_ranks(case, case['window'])
    flat = [
        sorted(i for plan in some for b in plan for i in b.rows.tolist())
        for some in (plain, plans)
    ]
    # Each sample as often, whatever the tail repeats or drops.
    if case['tail'] != 'fixed':
        assert flat[0] == flat[1]
    assert {len(plan) for plan in plans} == {len(plain[0])}
    for step in zip(*plans, strict=True):
        assert len({batch.group for batch in step}) == 1
        assert len({len(batch.rows) for batch in step}) == 1
        for batch in step:
            kept = case['items'].active[batch.rows]
            assert (kept == kept[0]).all()
    if case['tail'] != 'fixed' and case['window'] * 4 * 5 >= 60:
        assert cost(plans, lengths) <= cost(plain, lengths) + 1e-9


@given(cases())
@settings(max_examples=50, deadline=None)
def test_plans_are_a_function_of_the_seed(case):
    def rows(seed):
        plans, _ = all_ranks({**case, 'seed': seed}, case['window'])
        return [[b.rows.tolist() for b in plan] for plan in plans]

    assert rows(case['seed']) == rows(case['seed'])


def test_a_window_is_sorted_and_steps_are_shuffled():
    lengths = torch.tensor([9, 1, 8, 2, 7, 3, 6, 4, 5.0])
    turns = torch.zeros(9, dtype=torch.long)
    order = bucketed(turns, lengths, step=2, window=4, seed=0)
    assert sorted(order.tolist()) == list(range(9))
    assert order[-1] == 8  # does not fill a step
    pairs = {tuple(pair) for pair in lengths[order[:8]].view(-1, 2).tolist()}
    assert pairs == {(1, 2), (3, 4), (6, 7), (8, 9)}
    other = bucketed(turns, lengths, step=2, window=4, seed=1)
    assert order.tolist() != other.tolist()


def test_copies_share_no_batch():
    items = Items.copies(torch.full((8, 1), 2))
    batches = plan(
        items,
        torch.randperm(8),
        batch_size=4,
        lengths=torch.arange(16.0),
        window=4,
    )
    assert len(batches) == 4
    for batch in batches:
        assert len(set(items.index[batch.rows].tolist())) == 4


def test_groups_of_the_same_samples_have_the_same_batches():
    items = Items.every_modality(20, 2)
    lengths = item_lengths(
        torch.randint(1, 9, (20, 2)), items.index, torch.ones(40, 2)
    )
    batches = plan(
        items,
        torch.randperm(20),
        batch_size=4,
        order='alternate',
        lengths=lengths,
        window=3,
    )
    for one, other in zip(batches[::2], batches[1::2], strict=True):
        assert torch.equal(items.index[one.rows], items.index[other.rows])
