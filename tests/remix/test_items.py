from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmremix.remix import Items, occurrences


def rows(items):
    return list(
        zip(items.index.tolist(), items.active.int().tolist(), strict=True)
    )


def test_one_each():
    items = Items.one_each(torch.tensor([1, -1, 0]), 2)
    assert rows(items) == [(0, [0, 1]), (1, [0, 0]), (2, [1, 0])]
    assert items.counts().tolist() == [1, 1]


@pytest.mark.parametrize('wrong', [[0, 2], [0, -2]])
def test_assignments_out_of_range(wrong):
    with pytest.raises(ValueError, match='assignments must be in'):
        Items.one_each(torch.tensor(wrong), 2)


def test_shapes_that_do_not_match():
    with pytest.raises(ValueError, match=r'got \(2,\) and \(3, 2\)'):
        Items.pure(torch.arange(2), torch.ones(3, 2))


def test_groups_are_in_the_order_of_the_modalities():
    """All first; then sets with the first modality, then the second."""
    active = torch.tensor(
        [[1, 1, 1], [1, 1, 0], [1, 0, 1], [1, 0, 0], [0, 1, 1], [0, 1, 0]]
    )
    groups = Items.pure(torch.arange(6), active).group.tolist()
    assert groups == [0, 1, 2, 3, 4, 5]


def test_copies_and_joining():
    copies = Items.copies(torch.tensor([[2, 0], [0, 1]]))
    assert rows(copies) == [(0, [1, 0]), (0, [1, 0]), (1, [0, 1])]
    joined = Items.complete(2, 2).join(copies)
    assert rows(joined)[:2] == [(0, [1, 1]), (1, [1, 1])]
    assert rows(joined)[2:] == rows(copies)
    assert joined.group.tolist() == [0, 0, 1, 1, 2]


def test_every_modality_once():
    items = Items.every_modality(3, 2)
    assert Counter(map(str, rows(items))) == Counter(
        str((i, a)) for i in range(3) for a in ([1, 0], [0, 1])
    )


def test_grouped_without_masking_and_masked_without_grouping():
    items = Items.one_each(torch.tensor([1, 0, -1]), 2)
    whole = items.unmasked()
    assert whole.active.tolist() == [[True] * 2, [True] * 2, [False] * 2]
    assert whole.group.tolist() == items.group.tolist()
    mixed = items.together()
    assert mixed.active.tolist() == items.active.tolist()
    assert len(mixed.group.unique()) == 1


@given(st.lists(st.integers(0, 5), max_size=30))
def test_occurrences(keys):
    counted = Counter()
    expected = []
    for key in keys:
        expected.append(counted[key])
        counted[key] += 1
    found = occurrences(torch.tensor(keys, dtype=torch.long))
    assert found.tolist() == expected


PRESENCE = st.lists(
    st.lists(st.booleans(), min_size=3, max_size=3).filter(any),
    min_size=1,
    max_size=12,
).map(torch.tensor)


@given(PRESENCE, st.data())
def test_within_what_samples_have(presence, data):
    size = len(presence)
    counts = data.draw(
        st.lists(
            st.lists(st.integers(0, 2), min_size=3, max_size=3),
            min_size=size,
            max_size=size,
        )
    )
    items = Items.complete(size, 3).join(Items.copies(torch.tensor(counts)))
    found = items.within(presence)
    there = presence[found.index]
    assert torch.equal(found.index, items.index)
    # Nothing that a sample lacks, and nothing else left out.
    assert torch.equal(found.active, items.active & there)
    # A group holds one set, or, for models that see what is masked, one
    # set of what there is too.
    for whole in (False, True):
        found = items.within(presence, whole)
        seen = {}
        for group, kept, has in zip(
            found.group.tolist(),
            found.active.tolist(),
            there.tolist(),
            strict=True,
        ):
            key = (kept, has) if whole else kept
            assert seen.setdefault(group, key) == key
    # All there: as it was.
    everything = items.within(torch.ones_like(presence))
    assert torch.equal(everything.group, items.group)


def test_within_keeps_the_groups_of_others():
    """Groups that are not those of the sets are split, and not joined."""
    items = Items.complete(4, 2)._replace(group=torch.tensor([5, 5, 7, 7]))
    presence = torch.tensor([[1, 1], [1, 0], [1, 0], [1, 0]]).bool()
    groups = items.within(presence).group.tolist()
    assert groups[2] == groups[3] and len(set(groups)) == 3
