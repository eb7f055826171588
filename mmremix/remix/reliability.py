"""Reliability: how far each modality's own prediction can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def wilson_interval(accuracy: Tensor, total: int, z: float = 1.96) -> Tensor:
    """Wilson's score interval of accuracies.

    Args:
        accuracy: Shares that are right, ``(K,)``.
        total: Number of samples, n.
        z: Standard deviations; 1.96 for 95 %.

    Returns:
        Lower and upper ends, ``(2, K)``:
        ``(p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)``.
    """
    p, n = accuracy.double(), max(total, 1)
    middle = p + z * z / (2 * n)
    half = z * (p * (1 - p) / n + z * z / (4 * n * n)).sqrt()
    ends = torch.stack([middle - half, middle + half]) / (1 + z * z / n)
    return ends.clamp(0, 1).float()


def group_interval(
    hits: Tensor,
    groups: Sequence[str],
    level: float = 0.95,
    draws: int = 1000,
) -> Tensor:
    """Bootstrap interval of accuracies, over whole groups.

    Samples of one speaker or subject are no independent draws: groups are
    drawn with replacement, and all samples of each count.

    Args:
        hits: Right or not, ``(N, K)``.
        groups: Group of each sample.
        level: Of the interval.
        draws: How many.

    Returns:
        Lower and upper ends, ``(2, K)``, equal for equal arguments.
    """
    names = {name: i for i, name in enumerate(sorted(set(groups)))}
    number = torch.tensor([names[name] for name in groups])
    size = len(names)
    right = torch.zeros(size, hits.shape[1], dtype=torch.double)
    right.index_add_(0, number, hits.double())
    count = torch.bincount(number, minlength=size).double()
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(size, (draws, size), generator=generator)
    means = right[drawn].sum(dim=1) / count[drawn].sum(dim=1)[:, None]
    low = (1 - level) / 2
    ends = torch.tensor([low, 1 - low], dtype=torch.double)
    return means.quantile(ends, dim=0).float()


def reliable_shares(
    accuracy: Tensor, upper: Tensor, chance: float, close: float = 0.0
) -> Tensor:
    """Share of the samples that each modality is to get (ours).

    ``q_u = max(0, accuracy_u - chance)`` and ``q_u / max q``. A modality is
    closed, with a share of 0, if even the upper end of its interval is no
    more useful than ``close`` times the best: ``upper_u - chance <= close max
    q``. If none is better than chance, nothing is known, and all get 1.

    Args:
        accuracy: Of each modality's own prediction on held-out samples,
            ``(K,)``.
        upper: Upper ends of their intervals, ``(K,)``.
        chance: Accuracy of guessing.
        close: In [0, 1).

    Returns:
        ``(K,)``, in [0, 1], the largest is 1.
    """
    useful = (accuracy - chance).clamp(min=0)
    best = float(useful.max())
    if best <= 0:
        return torch.ones_like(useful)
    is_open = upper - chance > close * best
    return torch.where(is_open, useful / best, 0.0)


def deal_shares(
    shares: Tensor, size: int, generator: torch.Generator | None = None
) -> Tensor:
    """Draw the samples that each modality gets.

    Args:
        shares: ``(K,)``, in [0, 1].
        size: N.
        generator: Source of randomness; seed it alike on all ranks.

    Returns:
        Bool ``(N, K)``; a modality with a share above 0 gets at least one
        sample.
    """
    keeps = torch.zeros(size, len(shares), dtype=torch.bool)
    for k, share in enumerate(shares.tolist()):
        order = torch.randperm(size, generator=generator)
        keeps[order[: math.ceil(round(share * size, 6))], k] = True
    return keeps
