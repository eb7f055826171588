"""Fit the weights of a read-out to held-out samples."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremix.evaluation.readouts.labels import classes, grouped
from mmremix.evaluation.readouts.readout import (
    Array,
    Readout,
    log_softmax,
    stack,
)
from mmremix.utils.names import FUSION, HEADS

# Of the penalty, from the strictest, which a tie goes to.
_STRENGTHS = (1e4, 1.0, 0.1, 0.01, 0.001)


def fit_pool(
    log_probs: Mapping[str, ArrayLike],
    labels: ArrayLike,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    *,
    max_folds: int = 5,
    seed: int = 0,
) -> Readout:
    """Fit the weights of the predictions to held-out samples.

    Minimises, over weights of at least 0, the log-loss (mean within each
    group, averaged over the groups) plus a penalty on what of the weights
    is not a multiple of the fused head or of the sum of heads. Which of the
    two, and how strong, is chosen by cross-validation in which no group is
    on both sides; among the choices is to fit one number, the sharpness,
    alone.

    Args:
        log_probs: As for :func:`choose`. Without ``fusion`` it is a pool of
            heads.
        labels: Classes ``(N,)``.
        groups: Group of each sample; without, each sample is one.
        max_folds: Groups are dealt to so many folds at most.
        seed: Deals them.

    Returns:
        A read-out called ``pool``. With a single group nothing can be
        cross-validated: then its sharpness alone is fitted.

    Raises:
        ValueError: If there is nothing to fit.
    """
    names = [name for name in log_probs if name != HEADS]
    rows, _ = stack({name: log_probs[name] for name in names})
    target = classes(labels, log_probs)
    samples = grouped(groups, len(target))
    rows = np.nan_to_num(rows)
    directions = [
        np.array([float((name == FUSION) == fused) for name in names])
        for fused in (False, True)
    ]
    # The heads come first: a tie leaves out no modality's own opinion.
    directions = [d for d in directions if d.any()]
    trials = [
        (strength, direction)
        for strength in _STRENGTHS
        for direction in directions
    ]
    folds = min(max_folds, len(samples.size))
    deal = np.random.default_rng(seed).permutation(len(samples.size)) % folds
    splits = [(deal != held, deal == held) for held in range(folds)]
    if folds == 1:  # a single number can be fitted to what it is judged by
        trials = trials[: len(directions)]
        splits = [(deal == 0, deal == 0)]
    losses = np.zeros(len(trials))
    for fitting, judging in splits:
        weight, judge = samples.shares(fitting), samples.shares(judging)
        for i, trial in enumerate(trials):
            fitted = _fit(rows, target, weight, *trial)
            losses[i] += _log_loss(fitted, rows, target, judge)[0]
    best = trials[int(losses.argmin())]
    fitted = _fit(rows, target, samples.shares(), *best)
    if not fitted.any():  # nothing says anything about the classes
        fitted = best[1]
    return Readout('pool', dict(zip(names, fitted.tolist(), strict=True)))


def _fit(
    rows: Array,
    target: NDArray[np.int64],
    weight: Array,
    strength: float,
    direction: Array,
) -> Array:
    # mmaction2 brings it; other commands need not wait for its import.
    from scipy.optimize import minimize

    along = np.outer(direction, direction) / direction.sum()
    across = np.eye(len(direction)) - along

    def objective(w: Array) -> tuple[float, Array]:
        loss, gradient = _log_loss(w, rows, target, weight)
        aside = across @ w
        return (
            loss + strength * float(w @ aside),
            gradient + 2 * strength * aside,
        )

    found = minimize(
        objective,
        direction.copy(),
        jac=True,
        method='L-BFGS-B',
        bounds=[(0, None)] * len(direction),
    )
    weights: Array = np.asarray(found.x, dtype=np.float64)
    return weights


def _log_loss(
    w: Array, rows: Array, target: NDArray[np.int64], weight: Array
) -> tuple[float, Array]:
    """Loss and its gradient by the weights w."""
    log_p = log_softmax(np.einsum('j,jnm->nm', w, rows))
    at = np.arange(len(target))
    error = np.exp(log_p)
    error[at, target] -= 1
    loss = -float(weight @ log_p[at, target])
    return loss, np.einsum('n,nm,jnm->j', weight, error, rows)
