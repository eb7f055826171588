"""Collate samples that do not all hold the same modalities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmremix.registry import FUNCTIONS


@FUNCTIONS.register_module()
def multimodal_collate(batch: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Collate a batch, whatever modalities its samples hold.

    mmengine's ``pseudo_collate`` takes the keys of the first sample for those
    of all. Write in the config, with the prefix, since mmengine looks this
    name up without the default scope::

        train_dataloader = dict(
            collate_fn=dict(type='mmremix.multimodal_collate'), ...)

    Args:
        batch: Samples of :class:`PackAVInputs`.

    Returns:
        ``inputs``, for each modality the tensors of the samples that hold
        it, in order; and ``data_samples``, of all.
    """
    names = dict.fromkeys(n for sample in batch for n in sample['inputs'])
    return {
        'inputs': {
            name: [s['inputs'][name] for s in batch if name in s['inputs']]
            for name in names
        },
        'data_samples': [sample['data_samples'] for sample in batch],
    }
