from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremix.remix import (
    RULES,
    UNASSIGNED,
    assign,
    assign_weakest,
    count_flips,
    ensure_min_share,
    modality_counts,
)


def test_lowest_score_wins_over_three_modalities():
    scores = torch.tensor([[0.3, 0.2, 0.9], [0.1, 0.2, 0.3], [2.0, 1.0, 0.5]])
    assert assign_weakest(scores).tolist() == [1, 0, 2]


def test_ties_go_to_the_first():
    scores = torch.tensor([[0.5, 0.5, 0.5], [0.9, 0.5, 0.5], [0.5, 0.9, 0.5]])
    assert assign_weakest(scores).tolist() == [0, 1, 0]


def test_unscored_rows():
    scores = torch.tensor([[math.nan, math.nan], [0.1, math.nan], [0.2, 0.1]])
    assert assign_weakest(scores).tolist() == [UNASSIGNED, UNASSIGNED, 1]


def test_one_modality_and_no_sample():
    assert assign_weakest(torch.rand(3, 1)).tolist() == [0, 0, 0]
    assert assign_weakest(torch.rand(0, 2)).tolist() == []


@pytest.mark.parametrize('shape', [(4,), (4, 0), (2, 2, 2)])
def test_wrong_shape(shape):
    with pytest.raises(ValueError, match='samples, modalities'):
        assign_weakest(torch.zeros(shape))


def test_counts_leave_out_the_unassigned():
    assignments = torch.tensor([0, 2, 2, -1], dtype=torch.int8)
    assert modality_counts(assignments, 4).tolist() == [1, 0, 2, 0]
    assert modality_counts(torch.tensor([-1]), 2).tolist() == [0, 0]


def test_flips():
    before = torch.tensor([0, 1, -1, 1])
    after = torch.tensor([1, 1, 0, -1])
    assert count_flips(before, after) == 1
    assert count_flips(None, after) == 0


SCORES = torch.tensor(
    [[0.1, 0.9], [0.8, 0.2], [0.3, 0.4], [math.nan, 0.0], [0.7, 0.6]]
)


def test_rules():
    assert assign(SCORES).tolist() == [0, 1, 0, -1, 1]
    assert assign(SCORES, 'strongest').tolist() == [1, 0, 1, -1, 0]
    assert assign(SCORES, 'round_robin').tolist() == [0, 1, 0, -1, 0]
    assert assign(SCORES, 'round_robin', epoch=1).tolist() == [1, 0, 1, -1, 1]
    with pytest.raises(ValueError, match='rule must be one of'):
        assign(SCORES, 'best')


def test_last_of_ties():
    scores = torch.tensor([[0.5, 0.5, 0.9], [0.5, 0.5, 0.5]])
    assert assign(scores, ties='last').tolist() == [1, 2]
    with pytest.raises(ValueError, match='ties must be one of'):
        assign(scores, ties='video')


def test_random_keeps_the_sizes():
    scores = torch.rand(200, 3, generator=torch.Generator().manual_seed(0))
    scores[::7] = math.nan
    dealt = [
        assign(scores, 'random', generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    ]
    published = assign(scores)
    for assignment in dealt:
        assert torch.equal(
            modality_counts(assignment, 3), modality_counts(published, 3)
        )
        assert torch.equal(assignment == -1, published == -1)
    assert torch.equal(dealt[0], dealt[1])
    assert not torch.equal(dealt[0], dealt[2])
    assert not torch.equal(dealt[0], published)


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.integers(2, 4),
    st.integers(0, 60),
    st.floats(0, 1),
    st.integers(0, 10**6),
)
def test_min_share(num_modalities, size, fraction, seed):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(size, num_modalities, generator=generator)
    scores[:, 0] -= 0.5
    before = assign(scores)
    copy = before.clone()
    share = fraction / num_modalities
    after = ensure_min_share(before, scores, share)
    assert torch.equal(before, copy)
    counts = modality_counts(after, num_modalities)
    least = int(share * size)
    assert counts.sum() == size and (counts >= least).all()
    # No more than needed is moved.
    lacking = (least - modality_counts(before, num_modalities)).clamp_min(0)
    assert int((before != after).sum()) == int(lacking.sum())


def test_min_share_moves_the_narrowest_decisions():
    scores = torch.tensor([[0.1, 0.9], [0.1, 0.2], [0.1, 0.5], [0.1, 0.3]])
    moved = ensure_min_share(assign(scores), scores, 0.5)
    assert moved.tolist() == [0, 1, 0, 1]
    with pytest.raises(ValueError, match='between 0 and 1/2'):
        ensure_min_share(assign(scores), scores, 0.6)


@given(st.integers(0, 10**6), st.integers(1, 20), st.sampled_from(RULES))
def test_nobody_keeps_what_it_lacks(seed, size, rule):
    generator = torch.Generator().manual_seed(seed)
    presence = torch.rand(size, 3, generator=generator) < 0.6
    presence[torch.arange(size), torch.arange(size) % 3] = True
    scores = torch.rand(size, 3, generator=generator)
    scores[~presence] = torch.nan  # as a scoring pass leaves it
    options = {'epoch': seed, 'generator': generator}
    found = assign(scores, rule, presence=presence, **options)
    assert presence[torch.arange(size), found.long()].all()
    known = torch.where(presence, scores, torch.inf)
    if rule == 'weakest':
        assert torch.equal(found, known.argmin(dim=1))
    moved = ensure_min_share(found, scores, 0.3, presence)
    assert presence[torch.arange(size), moved.long()].all()


def test_a_random_deal_keeps_sizes_among_what_is_there():
    presence = torch.tensor([[1, 1, 0]] * 20 + [[0, 1, 1]] * 20).bool()
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(40, 3, generator=generator)
    weakest = assign(scores, presence=presence)
    dealt = assign(scores, 'random', presence=presence, generator=generator)
    assert not torch.equal(dealt, weakest)
    for part in (slice(20), slice(20, 40)):
        assert torch.equal(
            dealt[part].bincount(minlength=3),
            weakest[part].bincount(minlength=3),
        )
