"""What a read-out is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremix.utils.names import FUSION, HEADS
from mmremix.utils.shapley import all_subsets

Array = NDArray[np.float64]

FEW = 4
"""Up to so many modalities every subset of them is looked at."""

# What a probability of 0 counts as; 0 times its logarithm must be 0.
_FLOOR = -1e6


@dataclass(frozen=True)
class Readout:
    """A prediction that is put together from others.

    ``p = softmax(sum_j w_j log p_j)``: the fused head is ``{'fusion': 1}``,
    the sum of heads 1 for each modality.

    Attributes:
        name: ``'fusion'``, ``'heads'`` for the sum of all heads,
            ``'video+audio'`` for that of some, ``'pool'`` for fitted weights.
        weights: Of ``fusion`` and the modalities' heads. What is not there,
            or 0, is not needed.

    Raises:
        ValueError: If a weight is negative or no number, or none is positive.
    """

    name: str
    weights: dict[str, float] = field(hash=False)

    def __post_init__(self) -> None:
        values = list(self.weights.values())
        if not (np.isfinite(values).all() and all(w >= 0 for w in values)):
            raise ValueError(
                f'Weights of a read-out are numbers of at least 0, got '
                f'{self.weights}.'
            )
        if not any(values):
            raise ValueError(
                f'A read-out needs a weight above 0, got {self.weights}.'
            )

    @property
    def predictions(self) -> tuple[str, ...]:
        """Names of the predictions that it needs."""
        return tuple(name for name, w in self.weights.items() if w)

    def modalities(self, names: Sequence[str]) -> tuple[str, ...]:
        """Which of a model's modalities it needs, in their order."""
        if FUSION in self.predictions:
            return tuple(names)
        return tuple(name for name in names if name in self.predictions)


def heads(names: Sequence[str], modalities: Sequence[str]) -> Readout:
    """The sum of the heads of some of a model's modalities."""
    whole = len(names) == len(modalities) > 1
    return Readout(
        HEADS if whole else '+'.join(names), dict.fromkeys(names, 1.0)
    )


def shown_subsets(modalities: Sequence[str]) -> list[tuple[str, ...]]:
    """Subsets that are looked at, from all modalities to single ones.

    Every non-empty one up to 4 modalities; of more, all, all but one and
    single ones.
    """
    found = all_subsets(modalities)[:0:-1]
    if len(modalities) > FEW:
        sizes = (1, len(modalities) - 1, len(modalities))
        found = [subset for subset in found if len(subset) in sizes]
    # Within a size in the order of the modalities.
    return sorted(found, key=lambda s: (-len(s), [*map(modalities.index, s)]))


def candidates(modalities: Sequence[str]) -> list[Readout]:
    """The fused head, and the sums of heads over subsets of modalities.

    In order: the fused head, all heads, and fewer and fewer of them. Which
    subsets says :func:`shown_subsets`.
    """
    fused = Readout(FUSION, {FUSION: 1.0})
    sums = [heads(subset, modalities) for subset in shown_subsets(modalities)]
    return [fused, *sums]


def apply(readout: Readout, log_probs: Mapping[str, ArrayLike]) -> Array:
    """Class probabilities ``(N, M)`` of a read-out.

    Args:
        readout: The read-out.
        log_probs: Log-probabilities ``(N, M)`` of each prediction that it
            needs. Rows of NaN are samples without it: the others' weights
            speak for them.

    Returns:
        Probabilities; NaN where a sample has none of the predictions.

    Raises:
        ValueError: If a prediction is missing or the shapes differ.
    """
    missing = [n for n in readout.predictions if n not in log_probs]
    if missing:
        raise ValueError(
            f'The read-out {readout.name!r} needs {missing}; there are only '
            f'{list(log_probs)}.'
        )
    rows, _ = stack({n: log_probs[n] for n in readout.predictions})
    weights = np.array([readout.weights[n] for n in readout.predictions])
    there = ~np.isnan(rows).any(axis=2)
    summed = np.einsum('j,jnm->nm', weights, np.nan_to_num(rows))
    result = np.exp(log_softmax(summed))
    result[~there.any(axis=0)] = np.nan
    return result


def stack(log_probs: Mapping[str, ArrayLike]) -> tuple[Array, list[str]]:
    """``(J, N, M)``, what is not there as NaN."""
    arrays = {n: np.asarray(v, dtype=np.float64) for n, v in log_probs.items()}
    shapes = {n: a.shape for n, a in arrays.items()}
    if len(set(shapes.values())) != 1 or len(next(iter(shapes.values()))) != 2:
        raise ValueError(
            'Log-probabilities are arrays (N, M), the same for each '
            f'prediction, got {shapes or "none"}.'
        )
    stacked = np.maximum(np.stack(list(arrays.values())), _FLOOR)
    stacked[np.isnan(stacked).any(axis=2)] = np.nan
    return stacked, list(arrays)


def log_softmax(scores: Array) -> Array:
    """Log-probabilities ``(N, M)`` of scores."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    result: Array = shifted - np.log(
        np.exp(shifted).sum(axis=1, keepdims=True)
    )
    return result
