"""Shapley values of a few players."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial

Subset = tuple[str, ...]
"""Names of modalities, in the order of the model's encoders."""


def all_subsets(names: Sequence[str]) -> list[Subset]:
    """All subsets, the empty one first, in the order of the names."""
    sizes = range(len(names) + 1)
    return [chosen for size in sizes for chosen in combinations(names, size)]


def shapley_values(worth: Mapping[Subset, float]) -> dict[str, float]:
    """What each player adds to a coalition, averaged over all orders.

    ``phi_k = sum over S without k of |S|! (K - |S| - 1)! / K! *
    (v(S + k) - v(S))`` (Shapley, 1953). They add up to ``v(all) - v(none)``.

    Args:
        worth: v, for every subset of the players, named in one order.

    Raises:
        ValueError: If a subset is missing.
    """
    names = max(worth, key=len)
    missing = [subset for subset in all_subsets(names) if subset not in worth]
    if missing:
        raise ValueError(
            f'Shapley values of {names} need the worth of every subset; '
            f'missing: {missing}.'
        )
    values = dict.fromkeys(names, 0.0)
    for subset in worth:
        rest = len(names) - len(subset) - 1
        weight = factorial(len(subset)) * factorial(max(rest, 0))
        for name in names:
            if name not in subset:
                joined = tuple(n for n in names if n in (*subset, name))
                gain = worth[joined] - worth[subset]
                values[name] += weight / factorial(len(names)) * gain
    return values
