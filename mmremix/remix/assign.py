"""Assignment: which modality does a sample keep?"""

from __future__ import annotations

import torch
from torch import Tensor

UNASSIGNED = -1
"""Marks a sample without a score: it has no place in a plan."""


def assign_weakest(scores: Tensor) -> Tensor:
    """Give every sample to its least certain modality (Eq. 3 of the paper).

    Ties go to the modality with the lower column index. (In the authors'
    code a tie goes to video: put ``video`` first to get the same.)

    Args:
        scores: One score per sample and modality, shape ``(N, K)``; lower is
            less certain. A row that holds a NaN is a sample that could not
            be scored.

    Returns:
        Column indices, int64, shape ``(N,)``; :data:`UNASSIGNED` for rows
        with a NaN.

    Raises:
        ValueError: If ``scores`` is not a matrix with at least one column.
    """
    if scores.dim() != 2 or scores.shape[1] == 0:
        raise ValueError(
            'assign_weakest needs scores of shape (samples, modalities), got '
            f'shape {tuple(scores.shape)}.'
        )
    lowest = scores.amin(dim=1, keepdim=True)
    # torch.argmin does not promise the first of equal values; argmax of a
    # 0/1 weight that falls with the column does.
    columns = torch.arange(scores.shape[1], 0, -1, device=scores.device)
    assignment = ((scores == lowest) * columns).argmax(dim=1)
    unscored = torch.isnan(scores).any(dim=1)
    return assignment.masked_fill(unscored, UNASSIGNED)


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
