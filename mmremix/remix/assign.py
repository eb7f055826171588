"""Assignment: which modality does a sample keep?"""

from __future__ import annotations

import torch
from torch import Tensor

UNASSIGNED = -1
"""Marks a sample without a score: it has no place in a plan."""


RULES = ('weakest', 'strongest', 'random', 'round_robin')
TIES = ('first', 'last')


def assign(
    scores: Tensor,
    rule: str = 'weakest',
    *,
    ties: str = 'first',
    epoch: int = 0,
    generator: torch.Generator | None = None,
    presence: Tensor | None = None,
) -> Tensor:
    """Give every sample to a modality, by the paper's rule or a control.

    Args:
        scores: See :func:`assign_weakest`.
        rule: ``'weakest'`` is the paper's. ``'strongest'`` is its inverse.
            ``'random'`` deals the modalities of ``'weakest'`` out at random,
            so subsets keep their sizes. ``'round_robin'`` ignores the scores:
            sample i keeps modality (i + epoch) mod K, of the K that it has.
        ties: See :func:`assign_weakest`.
        epoch: Shifts ``'round_robin'``.
        generator: Source of randomness for ``'random'``.
        presence: Which modalities each sample has, bool ``(N, K)``; it never
            keeps another. ``'random'`` then deals among samples that have
            the same. Defaults to all.

    Returns:
        See :func:`assign_weakest`.

    Raises:
        ValueError: On an unknown rule, and as :func:`assign_weakest`.
    """
    if rule not in RULES:
        raise ValueError(f'rule must be one of {RULES}, got {rule!r}.')
    if rule == 'strongest':
        return assign_weakest(-scores, ties, presence)
    assignment = assign_weakest(scores, ties, presence)
    if presence is None:
        presence = torch.ones_like(scores, dtype=torch.bool)
    for kind in torch.unique(presence, dim=0):
        same = (presence == kind).all(dim=1) & (assignment != UNASSIGNED)
        scored = same.nonzero().flatten()
        if rule == 'random':
            shuffle = torch.randperm(len(scored), generator=generator)
            assignment[scored] = assignment[scored[shuffle]]
        elif rule == 'round_robin' and len(scored):
            columns = kind.nonzero().flatten()
            assignment[scored] = columns[(scored + epoch) % len(columns)]
    return assignment


def assign_weakest(
    scores: Tensor, ties: str = 'first', presence: Tensor | None = None
) -> Tensor:
    """Give every sample to its least certain modality (Eq. 3 of the paper).

    Args:
        scores: One score per sample and modality, shape ``(N, K)``; lower is
            less certain. A row that holds a NaN is a sample that could not
            be scored.
        ties: Whether equal scores go to the ``'first'`` or the ``'last'`` of
            the columns. In the authors' code a tie goes to video: put
            ``video`` first.
        presence: Which modalities each sample has, bool ``(N, K)``. Scores
            of others do not count, NaN or not. Defaults to all.

    Returns:
        Column indices, int64, shape ``(N,)``; :data:`UNASSIGNED` for rows
        with a NaN.

    Raises:
        ValueError: If ``scores`` is not a matrix with at least one column, or
            ``ties`` is unknown.
    """
    if ties not in TIES:
        raise ValueError(f'ties must be one of {TIES}, got {ties!r}.')
    if scores.dim() != 2 or scores.shape[1] == 0:
        raise ValueError(
            'assign_weakest needs scores of shape (samples, modalities), got '
            f'shape {tuple(scores.shape)}.'
        )
    if presence is not None:
        scores = scores.masked_fill(~presence, torch.inf)
    lowest = scores.amin(dim=1, keepdim=True)
    # torch.argmin does not promise which of equal values it takes; the
    # greatest of distinct weights is one.
    columns = torch.arange(1, scores.shape[1] + 1, device=scores.device)
    if ties == 'first':
        columns = columns.flip(0)
    tied = scores == lowest
    unscored = torch.isnan(scores).any(dim=1)
    if presence is not None:
        tied &= presence
        unscored |= ~presence.any(dim=1)
    assignment = (tied * columns).argmax(dim=1)
    return assignment.masked_fill(unscored, UNASSIGNED)


def ensure_min_share(
    assignments: Tensor,
    scores: Tensor,
    min_share: float,
    presence: Tensor | None = None,
) -> Tensor:
    """Move samples until every modality has a least share of them.

    A modality below the share gets the samples that it scores closest to the
    modality they are with: those where the decision was the narrowest. No
    modality is brought below the share for another's sake.

    Args:
        assignments: Shape ``(N,)``.
        scores: Shape ``(N, K)``, lower is less certain.
        min_share: Fraction of the assigned samples, in ``[0, 1 / K]``.
        presence: Which modalities each sample has, bool ``(N, K)``. A sample
            moves only to one that it has, so a modality that few have may
            stay below. Defaults to all.

    Returns:
        New assignments; the input is left as it is.

    Raises:
        ValueError: If not all K modalities can have such a share.
    """
    num_modalities = scores.shape[1]
    if not 0 <= min_share * num_modalities <= 1:
        raise ValueError(
            f'min_share must be between 0 and 1/{num_modalities} for '
            f'{num_modalities} modalities, got {min_share}.'
        )
    moved = assignments.clone()
    counts = modality_counts(moved, num_modalities)
    least = int(min_share * int(counts.sum()))
    for modality in range(num_modalities):
        others = (moved != modality) & (moved != UNASSIGNED)
        if presence is not None:
            others &= presence[:, modality]
        index = others.nonzero().flatten()
        owner = moved[index].long()
        gap = scores[index, modality] - scores[index, owner]
        for i in gap.argsort(stable=True).tolist():
            if counts[modality] >= least:
                break
            if counts[owner[i]] > least:
                counts[owner[i]] -= 1
                counts[modality] += 1
                moved[index[i]] = modality
    return moved


def modality_counts(assignments: Tensor, num_modalities: int) -> Tensor:
    """Count the samples of each modality.

    Args:
        assignments: Shape ``(N,)``; :data:`UNASSIGNED` is not counted.
        num_modalities: K.

    Returns:
        Counts, int64, shape ``(K,)``.
    """
    kept = assignments[assignments != UNASSIGNED].long()
    return torch.bincount(kept, minlength=num_modalities)


def count_flips(previous: Tensor | None, current: Tensor) -> int:
    """Count the samples whose modality changed since the last assignment.

    Samples unassigned on either side are not counted. Without a previous
    assignment the answer is 0.
    """
    if previous is None:
        return 0
    both = (previous != UNASSIGNED) & (current != UNASSIGNED)
    return int((both & (previous != current)).sum())
