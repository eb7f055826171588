"""Items of like lengths in one batch."""

from __future__ import annotations

import torch
from torch import Tensor


def item_lengths(lengths: Tensor, index: Tensor, loaded: Tensor) -> Tensor:
    """How long each item is, over the modalities that it loads.

    Args:
        lengths: Steps of each sample, int64 ``(N, K)``; 0 where a modality
            has one length for all, or is not there.
        index: Sample of each item, ``(L,)``.
        loaded: Which modalities it loads, bool ``(L, K)``.

    Returns:
        Float ``(L,)``: the sum over the modalities, each relative to the
        longest sample's.
    """
    longest = lengths.max(dim=0).values.clamp(min=1)
    relative = lengths.double() / longest
    return (relative[index] * loaded).sum(dim=1)


def bucketed(
    turns: Tensor, lengths: Tensor, step: int, window: int, seed: int
) -> Tensor:
    """An order in which every step holds items of like lengths.

    So many steps in a row are sorted by length within; then the steps are
    shuffled. Copies of an item, of which each turn has one, stay apart. What
    does not fill a step stays where it is, at the end, so that which items a
    ``tail`` drops or repeats does not depend on their length.

    Args:
        turns: How many copies of an item come before it, in order, ``(L,)``.
        lengths: Of the items in the given (random) order, ``(L,)``.
        step: Items of a step, over all ranks.
        window: Steps that are sorted together.
        seed: Of the shuffle.

    Returns:
        Places of the items, int64 ``(L,)``.
    """
    whole = len(lengths) // step * step
    place = torch.arange(len(lengths))
    # By turn and length within the windows; equal ones as they were.
    keys = (lengths, turns, place // (step * window))
    order = place[:whole]
    for key in keys:
        order = order[key[order].argsort(stable=True)]
    generator = torch.Generator().manual_seed(seed)
    shuffle = torch.randperm(whole // step, generator=generator)
    steps = order.view(-1, step)[shuffle]
    return torch.cat([steps.flatten(), place[whole:]])
