"""Batch sampler that arranges an epoch's items in batches."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from mmengine.dataset import DefaultSampler
from torch import Tensor

from mmremix.datasets.remix_index import RemixIndex, sample_seed
from mmremix.datasets.samplers.checks import (
    check_options,
    check_sampler,
    read_lengths,
)
from mmremix.registry import DATA_SAMPLERS
from mmremix.remix import (
    Batch,
    Items,
    item_lengths,
    mix_in_joint,
    occurrences,
    plan,
    split_batches,
)
from mmremix.utils.errors import ConfigError


@DATA_SAMPLERS.register_module()
class RemixSampler:
    """Batch sampler for joint and for modality-pure epochs.

    Without :attr:`items` (during a warm-up, or in a run without a
    :class:`~mmremix.engine.PlanHook`) every sample comes once and keeps all
    modalities. With items, each sample comes as often and keeps what they
    say, in batches of one set of modalities, the same on all ranks at a step,
    as :func:`mmremix.remix.plan` arranges them. The decision and the
    augmentation seed of each sample travel in the index
    (:class:`~mmremix.datasets.RemixIndex`), so persistent workers always see
    the current ones.

    Of what a sample lacks (:meth:`MultimodalDataset.presence`) nothing is
    planned. Samples that lack the same share batches, in joint epochs too,
    whose batches then come in random order.

    Use it as the ``batch_sampler`` over mmengine's ``DefaultSampler``::

        train_dataloader = dict(
            batch_size=64,
            persistent_workers=True,
            num_workers=4,
            sampler=dict(type='DefaultSampler', shuffle=True),
            batch_sampler=dict(type='RemixSampler', order='sequential'),
            dataset=dict(type='AVDataset', ...))

    Args:
        sampler: Gives data set, shuffling, seed, epoch, rank and world size.
        batch_size: Samples per rank and step; the runner fills it in.
        order: ``'sequential'``, ``'alternate'`` or ``'shuffled'``, see
            :func:`mmremix.remix.plan`. Defaults to ``'sequential'``, as
            published.
        tail: ``'keep'``, ``'pad'``, ``'drop'`` or ``'fixed'``, see
            :func:`mmremix.remix.plan`. Defaults to ``'keep'``, as published.
        decouple: Whether a sample keeps only what its item says. Without,
            batches are grouped by it but keep all modalities (the paper's
            ablation "Reassemble").
        reassemble: Whether batches hold one set of modalities only. Without,
            they are drawn at random (the ablation "Decouple"), and the loader
            needs ``collate_fn=dict(type='mmremix.multimodal_collate')``.
        joint_share: Fraction of the batches of an epoch with items, chosen at
            random in each epoch, that keep all modalities. Defaults to 0, as
            published.
        passes: How many passes over the items make such an epoch. Defaults to
            1, as published.
        accumulation: The ``accumulative_counts`` of the optimiser wrapper.
            So many batches in a row then hold the same modality, and make
            one optimiser step. Defaults to 1.
        bucket: So many steps of a group, drawn at random, are sorted by
            length and then shuffled, so that batches of sequences that keep
            their length pad little; all ranks have like lengths at a step.
            More pads less and is less random. Defaults to 0, none.

    Raises:
        TypeError: If the sampler is no ``DefaultSampler``, or its data set
            does not name its modalities.
        ConfigError: On an unknown ``order`` or ``tail``, on numbers out of
            range, or on ``bucket`` where all lengths are equal.
    """

    load_masked = False
    """Whether masked modalities are decoded too; set by the hook for models
    that need to see them."""

    start = 0
    """Batches of the epoch that are left out because they were done; set by
    the loop of a run that is resumed. The length stays that of the epoch."""

    def __init__(
        self,
        sampler: DefaultSampler,
        batch_size: int,
        order: str = 'sequential',
        tail: str = 'keep',
        decouple: bool = True,
        reassemble: bool = True,
        joint_share: float = 0.0,
        passes: int = 1,
        accumulation: int = 1,
        bucket: int = 0,
    ) -> None:
        modalities = check_sampler(sampler)
        check_options(
            order=order,
            tail=tail,
            reassemble=reassemble,
            joint_share=joint_share,
            batch_size=batch_size,
            passes=passes,
            accumulation=accumulation,
        )
        # mmengine's DistSamplerSeedHook calls `.sampler.set_epoch`.
        self.sampler = sampler
        self.batch_size = batch_size
        self.order = order
        self.tail = tail
        self.decouple = decouple
        self.reassemble = reassemble
        self.joint_share = joint_share
        self.passes = passes
        self.accumulation = accumulation
        self.bucket = bucket
        self.modalities: tuple[str, ...] = modalities
        self._presence: Tensor | None = None
        presence = getattr(sampler.dataset, 'presence', lambda: None)()
        if presence is not None:
            self._presence = torch.from_numpy(presence)
        self._lengths = read_lengths(sampler, bucket) if bucket else None
        self._items: Items | None = None
        # The plan of one epoch; mmengine asks for its length at every step.
        self._planned: tuple[int, list[list[Batch]]] | None = None

    @property
    def items(self) -> Items | None:
        """What the next epochs train on; ``None`` for all of everything."""
        return self._items

    @items.setter
    def items(self, items: Items | None) -> None:
        if items is not None:
            size = (len(self.sampler.dataset), len(self.modalities))
            beyond = bool((items.index >= size[0]).any())
            if items.active.shape[1:] != (size[1],) or beyond:
                raise ConfigError(
                    'RemixSampler: got items with active of shape '
                    f'{tuple(items.active.shape)} and indices up to '
                    f'{int(items.index.max())} for a data set of {size[0]} '
                    f'samples with the modalities {self.modalities}.'
                )
            items = Items(*(part.detach().cpu() for part in items))
        self._items = items
        self._planned = None

    @property
    def lacks(self) -> bool:
        """Whether some samples lack a modality."""
        return self._presence is not None

    def epoch_plan(self) -> list[Batch]:
        """This rank's batches of the sampler's current epoch."""
        return [batch for batches in self._passes() for batch in batches]

    def epoch_groups(self) -> list[tuple[int, bool]]:
        """Group of each batch, and whether it keeps all; equal on all ranks.

        See :class:`mmremix.remix.Batch`.
        """
        return [(batch.group, batch.complete) for batch in self.epoch_plan()]

    def _passes(self) -> list[list[Batch]]:
        epoch = self.sampler.epoch
        if self._planned is None or self._planned[0] != epoch:
            self._planned = epoch, self._plan()
        return self._planned[1]

    def _plan(self) -> list[list[Batch]]:
        generator = torch.Generator()
        generator.manual_seed(self.sampler.seed + self.sampler.epoch)
        if self._items is None:
            steps = [self._pass(self._arranged(), generator)]
        else:
            steps = [
                mix_in_joint(
                    self._pass(self._arranged(), generator),
                    self.joint_share,
                    generator,
                )
                for _ in range(self.passes)
            ]
        return [split_batches(each, self.accumulation) for each in steps]

    def _arranged(self) -> Items:
        """The items as ``reassemble`` groups them."""
        items = self._items
        if items is None:
            items = Items.complete(
                len(self.sampler.dataset), len(self.modalities)
            )
        if self._presence is not None:
            items = items.within(self._presence, self.load_masked)
        elif self._items is None:
            return items
        return items if self.reassemble else items.together()

    def _pass(self, items: Items, generator: torch.Generator) -> list[Batch]:
        num_samples = len(self.sampler.dataset)
        permutation = torch.arange(num_samples)
        if self.sampler.shuffle:
            permutation = torch.randperm(num_samples, generator=generator)
        groups = self._items is not None and self.reassemble
        # One group is in random order as it is.
        order = self.order if groups else 'sequential'
        if self._items is None and self._presence is not None:
            order = 'shuffled'
        return plan(
            items,
            permutation,
            batch_size=self.batch_size * self.accumulation,
            world_size=self.sampler.world_size,
            rank=self.sampler.rank,
            order=order,
            tail=self.tail,
            generator=generator,
            lengths=self._item_lengths(items),
            window=self.bucket,
        )

    def _item_lengths(self, items: Items) -> Tensor | None:
        if self._lengths is None:
            return None
        # In turn, the groups have the same samples in the same batches.
        whole = (
            self._items is None
            or not self.decouple
            or self.load_masked
            or self.order == 'alternate'
        )
        loaded = torch.ones_like(items.active) if whole else items.active
        return item_lengths(self._lengths, items.index, loaded)

    def _active(self, batch: Batch) -> list[tuple[str, ...]]:
        """The modalities that the samples of a batch keep."""
        items, rows, presence = self._items, batch.rows, self._presence
        keeps_all = items is None or not self.decouple or batch.complete
        if keeps_all and presence is None:
            return [self.modalities] * len(rows)
        index = rows if items is None else items.index[rows]
        if items is None or keeps_all:
            assert presence is not None
            return self._names(presence[index])
        active = items.active[rows]
        return self._names(
            active if presence is None else active & presence[index]
        )

    def _names(self, active: Tensor) -> list[tuple[str, ...]]:
        return [
            tuple(
                name
                for name, keeps in zip(self.modalities, row, strict=True)
                if keeps
            )
            for row in active.tolist()
        ]

    def __iter__(self) -> Iterator[list[RemixIndex]]:
        seed, epoch = self.sampler.seed, self.sampler.epoch
        loaded = self.modalities if self.load_masked else None
        passes = self._passes()
        index, copy = None, None
        if self._items is not None:
            index, copy = self._items.index, occurrences(self._items.index)
        planned = [
            (number, batch)
            for number, batches in enumerate(passes)
            for batch in batches
        ]
        for number, batch in planned[self.start :]:
            rows = batch.rows
            samples = (rows if index is None else index[rows]).tolist()
            # Copies of a sample differ in their augmentation.
            turns = [0] * len(rows) if copy is None else copy[rows].tolist()
            yield [
                RemixIndex(
                    sample,
                    active,
                    sample_seed(
                        seed, epoch, sample, number + len(passes) * turn
                    ),
                    loaded,
                )
                for sample, active, turn in zip(
                    samples, self._active(batch), turns, strict=True
                )
            ]

    def __len__(self) -> int:
        return sum(map(len, self._passes()))
