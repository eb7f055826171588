"""Items: which samples an epoch trains on, and with which modalities."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mmremix.remix.assign import UNASSIGNED


class Items(NamedTuple):
    """L items, each a sample and the modalities that it keeps.

    A sample may be there several times, with the same modalities or others,
    or not at all. What an item is grouped by, usually its modalities, decides
    which items share a batch.

    Attributes:
        index: Data set index, int64 ``(L,)``.
        active: Which of the K modalities the item keeps, bool ``(L, K)``. An
            item that keeps none has no place in a plan.
        group: Items of equal numbers may share a batch, int64 ``(L,)``; lower
            numbers come first in a sequential plan.
    """

    # Hides tuple.index, which nobody needs here.
    index: Tensor  # type: ignore[assignment]
    active: Tensor
    group: Tensor

    @classmethod
    def pure(cls, index: Tensor, active: Tensor) -> Items:
        """Items grouped by their modalities.

        Sets with the first modality come first, and of those, sets with the
        second: all, then the first alone, then the second alone, ...

        Args:
            index: See :class:`Items`.
            active: See :class:`Items`.

        Raises:
            ValueError: If the shapes do not match.
        """
        if active.dim() != 2 or index.shape != active.shape[:1]:
            raise ValueError(
                'Items need index of shape (L,) and active of shape (L, K), '
                f'got {tuple(index.shape)} and {tuple(active.shape)}.'
            )
        return cls(index.long(), active.bool(), set_number(active))

    @classmethod
    def complete(cls, num_samples: int, num_modalities: int) -> Items:
        """Every sample once, with all modalities: joint training."""
        return cls.pure(
            torch.arange(num_samples),
            torch.ones(num_samples, num_modalities, dtype=torch.bool),
        )

    @classmethod
    def one_each(cls, assignments: Tensor, num_modalities: int) -> Items:
        """Every sample once, with its assigned modality (Eq. 3).

        Args:
            assignments: Column of each sample, shape ``(N,)``;
                :data:`~mmremix.remix.UNASSIGNED` keeps none.
            num_modalities: K.

        Raises:
            ValueError: If an assignment is none of the K columns.
        """
        columns = assignments.long()
        if len(columns):
            lowest, highest = int(columns.min()), int(columns.max())
            if lowest < UNASSIGNED or highest >= num_modalities:
                raise ValueError(
                    f'assignments must be in [0, {num_modalities}) or '
                    f'{UNASSIGNED}, got values from {lowest} to {highest}.'
                )
        active = columns[:, None] == torch.arange(num_modalities)
        return cls.pure(torch.arange(len(columns)), active)

    @classmethod
    def every_modality(cls, num_samples: int, num_modalities: int) -> Items:
        """Every sample once with each modality alone, K times N items."""
        counts = torch.ones(num_samples, num_modalities, dtype=torch.long)
        return cls.copies(counts)

    @classmethod
    def copies(cls, counts: Tensor) -> Items:
        """So many copies of each sample with one modality alone.

        Args:
            counts: Copies of sample n that keep modality k, ``(N, K)``.
        """
        num_samples, num_modalities = counts.shape
        columns = torch.arange(num_modalities).expand(num_samples, -1)
        repeats = counts.flatten()
        column = columns.flatten().repeat_interleave(repeats)
        index = torch.arange(num_samples).repeat_interleave(counts.sum(1))
        return cls.pure(index, column[:, None] == torch.arange(num_modalities))

    def join(self, other: Items) -> Items:
        """These items and others, each with its own group."""
        pairs = zip(self, other, strict=True)
        return Items(*(torch.cat(pair) for pair in pairs))

    def together(self) -> Items:
        """The same items in one group: batches drawn at random."""
        return self._replace(group=torch.zeros_like(self.group))

    def unmasked(self) -> Items:
        """The same items and groups, all modalities kept.

        Items that keep none stay without.
        """
        whole = self.active.any(dim=1, keepdim=True).expand_as(self.active)
        return self._replace(active=whole)

    def within(self, presence: Tensor, whole: bool = False) -> Items:
        """The same items, without what their samples lack.

        Items of one group that then keep other sets get groups of their
        own, so a batch still holds one set. An item of which nothing remains
        keeps none.

        Args:
            presence: Which modalities each sample has, bool ``(N, K)``.
            whole: Whether samples that lack other modalities get groups of
                their own too: for models that see what is masked.
        """
        there = presence[self.index].bool()
        active = self.active & there
        keys = [set_number(active)]
        if not torch.equal(self.group, set_number(self.active)):
            keys.insert(0, self.group)
        if whole:
            keys.append(set_number(there))
        group = keys[0]
        if len(keys) > 1:
            group = torch.unique(
                torch.stack(keys, dim=1), dim=0, return_inverse=True
            )[1]
        return Items(self.index, active, group)

    def counts(self) -> Tensor:
        """How many items keep each modality, int64 ``(K,)``."""
        return self.active.sum(dim=0)


def set_number(active: Tensor) -> Tensor:
    """Number of each row's set of modalities, int64 ``(L,)``; 0 for all."""
    number = torch.zeros(len(active), dtype=torch.int64)
    # One modality at a time: a product of all would be K times as large.
    for there in active.unbind(dim=1):
        number = 2 * number + ~there.bool()
    return number


def occurrences(keys: Tensor) -> Tensor:
    """How many earlier entries are equal, int64 ``(L,)``.

    Args:
        keys: Integers, ``(L,)``.
    """
    # Most often every sample comes once, in its order.
    if bool((keys[1:] > keys[:-1]).all()):
        return torch.zeros_like(keys)
    order = keys.argsort(stable=True)
    ordered = keys[order]
    places = torch.arange(len(keys))
    is_first = torch.ones_like(ordered, dtype=torch.bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    first = torch.where(is_first, places, 0).cummax(dim=0).values
    found = torch.empty_like(places)
    found[order] = places - first
    return found
