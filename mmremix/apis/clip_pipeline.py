"""Run a test pipeline on a clip of which a part may be missing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform

from mmremix.datasets.media import BrokenMediaError, open_audio, open_video
from mmremix.datasets.media.segment import EDGE_TOLERANCE
from mmremix.datasets.remix_index import sample_seed
from mmremix.datasets.seeded import seeded
from mmremix.datasets.transforms import DecodeAudio, DecodeVideo, ForModality
from mmremix.registry import TRANSFORMS

_SILENT = 1e-4  # of full scale, -80 dB
_ONE_COLOUR = 4  # levels of 256; what a codec makes of one


class ClipPipeline:
    """A config's test pipeline, for single clips and without labels.

    A modality that cannot be had (no such stream, a segment outside of it,
    damaged) is left out: the sample keeps the others as
    ``active_modalities``, which is the model's own form of a masked one.
    Random transforms such as noise are seeded, so that a clip has one answer.

    Args:
        dataset_cfg: The config's ``test_dataloader.dataset``: its
            ``pipeline``, and its ``margin`` for clips with a segment.
        modalities: Those of the model.
        read: Those that an answer is made of. The others are loaded only of
            a clip that has none of these. Defaults to all.
        blank_is_missing: Whether sound without a sample above -80 dB, and
            pictures of one colour, count as missing.

    Raises:
        ValueError: If the pipeline does not make one of the modalities.
    """

    def __init__(
        self,
        dataset_cfg: Mapping[str, Any],
        modalities: Sequence[str],
        blank_is_missing: bool = True,
        read: Sequence[str] | None = None,
    ) -> None:
        self.modalities = tuple(modalities)
        self.read = self.modalities if read is None else tuple(read)
        self.margin = float(dataset_cfg.get('margin', 0.0))
        self.steps = [
            TRANSFORMS.build(dict(step)) if isinstance(step, Mapping) else step
            for step in dataset_cfg['pipeline']
        ]
        parts = [step for step in self.steps if isinstance(step, ForModality)]
        lacking = set(modalities) - {part.modality for part in parts}
        if lacking:
            raise ValueError(
                f'The pipeline of test_dataloader.dataset does not make '
                f'{sorted(lacking)}. Write for each:\n'
                "    dict(type='ForModality', modality=..., output=..., "
                'transforms=[...])'
            )
        if blank_is_missing:
            for part in parts:
                part.transforms.transforms = [
                    piece
                    for step in part.transforms.transforms
                    for piece in (step, *_blank_check(step))
                ]

    def __call__(self, clip: Mapping[str, Any]) -> dict[str, Any]:
        """Load a clip.

        Args:
            clip: Of :func:`~mmremix.apis.clip_list.list_clips`.

        Returns:
            ``inputs`` and ``data_samples``, as the data set gives them. The
            sample's meta information also has ``start``, ``end`` and
            ``audio`` as given, ``missing`` (reason by modality) and
            ``notes``. If nothing can be had, ``inputs`` is empty and
            ``error`` says why.
        """
        given = dict(clip)
        missing: dict[str, str] = {}
        with seeded(sample_seed(0, 0, 0)):
            try:
                packed = self._load(given, missing, self.read)
                rest = tuple(n for n in self.modalities if n not in self.read)
                if packed is None and rest:
                    packed = self._load(given, missing, rest)
            except Exception as error:
                # Whatever it is, the clips after it go on.
                packed = failed(given, error)
            else:
                if packed is None:
                    packed = _nothing(given, _all_missing(missing))
        sample = packed['data_samples']
        notes = []
        if packed['inputs']:
            notes = [f'no {name}: {why}' for name, why in missing.items()]
        there = sample.metainfo['active_modalities']
        if missing and len(there) == 1:
            notes.append(f'answered by {there[0]} alone')
        if len(there) > 1:
            notes += _length_note(given)
        sample.set_metainfo(
            {
                **{k: v for k, v in given.items() if k != 'clip'},
                'missing': missing,
                'notes': notes,
            }
        )
        return packed

    def _load(
        self,
        given: Mapping[str, Any],
        missing: dict[str, str],
        there: tuple[str, ...],
    ) -> dict[str, Any] | None:
        results: dict[str, Any] = dict(given)
        if 'start' in results:
            results['start'] = max(0.0, results['start'] - self.margin)
        if 'end' in results:
            results['end'] += self.margin
        for step in self.steps:
            results.update(active_modalities=there, loaded_modalities=there)
            try:
                after = step(results)
            except BrokenMediaError as error:
                if not isinstance(step, ForModality):
                    raise
                missing[step.modality] = reason_of(error, given)
                there = tuple(n for n in there if n != step.modality)
                if not there:
                    return None
                continue
            if after is None:
                raise BrokenMediaError(f'{type(step).__name__} leaves it out.')
            results = after
        # Whatever meta_keys the pipeline packs.
        results['data_samples'].set_metainfo(
            {
                'clip': given['clip'],
                'active_modalities': there,
                'loaded_modalities': there,
            }
        )
        return results


class _RefuseBlank(BaseTransform):
    """Raise if the decoded sound is silent, or the pictures one colour."""

    def __init__(self, key: str) -> None:
        self.key = key

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        value = results[self.key]
        if self.key == 'waveform':
            if np.abs(value).max() < _SILENT:
                raise BrokenMediaError(
                    'its sound is silent in the part that is used.'
                )
        elif all(np.ptp(img, (0, 1)).max() <= _ONE_COLOUR for img in value):
            raise BrokenMediaError('its pictures are of one colour each.')
        return results


def _blank_check(step: Any) -> list[BaseTransform]:
    if isinstance(step, DecodeAudio):
        return [_RefuseBlank('waveform')]
    if isinstance(step, DecodeVideo):
        return [_RefuseBlank('imgs')]
    return []


def _nothing(given: Mapping[str, Any], error: str) -> dict[str, Any]:
    sample = ActionDataSample()
    sample.set_metainfo(
        {'clip': given['clip'], 'active_modalities': (), 'error': error}
    )
    return {'inputs': {}, 'data_samples': sample}


def failed(given: Mapping[str, Any], error: Exception) -> dict[str, Any]:
    """What stands for a clip that cannot be predicted.

    Args:
        given: The clip.
        error: Why; named by its type, unless the clip is broken.
    """
    why = reason_of(error, given)
    if not isinstance(error, BrokenMediaError):
        why = f'{type(error).__name__}: {why}'
    return _nothing(given, why)


def _all_missing(missing: Mapping[str, str]) -> str:
    reasons = list(dict.fromkeys(missing.values()))
    if len(reasons) == 1 and len(missing) > 1:
        return reasons[0]
    return '; '.join(f'no {name}: {why}' for name, why in missing.items())


def reason_of(error: Exception, given: Mapping[str, Any]) -> str:
    """The cause, without the path and without advice for annotations."""
    text = str(error)
    for key in ('audio', 'clip'):
        path = given.get(key)
        if path and text.startswith(f'{path}: '):
            text = text.removeprefix(f'{path}: ').replace(path, 'it')
            if key == 'audio':
                text = f'sound file {text}'
            break
    return re.split(r'\.(?:\s+(?=[A-Z])|$)', text)[0]


def _length_note(given: Mapping[str, Any]) -> list[str]:
    """Say so if picture and sound of a whole clip differ in length."""
    clip, sound = given['clip'], given.get('audio') or given['clip']
    timed = not os.path.isdir(clip) and not sound.lower().endswith('.npy')
    if not timed or 'start' in given or 'end' in given:
        return []
    try:
        with open_video(clip) as video, open_audio(sound) as audio:
            seen, heard = video.span, audio.span
    except BrokenMediaError:
        # A model of neither, say of flow alone, may do without.
        return []
    long, short = seen.end - seen.start, heard.end - heard.start
    if abs(long - short) < EDGE_TOLERANCE:
        return []
    return [f'picture and sound differ: {long:.2f} s and {short:.2f} s']
