"""Batch sampler that owns the assignment of samples to modalities."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from mmengine.dataset import DefaultSampler
from torch import Tensor

from mmremix.datasets.remix_index import RemixIndex, sample_seed
from mmremix.registry import DATA_SAMPLERS
from mmremix.remix import (
    ORDERS,
    TAILS,
    UNASSIGNED,
    Batch,
    joint_plan,
    mix_in_joint,
    plan,
    split_batches,
)


@DATA_SAMPLERS.register_module()
class RemixSampler:
    """Batch sampler for the warm-up and for modality-pure epochs.

    Without assignments (during the warm-up, or in a run without
    :class:`~mmremix.engine.KLScoreHook`) every batch keeps all modalities.
    With assignments every batch keeps a single one, the same on all ranks at
    a step, as :func:`mmremix.remix.plan` arranges it. The decision and the
    augmentation seed of each sample travel in the index
    (:class:`~mmremix.datasets.RemixIndex`), so persistent workers always see
    the current ones.

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
        decouple: Whether a sample keeps its assigned modality only. Without,
            batches are grouped by assignment but keep all modalities (the
            paper's ablation "Reassemble").
        reassemble: Whether batches hold one assignment only. Without, they
            are drawn at random (the ablation "Decouple"), and the loader
            needs ``collate_fn=dict(type='mmremix.multimodal_collate')``.
        joint_share: Fraction of a remix epoch's batches, chosen at random in
            each epoch, that keep all modalities. Defaults to 0, as
            published.
        passes: How many passes over the samples make a remix epoch. Defaults
            to 1, as published.
        accumulation: The ``accumulative_counts`` of the optimiser wrapper.
            So many batches in a row then hold the same modality, and make
            one optimiser step. Defaults to 1.

    Raises:
        TypeError: If the sampler is no ``DefaultSampler``, or its data set
            does not name its modalities.
        ValueError: On an unknown ``order`` or ``tail``, or on numbers out of
            range.
    """

    load_masked = False
    """Whether masked modalities are decoded too; set by the hook for models
    that need to see them."""

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
    ) -> None:
        if not isinstance(sampler, DefaultSampler):
            raise TypeError(
                "RemixSampler works over mmengine's DefaultSampler, got "
                f'{type(sampler).__name__}. Write in train_dataloader:\n'
                "    sampler=dict(type='DefaultSampler', shuffle=True),\n"
                "    batch_sampler=dict(type='RemixSampler'),"
            )
        modalities = getattr(sampler.dataset, 'modalities', None)
        if not modalities:
            raise TypeError(
                f'{type(sampler.dataset).__name__} has no `modalities`. '
                'RemixSampler needs a data set that takes the active '
                'modalities with the index: use AVDataset, or derive yours '
                'from mmremix.datasets.MultimodalDataset.'
            )
        for name, value, choices in (
            ('order', order, ORDERS),
            ('tail', tail, TAILS),
        ):
            if value not in choices:
                raise ValueError(
                    f'RemixSampler: {name} must be one of {choices}, got '
                    f'{value!r}. Write: batch_sampler=dict('
                    f"type='RemixSampler', {name}='{choices[0]}')"
                )
        for name, value, valid, wanted in (
            ('batch_size', batch_size, batch_size >= 1, 'at least 1'),
            ('passes', passes, passes >= 1, 'at least 1'),
            ('accumulation', accumulation, accumulation >= 1, 'at least 1'),
            ('joint_share', joint_share, 0 <= joint_share <= 1, 'in [0, 1]'),
        ):
            if not valid:
                raise ValueError(
                    f'RemixSampler: {name} must be {wanted}, got {value}.'
                )
        if joint_share and not reassemble:
            raise ValueError(
                'RemixSampler: joint_share keeps whole batches, which are '
                'mixed without reassembling. Write: joint_share=0.0'
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
        self.modalities: tuple[str, ...] = tuple(modalities)
        self._assignments: Tensor | None = None
        # The plan of one epoch; mmengine asks for its length at every step.
        self._planned: tuple[int, list[list[Batch]]] | None = None

    @property
    def assignments(self) -> Tensor | None:
        """Modality column of each sample, or ``None`` for joint batches."""
        return self._assignments

    @assignments.setter
    def assignments(self, assignments: Tensor | None) -> None:
        if assignments is not None:
            num_samples = len(self.sampler.dataset)
            if tuple(assignments.shape) != (num_samples,):
                raise ValueError(
                    f'RemixSampler: got assignments of shape '
                    f'{tuple(assignments.shape)} for a data set of '
                    f'{num_samples} samples.'
                )
            assignments = assignments.detach().cpu().long()
        self._assignments = assignments
        self._planned = None

    def epoch_plan(self) -> list[Batch]:
        """This rank's batches of the sampler's current epoch."""
        return [batch for batches in self._passes() for batch in batches]

    def _passes(self) -> list[list[Batch]]:
        epoch = self.sampler.epoch
        if self._planned is None or self._planned[0] != epoch:
            self._planned = epoch, self._plan()
        return self._planned[1]

    def _plan(self) -> list[list[Batch]]:
        generator = torch.Generator()
        generator.manual_seed(self.sampler.seed + self.sampler.epoch)
        if self._assignments is None:
            steps = [self._joint_pass(generator)]
        else:
            steps = [
                mix_in_joint(
                    self._pure_pass(generator)
                    if self.reassemble
                    else self._joint_pass(generator),
                    self.joint_share,
                    generator,
                )
                for _ in range(self.passes)
            ]
        return [split_batches(each, self.accumulation) for each in steps]

    def _permutation(self, generator: torch.Generator) -> Tensor:
        num_samples = len(self.sampler.dataset)
        if self.sampler.shuffle:
            return torch.randperm(num_samples, generator=generator)
        return torch.arange(num_samples)

    def _joint_pass(self, generator: torch.Generator) -> list[Batch]:
        permutation = self._permutation(generator)
        if self._assignments is not None:
            scored = self._assignments[permutation] != UNASSIGNED
            permutation = permutation[scored]
        return joint_plan(
            permutation,
            batch_size=self.batch_size * self.accumulation,
            world_size=self.sampler.world_size,
            rank=self.sampler.rank,
            tail=self.tail,
        )

    def _pure_pass(self, generator: torch.Generator) -> list[Batch]:
        return plan(
            self._assignments,
            self._permutation(generator),
            num_modalities=len(self.modalities),
            batch_size=self.batch_size * self.accumulation,
            world_size=self.sampler.world_size,
            rank=self.sampler.rank,
            order=self.order,
            tail=self.tail,
            generator=generator,
        )

    def _active(self, batch: Batch, index: int) -> tuple[str, ...]:
        """The modalities that a sample of a batch keeps."""
        masks = self._assignments is not None and self.decouple
        if not masks or (self.reassemble and batch.modality is None):
            return self.modalities
        return (self.modalities[self._assignments[index]],)

    def __iter__(self) -> Iterator[list[RemixIndex]]:
        seed, epoch = self.sampler.seed, self.sampler.epoch
        loaded = self.modalities if self.load_masked else None
        for number, batches in enumerate(self._passes()):
            for batch in batches:
                yield [
                    RemixIndex(
                        index,
                        self._active(batch, index),
                        sample_seed(seed, epoch, index, number),
                        loaded,
                    )
                    for index in batch.indices
                ]

    def __len__(self) -> int:
        return sum(map(len, self._passes()))
