"""Plan: from assignments to batches that hold one modality only."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mmremix.remix.assign import UNASSIGNED

ORDERS = ('sequential', 'alternate', 'shuffled')
TAILS = ('keep', 'pad', 'drop', 'fixed')


class Batch(NamedTuple):
    """One rank's share of one step.

    Attributes:
        modality: Column index of the modality that every sample of the batch
            keeps, equal on all ranks at the same step; ``None`` if the batch
            keeps all modalities.
        indices: Data set indices, at least one.
    """

    modality: int | None
    indices: list[int]


def plan(
    assignments: Tensor,
    permutation: Tensor,
    *,
    num_modalities: int,
    batch_size: int,
    world_size: int = 1,
    rank: int = 0,
    order: str = 'sequential',
    tail: str = 'keep',
    generator: torch.Generator | None = None,
) -> list[Batch]:
    """Arrange one epoch in batches of a single modality (Eqs. 7 to 9).

    The samples of each modality, in the order of ``permutation``, are cut
    into steps of ``world_size * batch_size`` samples, and each rank takes
    every ``world_size``-th of them. Every rank that calls this with the same
    arguments (its own ``rank`` apart) gets the same number of batches, the
    same modality and the same batch length at every step.

    Args:
        assignments: Modality of each sample, shape ``(N,)``, values in
            ``[0, num_modalities)`` or :data:`UNASSIGNED` (left out).
        permutation: Order of the samples, shape ``(N,)``.
        num_modalities: K.
        batch_size: Samples per rank and step.
        world_size: Number of ranks.
        rank: This rank.
        order: How the batches of the modalities follow each other.
            ``'sequential'``: all of modality 0, then all of modality 1, ...
            (as published, with video first); ``'alternate'``: spread evenly,
            strictly in turn if the counts are equal; ``'shuffled'``: at
            random.
        tail: What becomes of the samples that do not fill a last batch.
            ``'keep'``: a smaller last batch (as published); on several ranks
            up to ``world_size - 1`` samples are repeated so that all ranks
            step alike. ``'pad'``: repeat samples to fill the batch.
            ``'drop'``: leave them out of this epoch. ``'fixed'``: as many
            batches as an epoch with all modalities has, shared among the
            modalities in proportion (each at least one, if it has samples and
            there are enough batches); all batches are full, samples are
            repeated or left out to fit.
        generator: Source of randomness for ``order='shuffled'``; seed it
            alike on all ranks.

    Returns:
        This rank's batches, one per step.

    Raises:
        ValueError: On an unknown ``order`` or ``tail``, on tensors that do
            not match, or on values out of range.
    """
    _check(assignments, permutation, num_modalities, batch_size)
    _check_choice('order', order, ORDERS)
    _check_choice('tail', tail, TAILS)
    if not 0 <= rank < world_size:
        raise ValueError(
            f'rank must be in [0, {world_size}) for world_size='
            f'{world_size}, got {rank}.'
        )
    step = world_size * batch_size
    owners = assignments[permutation]
    subsets = [permutation[owners == k] for k in range(num_modalities)]
    sizes = [len(subset) for subset in subsets]
    if tail == 'fixed':
        steps = _share(_ceil_div(sum(sizes), step), sizes)
        targets = [count * step for count in steps]
    elif tail == 'pad':
        targets = [_ceil_div(size, step) * step for size in sizes]
    elif tail == 'drop':
        targets = [size // step * step for size in sizes]
    else:
        targets = [_ceil_div(size, world_size) * world_size for size in sizes]

    queues: list[list[Batch]] = []
    for modality, (subset, target) in enumerate(
        zip(subsets, targets, strict=True)
    ):
        mine = _resize(subset, target)[rank::world_size].tolist()
        queues.append(
            [
                Batch(modality, mine[start : start + batch_size])
                for start in range(0, len(mine), batch_size)
            ]
        )
    return _arrange(queues, order, generator)


def joint_plan(
    permutation: Tensor,
    *,
    batch_size: int,
    world_size: int = 1,
    rank: int = 0,
    tail: str = 'keep',
) -> list[Batch]:
    """Arrange one epoch in batches that keep all modalities (the warm-up).

    Args and errors are those of :func:`plan`.
    """
    batches = plan(
        torch.zeros(_extent(permutation), dtype=torch.int64),
        permutation,
        num_modalities=1,
        batch_size=batch_size,
        world_size=world_size,
        rank=rank,
        tail=tail,
    )
    return [Batch(None, batch.indices) for batch in batches]


def split_batches(batches: list[Batch], parts: int) -> list[Batch]:
    """Cut every batch into so many, for gradient accumulation.

    An optimiser step over ``parts`` batches in a row then holds one modality
    only, if each of ``batches`` does. Plan with ``parts`` times the batch
    size, and split.

    Args:
        batches: One rank's plan.
        parts: How many; sizes differ by at most one sample. A batch with
            fewer samples than that repeats them.

    Returns:
        ``parts * len(batches)`` batches.

    Raises:
        ValueError: If ``parts`` is less than 1.
    """
    if parts < 1:
        raise ValueError(f'parts must be at least 1, got {parts}.')
    split = []
    for modality, indices in batches:
        repeats = _ceil_div(parts, len(indices))
        enough = (indices * repeats)[: max(parts, len(indices))]
        split += [
            Batch(modality, [enough[place] for place in places.tolist()])
            for places in torch.arange(len(enough)).tensor_split(parts)
        ]
    return split


def mix_in_joint(
    batches: list[Batch],
    share: float,
    generator: torch.Generator | None = None,
) -> list[Batch]:
    """Let a random part of the batches keep all modalities.

    Args:
        batches: A plan.
        share: Fraction of the batches, in ``[0, 1]``, rounded.
        generator: Source of randomness; seed it alike on all ranks.

    Returns:
        The plan with ``modality=None`` in these batches.

    Raises:
        ValueError: If ``share`` is out of range.
    """
    if not 0 <= share <= 1:
        raise ValueError(f'share must be between 0 and 1, got {share}.')
    shuffle = torch.randperm(len(batches), generator=generator)
    chosen = set(shuffle[: round(share * len(batches))].tolist())
    return [
        batch._replace(modality=None) if i in chosen else batch
        for i, batch in enumerate(batches)
    ]


def _extent(permutation: Tensor) -> int:
    """Smallest data set that holds all indices of ``permutation``."""
    return int(permutation.max()) + 1 if len(permutation) else 0


def _resize(subset: Tensor, target: int) -> Tensor:
    """Cut or cyclically repeat ``subset`` to ``target`` elements."""
    if target <= len(subset):
        return subset[:target]
    return subset.repeat(_ceil_div(target, len(subset)))[:target]


def _share(total: int, sizes: list[int]) -> list[int]:
    """Split ``total`` steps by largest remainder, no non-empty part at 0."""
    whole = sum(sizes)
    if whole == 0:
        return [0 for _ in sizes]
    shares = [total * size // whole for size in sizes]
    by_remainder = sorted(
        range(len(sizes)), key=lambda k: (-(total * sizes[k] % whole), k)
    )
    for k in by_remainder[: total - sum(shares)]:
        shares[k] += 1
    for k, size in enumerate(sizes):
        richest = max(range(len(shares)), key=lambda j: shares[j])
        if size and not shares[k] and shares[richest] > 1:
            shares[richest] -= 1
            shares[k] = 1
    return shares


def _arrange(
    queues: list[list[Batch]],
    order: str,
    generator: torch.Generator | None,
) -> list[Batch]:
    batches = [batch for queue in queues for batch in queue]
    if order == 'shuffled':
        shuffle = torch.randperm(len(batches), generator=generator)
        return [batches[i] for i in shuffle.tolist()]
    if order == 'alternate':
        # The i-th of n batches belongs at (i + 1/2) / n of the epoch.
        slots = [
            ((2 * i + 1) / (2 * len(queue)), modality, batch)
            for modality, queue in enumerate(queues)
            for i, batch in enumerate(queue)
        ]
        return [slot[2] for slot in sorted(slots, key=lambda s: s[:2])]
    return batches


def _check(
    assignments: Tensor,
    permutation: Tensor,
    num_modalities: int,
    batch_size: int,
) -> None:
    if batch_size < 1:
        raise ValueError(f'batch_size must be at least 1, got {batch_size}.')
    if assignments.dim() != 1 or permutation.dim() != 1:
        raise ValueError(
            'assignments and permutation must be vectors, got shapes '
            f'{tuple(assignments.shape)} and {tuple(permutation.shape)}.'
        )
    if _extent(permutation) > len(assignments):
        raise ValueError(
            f'permutation names sample {_extent(permutation) - 1}, but there '
            f'are assignments for {len(assignments)} samples only.'
        )
    if len(assignments):
        lowest, highest = int(assignments.min()), int(assignments.max())
        if lowest < UNASSIGNED or highest >= num_modalities:
            raise ValueError(
                f'assignments must be in [0, {num_modalities}) or '
                f'{UNASSIGNED}, got values from {lowest} to {highest}.'
            )


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f'{name} must be one of {choices}, got {value!r}.')


def _ceil_div(a: int, b: int) -> int:
    return -(-a // b)
