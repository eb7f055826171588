"""Predict loaded samples, whatever is wrong with one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmaction.structures import ActionDataSample

from mmremix.apis.clip_list import CLIP_KEYS
from mmremix.apis.clip_pipeline import failed


@torch.no_grad()
def predict_items(
    model: Any, collate: Callable[..., Any], items: Sequence[dict[str, Any]]
) -> list[ActionDataSample]:
    """Predict together, or, where that fails, one by one.

    Args:
        model: With ``test_step``.
        collate: Of a data loader.
        items: Samples of :class:`~mmremix.apis.clip_pipeline.ClipPipeline`
            or :class:`~mmremix.apis.row_pipeline.RowPipeline`.

    Returns:
        In their order; one that cannot be predicted says why, in ``error``.
    """
    if not items:
        return []
    try:
        batch = collate(list(items))
        predicted: list[ActionDataSample] = model.test_step(batch)
        return predicted
    except Exception as error:
        # Inputs of two sizes, or too many for the memory.
        if len(items) > 1:
            return [predict_items(model, collate, [i])[0] for i in items]
        meta = items[0]['data_samples'].metainfo
        sample = failed(meta, error)['data_samples']
        keys = ('missing', 'notes', 'row', *CLIP_KEYS)
        sample.set_metainfo({k: meta[k] for k in keys if k in meta})
        return [sample]
