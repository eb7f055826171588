"""Predictions as plain dicts, and names for annotated copies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmaction.structures import ActionDataSample

from mmremix.apis.clip_list import CLIP_KEYS
from mmremix.evaluation.metrics.finite import not_finite
from mmremix.utils.names import FUSION, READOUT


def entry_of(
    sample: ActionDataSample, classes: Sequence[str], topk: int
) -> dict[str, Any]:
    """Make a dict of a sample that ``AVInferencer`` predicted.

    Args:
        sample: With or without a prediction.
        classes: Names, by index.
        topk: Classes to list; all, if there are fewer.

    Returns:
        See ``AVInferencer.postprocess``.
    """
    meta = sample.metainfo
    given = sample.get('pred_score', {})
    error, bad = meta.get('error'), not_finite(given)
    if bad:
        error, given = f'the predictions of {bad} are NaN or infinite', {}
    top = {}
    for name, scores in given.items():
        values, labels = scores.cpu().topk(min(topk, len(classes)))
        top[name] = [
            {'label': label, 'class': classes[label], 'score': value}
            for label, value in zip(
                labels.tolist(), values.tolist(), strict=True
            )
        ]
    there = list(meta['active_modalities'])
    # The fused head knows no more, and after joint training often less.
    best = READOUT if READOUT in top else FUSION
    if meta['missing'] and len(there) == 1:
        best = there[0]
    return {
        **{key: meta[key] for key in (*CLIP_KEYS, 'row') if key in meta},
        'modalities': there,
        'missing': dict(meta['missing']),
        'notes': list(meta['notes']),
        'error': error,
        'answer': {'from': best, **top[best][0]} if top else None,
        'topk': top,
    }


def free_name(folder: Path, clip: str, taken: set[Path]) -> Path:
    """Name the annotated copy of a clip, and add the name to ``taken``.

    Raises:
        ValueError: If the copy would replace the clip.
    """
    stem = Path(clip).stem
    target = folder / f'{stem}.mp4'
    number = 2
    while target in taken:
        target = folder / f'{stem}_{number}.mp4'
        number += 1
    if target.resolve() == Path(clip).resolve():
        raise ValueError(
            f'out_dir={str(folder)!r} is where {clip} lies: it would be '
            'written over. Name another folder.'
        )
    taken.add(target)
    return target
