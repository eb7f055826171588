"""What a model says of one clip, and what without each modality."""

from __future__ import annotations

from typing import Any, NamedTuple

from mmremix.apis.av_inferencer import AVInferencer
from mmremix.apis.predict_items import predict_items
from mmremix.apis.prediction_entry import entry_of

TAKEN = 'taken away'
"""The reason for which such a modality is missing."""


class Answers(NamedTuple):
    """Entries as :meth:`AVInferencer.postprocess` describes them.

    Attributes:
        all: With everything that the clip has.
        without: By the modality that was taken away; none of a clip with one
            modality.
    """

    all: dict[str, Any]
    without: dict[str, dict[str, Any]]


def without_each(
    inferencer: AVInferencer, clip: Any, topk: int = 5
) -> Answers:
    """Predict one clip or row, which is loaded once.

    Example::

        found = without_each(inferencer, 'clip.mp4')
        found.without['audio']['topk']['fusion'][0]  # the picture alone

    Args:
        inferencer: The model.
        clip: As for :meth:`AVInferencer.__call__`, one.
        topk: Classes per prediction.

    Raises:
        ValueError: If it is not one clip.
    """
    if topk < 1:
        raise ValueError(f'topk must be positive, got {topk}.')
    given = inferencer._inputs_to_list(clip)
    if len(given) != 1:
        raise ValueError(f'Name one clip or row, not {len(given)}: {clip!r}.')
    loaded = inferencer.pipeline(given[0])
    names = list(loaded['inputs'])
    items = [loaded] if names else []
    taken = names if len(names) > 1 else []
    items += [_without(loaded, name) for name in taken]
    samples = [
        sample
        for item in items  # one by one: they hold different modalities
        for sample in predict_items(
            inferencer.model, inferencer.collate_fn, [item]
        )
    ] or [loaded['data_samples']]
    whole, *rest = (entry_of(s, inferencer.classes, topk) for s in samples)
    return Answers(whole, dict(zip(taken, rest, strict=True)))


def _without(item: dict[str, Any], name: str) -> dict[str, Any]:
    inputs = {k: v for k, v in item['inputs'].items() if k != name}
    sample = item['data_samples'].clone()
    missing = {**sample.metainfo['missing'], name: TAKEN}
    sample.set_metainfo(
        {
            'active_modalities': tuple(inputs),
            'loaded_modalities': tuple(inputs),
            'missing': missing,
        }
    )
    return {**item, 'inputs': inputs, 'data_samples': sample}
