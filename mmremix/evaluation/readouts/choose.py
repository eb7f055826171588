"""Choose a read-out by held-out samples."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremix.evaluation.readouts.labels import classes, grouped
from mmremix.evaluation.readouts.readout import (
    Array,
    Readout,
    apply,
    candidates,
)
from mmremix.utils.names import FUSION, HEADS


@dataclass(frozen=True)
class Choice:
    """The read-out that was chosen, and by what.

    Attributes:
        readout: The best.
        accuracy: Of every candidate by name, in their order: the mean over
            the groups of the accuracy within each, or over the samples.
        interval: Of each, from percentile bootstrap over the groups.
        gain: Of each over the first candidate (the fused head), with its
            interval: ``(difference, low, high)``.
        samples: How many samples.
        groups: How many groups; ``None`` if they were samples.
        confidence: Of the intervals.
    """

    readout: Readout
    accuracy: dict[str, float]
    interval: dict[str, tuple[float, float]]
    gain: dict[str, tuple[float, float, float]]
    samples: int
    groups: int | None
    confidence: float

    def plain(self) -> dict[str, Any]:
        """As plain values, for JSON and checkpoints."""
        return {
            'name': self.readout.name,
            'weights': dict(self.readout.weights),
            'accuracy': dict(self.accuracy),
            'interval': {k: list(v) for k, v in self.interval.items()},
            'gain': {k: list(v) for k, v in self.gain.items()},
            'samples': self.samples,
            'groups': self.groups,
            'confidence': self.confidence,
        }


def choose(
    log_probs: Mapping[str, ArrayLike],
    labels: ArrayLike,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    *,
    among: Sequence[Readout] | None = None,
    draws: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Choice:
    """Choose the read-out that is right most often, averaged over groups.

    Accuracy is taken within each group (a speaker, or a fold of a
    cross-fit) and averaged over the groups, so that large ones do not speak
    for all. A tie goes to the earlier candidate, so to the fused head first.

    Args:
        log_probs: Log-probabilities ``(N, M)`` of ``fusion`` and of the
            modalities' heads, of samples that nothing was trained on. Rows
            of NaN are samples without one.
        labels: Classes ``(N,)``.
        groups: Group of each sample ``(N,)``, of any values. Without,
            each sample is one.
        among: Defaults to the :func:`candidates` of the modalities whose
            log-probabilities are there.
        draws: Of the bootstrap.
        confidence: Of the intervals.
        seed: Of the bootstrap.

    Raises:
        ValueError: If there is nothing to choose by.
    """
    names = [name for name in log_probs if name not in (FUSION, HEADS)]
    if among is None:
        among = candidates(names)
        if FUSION not in log_probs:
            among = among[1:]
    target = classes(labels, log_probs)
    samples = grouped(groups, len(target))
    by_group = np.stack(
        [samples.mean(_right(apply(r, log_probs), target)) for r in among]
    )
    accuracy = by_group.mean(axis=1)
    # Sums in floating point differ in their last digits.
    best = int(np.flatnonzero(accuracy >= accuracy.max() - 1e-12)[0])
    drawn = _bootstrap(by_group, draws, seed)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(drawn, tails, axis=0)
    apart = drawn - drawn[:, :1]
    gain_low, gain_high = np.quantile(apart, tails, axis=0)
    return Choice(
        readout=among[best],
        accuracy={r.name: float(accuracy[i]) for i, r in enumerate(among)},
        interval={
            r.name: (float(low[i]), float(high[i]))
            for i, r in enumerate(among)
        },
        gain={
            r.name: (
                float(accuracy[i] - accuracy[0]),
                float(gain_low[i]),
                float(gain_high[i]),
            )
            for i, r in enumerate(among)
        },
        samples=len(target),
        groups=None if groups is None else len(samples.size),
        confidence=confidence,
    )


def _right(probabilities: Array, target: NDArray[np.int64]) -> Array:
    """1 where right; a sample without a prediction is not."""
    known = ~np.isnan(probabilities).any(axis=1)
    guess = np.nan_to_num(probabilities).argmax(axis=1)
    right: Array = (known & (guess == target)).astype(np.float64)
    return right


def _bootstrap(values: Array, draws: int, seed: int) -> Array:
    """Means ``(draws, C)`` of ``(C, G)`` over groups drawn with return."""
    size = values.shape[1]
    generator = np.random.default_rng(seed)
    even = np.full(size, 1 / size)
    # One after the other: a group may be a sample, and there may be many.
    means: Array = np.stack(
        [values @ generator.multinomial(size, even) for _ in range(draws)]
    )
    means /= size
    return means
