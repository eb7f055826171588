"""Values from predictions, and copies from values."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product
from math import ceil

import pytest
import torch

from mmremix.methods.resample import (
    modality_copies,
    sample_copies,
    sample_values,
)
from mmremix.utils.shapley import all_subsets

A, V, AV = ('a',), ('v',), ('a', 'v')
# Right with both, with a, with v; values of a and v; copies of a and v.
TABLE = [
    ((1, 1, 1), (1.0, 1.0), (0, 0)),
    ((1, 1, 0), (1.5, 0.5), (0, 1)),
    ((1, 0, 1), (0.5, 1.5), (1, 0)),
    ((1, 0, 0), (1.0, 1.0), (0, 0)),
    ((0, 1, 1), (0.0, 0.0), (2, 2)),
    ((0, 1, 0), (0.5, -0.5), (1, 3)),
    ((0, 0, 1), (-0.5, 0.5), (3, 1)),
    ((0, 0, 0), (0.0, 0.0), (2, 2)),
]


def test_known_predictions_give_the_known_values_and_copies():
    columns = torch.tensor([row[0] for row in TABLE]).bool().T
    values = sample_values(dict(zip((AV, A, V), columns, strict=True)))
    assert values.dtype == torch.int64
    assert (values / 2).tolist() == [list(row[1]) for row in TABLE]
    assert sample_copies(values).tolist() == [list(row[2]) for row in TABLE]


def test_three_modalities_by_all_orders():
    """Against the definition: the mean over all orders, as fractions."""
    names = ('a', 'b', 'c')
    subsets = all_subsets(names)[1:]
    cases = list(product((False, True), repeat=len(subsets)))
    columns = torch.tensor(cases).T
    values = sample_values(dict(zip(subsets, columns, strict=True)))
    copies = sample_copies(values)
    assert copies.max() == 4
    for case, row, counts in zip(
        cases, values.tolist(), copies.tolist(), strict=True
    ):
        right = dict(zip(subsets, case, strict=True))
        for name, value, count in zip(names, row, counts, strict=True):
            total = 0
            for order in permutations(names):
                before = order[: order.index(name)]
                worths = [
                    len(s) * right.get(tuple(n for n in names if n in s), 0)
                    for s in (before, (*before, name))
                ]
                total += worths[1] - worths[0]
            assert value == total
            assert count == max(ceil(2 * (1 - Fraction(total, 6))), 0)


def test_a_missing_set_is_an_error():
    with pytest.raises(ValueError, match=r"missing: \[\('v',\)\]"):
        sample_values({A: torch.ones(1), AV: torch.ones(1)})


@pytest.mark.parametrize(
    ('means', 'alpha', 'expected'),
    [
        ((0.9, 0.3), 1.0, (0, 12)),  # 2 / 3 * .6 * 30
        ((0.3, 0.9), 0.5, (6, 0)),
        ((1.5, -0.5), 1.0, (0, 40)),  # more than there are samples
        ((0.7, 0.7), 1.0, (0, 0)),
        ((0.9, 0.3, 0.9), 1.0, (0, 12, 0)),
    ],
)
def test_weaker_modality_gets_copies_of_random_samples(means, alpha, expected):
    def draw(seed=0):
        generator = torch.Generator().manual_seed(seed)
        return modality_copies(torch.tensor(means), 30, alpha, generator)

    counts = draw()
    assert tuple(counts.sum(dim=0).tolist()) == expected
    # As evenly as can be.
    spread = counts.max(dim=0).values - counts.min(dim=0).values
    assert spread.max() <= 1
    assert torch.equal(counts, draw())
    if sum(expected):
        assert not torch.equal(counts, draw(seed=1))
