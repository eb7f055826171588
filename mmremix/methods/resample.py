"""Resample: copies of samples whose modalities contribute too little.

Wei, Feng, Wang, Hu, "Enhancing Multimodal Cooperation via Sample-level
Modality Valuation" (SMV), CVPR 2024, arXiv 2309.06255.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import factorial

import torch
from torch import Tensor

from mmremix.utils.shapley import Subset, all_subsets


def sample_values(right: Mapping[Subset, Tensor]) -> Tensor:
    """Shapley value of each modality in each sample, times K factorial.

    The worth of a set S of modalities is |S| if the prediction from S is
    right, else 0; that of none is 0 (SMV, Eqs. 1 and 2). Times K! the values
    are integers, so that the rules that follow are exact. For two
    modalities the values are -.5, 0, .5, 1 or 1.5.

    Args:
        right: For each non-empty set of the K modalities, named in one
            order, whether the prediction from it is right, bool ``(N,)``.

    Returns:
        K! times the values, int64 ``(N, K)``, columns in the order of the
        names.

    Raises:
        ValueError: If a set is missing.
    """
    names = max(right, key=len)
    subsets = all_subsets(names)[1:]
    missing = [subset for subset in subsets if subset not in right]
    if missing:
        raise ValueError(
            f'The value of {names} needs the predictions from every set of '
            f'them; missing: {missing}.'
        )
    worth = {subset: len(subset) * right[subset].long() for subset in subsets}
    worth[()] = torch.zeros_like(worth[names])
    columns = []
    for name in names:
        total = torch.zeros_like(worth[()])
        for subset in all_subsets([n for n in names if n != name]):
            joined = tuple(n for n in names if n in (*subset, name))
            rest = len(names) - len(subset) - 1
            weight = factorial(len(subset)) * factorial(rest)
            total += weight * (worth[joined] - worth[subset])
        columns.append(total)
    return torch.stack(columns, dim=1)


def sample_copies(values: Tensor) -> Tensor:
    """Copies of each sample that keep one modality only, "sample level".

    Of two modalities, as published: a value of .5 gives 1 copy, 0 gives 2,
    -.5 gives 3, higher ones none. That is twice what is lacking to 1, a
    modality's fair share of a sample that is right. For more modalities the
    same, rounded up, is ours; no sample then gives a modality more than
    K + 1 copies.

    Args:
        values: Of :func:`sample_values`, ``(N, K)``.

    Returns:
        Copies of sample n that keep modality k, int64 ``(N, K)``.
    """
    whole = factorial(values.shape[1])
    # Minus a floor is a ceiling.
    return (-(2 * (values - whole) // whole)).clamp(min=0)


def modality_copies(
    means: Tensor, num_samples: int, alpha: float, generator: torch.Generator
) -> Tensor:
    """Copies that keep the weaker modality only, "modality level".

    ``alpha * 2 / 3 * gap * N`` samples drawn at random, where the gap is
    between the mean values of the two modalities. For more modalities (ours)
    the weakest gets them, and the gap is to the mean of the others.

    Args:
        means: Mean value of each modality, ``(K,)``.
        num_samples: N. More copies than N go round several times.
        alpha: How many copies a gap is worth.
        generator: Source of randomness; seed it alike on all ranks.

    Returns:
        As of :func:`sample_copies`.
    """
    means = means.double()
    counts = torch.zeros(num_samples, len(means), dtype=torch.long)
    if len(means) < 2:
        return counts
    weakest = int(means.argmin())
    others = (means.sum() - means[weakest]) / (len(means) - 1)
    gap = float(others - means[weakest])
    rounds, rest = divmod(
        round(alpha * 2 / 3 * gap * num_samples), num_samples
    )
    drawn = torch.randperm(num_samples, generator=generator)[:rest]
    counts[:, weakest] = rounds
    counts[drawn, weakest] += 1
    return counts
