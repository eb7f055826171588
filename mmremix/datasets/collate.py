"""Collate samples that do not all hold the same modalities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.dataset import pseudo_collate
from torch import Tensor
from torch.utils.data import default_collate

from mmremix.registry import FUNCTIONS
from mmremix.utils.sample_batch import SampleBatch


@FUNCTIONS.register_module()
def multimodal_collate(batch: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Collate a batch, whatever modalities its samples hold.

    :func:`~mmremix.apis.build_runner` takes it for every loader that names
    none. mmengine's ``pseudo_collate`` takes the keys of the first sample for
    those of all, and leaves every tensor by itself, to be copied to the main
    process one by one. With another one in a base config, write, with the
    prefix, since mmengine looks this name up without the default scope::

        train_dataloader = dict(
            collate_fn=dict(type='mmremix.multimodal_collate'), ...)

    Args:
        batch: Samples of :class:`PackAVInputs`. Others are collated as
            ``pseudo_collate`` does.

    Returns:
        ``inputs``, for each modality the inputs of the samples that hold
        it, in order: one tensor ``(B, ...)``, or a list where they are of
        several shapes or no tensors; and ``data_samples``, of all, as a
        :class:`SampleBatch` where they hold labels and meta information
        only.
    """
    first = batch[0]
    if not isinstance(first, dict) or not isinstance(
        first.get('inputs'), dict
    ):
        collated: dict[str, Any] = pseudo_collate(batch)
        return collated
    names = dict.fromkeys(n for sample in batch for n in sample['inputs'])
    return {
        'inputs': {
            name: _together(
                [s['inputs'][name] for s in batch if name in s['inputs']]
            )
            for name in names
        },
        'data_samples': SampleBatch.of(
            [sample['data_samples'] for sample in batch]
        ),
    }


def _together(values: list[Any]) -> Tensor | list[Any]:
    kinds = {
        (x.dtype, x.shape) if isinstance(x, Tensor) else None for x in values
    }
    if len(kinds) > 1 or None in kinds:
        return values
    if torch.utils.data.get_worker_info() is None:
        return torch.stack(values)
    # In memory that the main process shares.
    stacked: Tensor = default_collate(values)
    return stacked
