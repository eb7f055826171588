"""Labels and groups of the samples that a read-out is chosen by."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremix.evaluation.readouts.readout import Array


class Grouped(NamedTuple):
    """Samples of the same G groups.

    Attributes:
        code: Number of each sample's group, ``(N,)``.
        size: Samples in each group, ``(G,)``.
    """

    code: NDArray[np.int64]
    size: NDArray[np.int64]

    def mean(self, values: Array) -> Array:
        """Means ``(G,)`` within the groups of ``(N,)``."""
        sums = np.bincount(self.code, values, len(self.size))
        means: Array = sums / self.size
        return means

    def shares(self, chosen: NDArray[np.bool_] | None = None) -> Array:
        """Weights ``(N,)`` that make each (chosen) group count alike."""
        if chosen is None:
            chosen = np.ones(len(self.size), dtype=bool)
        each: Array = chosen / self.size / chosen.sum()
        return each[self.code]


def classes(
    labels: ArrayLike, log_probs: Mapping[str, ArrayLike]
) -> NDArray[np.int64]:
    """Classes ``(N,)``, one for each row of the log-probabilities."""
    target = np.asarray(labels, dtype=np.int64)
    if not log_probs:
        raise ValueError('There are no log-probabilities.')
    size = np.asarray(next(iter(log_probs.values()))).shape[0]
    if target.shape != (size,) or not size:
        raise ValueError(
            f'A read-out is chosen by labels (N,) of N > 0 samples, got '
            f'{target.shape} for {size} rows of log-probabilities.'
        )
    return target


def grouped(
    groups: Sequence[Hashable] | ArrayLike | None, size: int
) -> Grouped:
    """Number the groups; without any, each sample is one."""
    if groups is None:
        return Grouped(np.arange(size), np.ones(size, dtype=np.int64))
    values = list(np.asarray(groups, dtype=object).tolist())
    if len(values) != size:
        raise ValueError(
            f'groups names the group of each of the {size} samples, got '
            f'{len(values)} values.'
        )
    numbers = {value: i for i, value in enumerate(dict.fromkeys(values))}
    code = np.array([numbers[value] for value in values], dtype=np.int64)
    return Grouped(code, np.bincount(code))
