"""Batch sampler that owns the assignment of samples to modalities."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from mmengine.dataset import DefaultSampler
from torch import Tensor

from mmremix.datasets.remix_index import RemixIndex, sample_seed
from mmremix.registry import DATA_SAMPLERS
from mmremix.remix import ORDERS, TAILS, Batch, joint_plan, plan


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

    Raises:
        TypeError: If the sampler is no ``DefaultSampler``, or its data set
            does not name its modalities.
        ValueError: On an unknown ``order`` or ``tail``.
    """

    def __init__(
        self,
        sampler: DefaultSampler,
        batch_size: int,
        order: str = 'sequential',
        tail: str = 'keep',
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
        if batch_size < 1:
            raise ValueError(
                f'RemixSampler: batch_size must be positive, got {batch_size}'
            )
        # mmengine's DistSamplerSeedHook calls `.sampler.set_epoch`.
        self.sampler = sampler
        self.batch_size = batch_size
        self.order = order
        self.tail = tail
        self.modalities: tuple[str, ...] = tuple(modalities)
        self._assignments: Tensor | None = None

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

    def epoch_plan(self) -> list[Batch]:
        """This rank's batches of the sampler's current epoch."""
        generator = torch.Generator()
        generator.manual_seed(self.sampler.seed + self.sampler.epoch)
        num_samples = len(self.sampler.dataset)
        if self.sampler.shuffle:
            permutation = torch.randperm(num_samples, generator=generator)
        else:
            permutation = torch.arange(num_samples)
        if self._assignments is None:
            return joint_plan(
                permutation,
                batch_size=self.batch_size,
                world_size=self.sampler.world_size,
                rank=self.sampler.rank,
                tail=self.tail,
            )
        return plan(
            self._assignments,
            permutation,
            num_modalities=len(self.modalities),
            batch_size=self.batch_size,
            world_size=self.sampler.world_size,
            rank=self.sampler.rank,
            order=self.order,
            tail=self.tail,
            generator=generator,
        )

    def __iter__(self) -> Iterator[list[RemixIndex]]:
        seed, epoch = self.sampler.seed, self.sampler.epoch
        for batch in self.epoch_plan():
            active = (
                self.modalities
                if batch.modality is None
                else (self.modalities[batch.modality],)
            )
            yield [
                RemixIndex(index, active, sample_seed(seed, epoch, index))
                for index in batch.indices
            ]

    def __len__(self) -> int:
        return len(self.epoch_plan())
