"""Intervals of shares, of paired differences, and of means."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev

Interval = tuple[float, float]

_Z = 1.959964  # of 95 %


def share_interval(share: float, n: int) -> Interval:
    """95 % interval of a share of n samples (Wilson's).

    It has a width also where all samples are right, or none.

    Args:
        share: Between 0 and 1.
        n: At least 1.
    """
    z = _Z**2 / n
    middle = (share + z / 2) / (1 + z)
    half = _Z / (1 + z) * (share * (1 - share) / n + z / 4 / n) ** 0.5
    return max(middle - half, 0.0), min(middle + half, 1.0)


def paired_interval(ahead: float, behind: float, n: int) -> Interval:
    """95 % interval of a difference of two shares of the same n samples.

    Agresti and Min's: half a sample is added to each of the four cells of
    right and wrong. It has a width also where the two never differ.

    Args:
        ahead: Samples that only the first has right.
        behind: Samples that only the second has right.
        n: At least 1.
    """
    middle = (ahead - behind) / (n + 2)
    spread = ahead + behind + 1 - (ahead - behind) ** 2 / (n + 2)
    half = _Z * spread**0.5 / (n + 2)
    return max(middle - half, -1.0), min(middle + half, 1.0)


def t_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Interval of a mean by Student's t.

    ``mean +- t(n - 1) s / sqrt(n)``.
    """
    # mmaction2 brings it; other commands need not wait for its import.
    from scipy.special import stdtrit

    n = len(values)
    quantile = float(stdtrit(n - 1, (1 + confidence) / 2))
    half = quantile * stdev(values) / n**0.5
    mean = fmean(values)
    return mean - half, mean + half


def around(*intervals: Interval) -> Interval:
    """The smallest interval that holds all of them."""
    return min(low for low, _ in intervals), max(high for _, high in intervals)
