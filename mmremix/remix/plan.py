"""Plan: from items to batches of one group, the same on every rank."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mmremix.remix.bucket import bucketed
from mmremix.remix.items import Items, occurrences, set_number

ORDERS = ('sequential', 'alternate', 'shuffled')
TAILS = ('keep', 'pad', 'drop', 'fixed')


class Batch(NamedTuple):
    """One rank's share of one step.

    Attributes:
        group: Group that every item of the batch belongs to, equal on all
            ranks at the same step.
        rows: Rows of the items, int64, at least one.
        complete: Whether the batch keeps all modalities, whatever its items
            say.
    """

    group: int
    rows: Tensor
    complete: bool = False


def plan(
    items: Items,
    permutation: Tensor,
    *,
    batch_size: int,
    world_size: int = 1,
    rank: int = 0,
    order: str = 'sequential',
    tail: str = 'keep',
    generator: torch.Generator | None = None,
    lengths: Tensor | None = None,
    window: int = 0,
) -> list[Batch]:
    """Arrange one epoch in batches of a single group (Eqs. 7 to 9).

    The items of each group, in the order that ``permutation`` gives their
    samples, are cut into steps of ``world_size * batch_size`` items, and each
    rank takes every ``world_size``-th of them. Copies of an item follow when
    all items were there once. Every rank that calls this with the same
    arguments (its own ``rank`` apart) gets the same number of batches, the
    same group and the same batch length at every step.

    Two groups that hold the same samples, one modality each, have them in the
    same batches: with ``order='alternate'`` each batch comes once a modality.

    Args:
        items: What to arrange. Items that keep no modality, and those whose
            sample is not in ``permutation``, are left out.
        permutation: Order of the samples, int64, ``(N,)``, each at most once.
        batch_size: Items per rank and step.
        world_size: Number of ranks.
        rank: This rank.
        order: How the batches of the groups follow each other.
            ``'sequential'``: all of the first group, then all of the next
            (as published, with video first); ``'alternate'``: spread evenly,
            strictly in turn if the counts are equal; ``'shuffled'``: at
            random.
        tail: What becomes of the items that do not fill a last batch.
            ``'keep'``: a smaller last batch (as published); on several ranks
            up to ``world_size - 1`` items are repeated so that all ranks
            step alike. ``'pad'``: repeat items to fill the batch.
            ``'drop'``: leave them out of this epoch. ``'fixed'``: as many
            batches as the items of all groups together would fill, shared
            among the groups in proportion (each at least one, if it has items
            and there are enough batches); all batches are full, items are
            repeated or left out to fit.
        generator: Source of randomness for ``order='shuffled'`` and for
            ``window``; seed it alike on all ranks.
        lengths: Of the items, ``(L,)``, to group like ones; see
            :func:`~mmremix.remix.bucket.item_lengths`.
        window: Steps of a group that are sorted by length together and then
            shuffled, see :func:`~mmremix.remix.bucket.bucketed`. 0 sorts
            nothing.

    Returns:
        This rank's batches, one per step.

    Raises:
        ValueError: On an unknown ``order`` or ``tail``, on tensors that do
            not match, or on values out of range.
    """
    _check_choice('order', order, ORDERS)
    _check_choice('tail', tail, TAILS)
    if batch_size < 1:
        raise ValueError(f'batch_size must be at least 1, got {batch_size}.')
    if not 0 <= rank < world_size:
        raise ValueError(
            f'rank must be in [0, {world_size}) for world_size='
            f'{world_size}, got {rank}.'
        )
    step = world_size * batch_size
    rows, turns = _in_order(items, permutation)
    groups = items.group[rows]
    numbers = torch.unique(groups).tolist()
    subsets = [rows[groups == number] for number in numbers]
    repeated = subsets
    if window and lengths is not None:
        # One seed, so that groups of the same samples stay alike.
        seed = int(torch.randint(2**62, (1,), generator=generator))
        subsets = [
            subset[
                bucketed(
                    turns[groups == number],
                    lengths[subset],
                    *(step, window, seed),
                )
            ]
            for number, subset in zip(numbers, subsets, strict=True)
        ]
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
    for number, subset, first, target in zip(
        numbers, subsets, repeated, targets, strict=True
    ):
        mine = _resize(subset, target, first)[rank::world_size]
        queues.append(
            [Batch(number, part) for part in torch.split(mine, batch_size)]
        )
        if not len(mine):  # torch splits nothing into one empty part
            queues[-1] = []
    return _arrange(queues, order, generator)


def split_batches(batches: list[Batch], parts: int) -> list[Batch]:
    """Cut every batch into so many, for gradient accumulation.

    An optimiser step over ``parts`` batches in a row then holds one group
    only. Plan with ``parts`` times the batch size, and split.

    Args:
        batches: One rank's plan.
        parts: How many; sizes differ by at most one item. A batch with fewer
            items than that repeats them.

    Returns:
        ``parts * len(batches)`` batches.

    Raises:
        ValueError: If ``parts`` is less than 1.
    """
    if parts < 1:
        raise ValueError(f'parts must be at least 1, got {parts}.')
    return [
        batch._replace(rows=part)
        for batch in batches
        for part in _resize(
            batch.rows, max(parts, len(batch.rows))
        ).tensor_split(parts)
    ]


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
        The plan with ``complete=True`` in these batches.

    Raises:
        ValueError: If ``share`` is out of range.
    """
    if not 0 <= share <= 1:
        raise ValueError(f'share must be between 0 and 1, got {share}.')
    shuffle = torch.randperm(len(batches), generator=generator)
    chosen = set(shuffle[: round(share * len(batches))].tolist())
    return [
        batch._replace(complete=True) if i in chosen else batch
        for i, batch in enumerate(batches)
    ]


def _in_order(items: Items, permutation: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of the items that have a place, in the order of the samples.

    And how many copies of each come before it.
    """
    if permutation.dim() != 1:
        raise ValueError(
            'permutation must be a vector, got shape '
            f'{tuple(permutation.shape)}.'
        )
    size = max(_extent(permutation), _extent(items.index))
    rank = torch.full((size,), -1)
    rank[permutation] = torch.arange(len(permutation))
    place = rank[items.index]
    rows = (items.active.any(dim=1) & (place >= 0)).nonzero().flatten()
    # Copies of equal items take turns, so that they share no batch.
    equal = items.index[rows] * 2 ** items.active.shape[1]
    turn = occurrences(equal + set_number(items.active[rows]))
    order = (turn * max(len(permutation), 1) + place[rows]).argsort(
        stable=True
    )
    return rows[order], turn[order]


def _extent(index: Tensor) -> int:
    """Smallest data set that holds all these indices."""
    return int(index.max()) + 1 if len(index) else 0


def _resize(
    subset: Tensor, target: int, repeated: Tensor | None = None
) -> Tensor:
    """Cut or cyclically repeat ``subset`` to ``target`` elements.

    What is repeated comes from the same elements in another order, if given.
    """
    if target <= len(subset):
        return subset[:target]
    again = subset if repeated is None else repeated
    times = _ceil_div(target, len(subset)) - 1
    return torch.cat([subset, again.repeat(times)])[:target]


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
            ((2 * i + 1) / (2 * len(queue)), place, batch)
            for place, queue in enumerate(queues)
            for i, batch in enumerate(queue)
        ]
        return [slot[2] for slot in sorted(slots, key=lambda s: s[:2])]
    return batches


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f'{name} must be one of {choices}, got {value!r}.')


def _ceil_div(a: int, b: int) -> int:
    return -(-a // b)
