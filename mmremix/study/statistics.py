"""Means, spreads, and paired differences with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np

from mmremix.utils.intervals import t_interval

DRAWS = 10_000


@dataclass(frozen=True)
class Difference:
    """A paired difference over n seeds.

    Attributes:
        mean: Of the differences.
        n: Seeds that both have.
        t: 95 % interval of Student's t with n - 1 degrees of freedom;
            ``None`` for a single seed.
        bootstrap: 95 % percentile interval over seeds that are drawn with
            return. With five seeds it is too narrow, see docs/study.md.
    """

    mean: float
    n: int
    t: tuple[float, float] | None
    bootstrap: tuple[float, float] | None

    @property
    def verdict(self) -> str:
        """``better`` or ``worse`` if the t interval leaves 0 out."""
        if self.t is None or self.t[0] <= 0 <= self.t[1]:
            return 'level'
        return 'better' if self.mean > 0 else 'worse'


def paired(
    values: Mapping[int, float], reference: Mapping[int, float]
) -> Difference | None:
    """Compare two methods seed by seed.

    Args:
        values: By seed.
        reference: By seed.

    Returns:
        ``None``, if they have no seed in common.
    """
    seeds = sorted(values.keys() & reference.keys())
    found = [values[seed] - reference[seed] for seed in seeds]
    if not found:
        return None
    mean = fmean(found)
    if len(found) == 1:
        return Difference(mean, 1, None, None)
    return Difference(mean, len(found), t_interval(found), bootstrap(found))


def bootstrap(
    values: Sequence[float], confidence: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of a mean; the same numbers give the same."""
    n = len(values)
    counts = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), DRAWS)
    means = counts @ np.asarray(values, dtype=float) / n
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(means, tails).tolist()
    return low, high


def spread(values: Sequence[float]) -> float | None:
    """Sample standard deviation; ``None`` for fewer than two values."""
    return stdev(values) if len(values) > 1 else None
