"""Whether a batch sampler can work, before it is made."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dataset import DefaultSampler
from torch import Tensor

from mmremix.remix import ORDERS, TAILS
from mmremix.utils.errors import ConfigError


def check_sampler(sampler: Any) -> tuple[str, ...]:
    """The modalities of its data set.

    Raises:
        TypeError: On another sampler than mmengine's, or another data set.
    """
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
    return tuple(modalities)


def check_options(
    *,
    order: str,
    tail: str,
    reassemble: bool,
    joint_share: float,
    **least_one: int,
) -> None:
    """Refuse unknown words and numbers out of range.

    Args:
        order: Of :class:`RemixSampler`.
        tail: The same.
        reassemble: The same.
        joint_share: The same.
        least_one: Numbers that must be 1 or more.

    Raises:
        ConfigError: With the value, and what to write.
    """
    for name, value, choices in (
        ('order', order, ORDERS),
        ('tail', tail, TAILS),
    ):
        if value not in choices:
            raise ConfigError(
                f'RemixSampler: {name} must be one of {choices}, got '
                f'{value!r}. Write: batch_sampler=dict('
                f"type='RemixSampler', {name}='{choices[0]}')"
            )
    for name, number in least_one.items():
        if number < 1:
            raise ConfigError(
                f'RemixSampler: {name} must be at least 1, got {number}.'
            )
    if not 0 <= joint_share <= 1:
        raise ConfigError(
            f'RemixSampler: joint_share must be in [0, 1], got {joint_share}.'
        )
    if joint_share and not reassemble:
        raise ConfigError(
            'RemixSampler: joint_share keeps whole batches, which are '
            'mixed without reassembling. Write: joint_share=0.0'
        )


def read_lengths(sampler: DefaultSampler, bucket: Any) -> Tensor:
    """Steps of each sample, int64 ``(N, K)``, by which batches are made.

    Raises:
        ConfigError: On a ``bucket`` that is no number of steps, without
            shuffling, or if the samples do not differ in length.
    """
    if isinstance(bucket, bool) or not isinstance(bucket, int) or bucket < 0:
        raise ConfigError(
            f'RemixSampler: bucket must be a whole number of steps, got '
            f'{bucket!r}. Write: bucket=20, or 0 for none'
        )
    if not sampler.shuffle:
        raise ConfigError(
            'RemixSampler: bucket arranges steps at random, and the sampler '
            "does not shuffle. Write: sampler=dict(type='DefaultSampler', "
            'shuffle=True)'
        )
    lengths = getattr(sampler.dataset, 'lengths', lambda: None)()
    if lengths is None:
        raise ConfigError(
            f'RemixSampler: bucket={bucket} groups sequences by length, and '
            'no modality of the data set keeps its length. Write in a '
            "TableDataset: modalities=dict(skeleton=dict(reader='npy', "
            "length=None)), in an ArrayDataset padded=['skeleton'], or "
            'bucket=0'
        )
    return torch.from_numpy(lengths)
