"""Whether a clip was read or refused as it should be."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from mmremix.datasets import AVDataset, RemixIndex
from mmremix.datasets.media import BrokenMediaError
from tests.faults.media_case import READ, REFUSED, MediaCase

RATE = 16000
NUM_FRAMES = 3
# Seconds by which a segment may be past its clip, and the packet cut off.
_TOLERANCE = 0.5 + 0.05

PIPELINE: list[dict[str, Any]] = [
    {
        'type': 'ForModality',
        'modality': 'video',
        'output': 'imgs',
        'transforms': [{'type': 'DecodeVideo', 'num_frames': NUM_FRAMES}],
    },
    {
        'type': 'ForModality',
        'modality': 'audio',
        'output': 'waveform',
        'transforms': [
            {
                'type': 'DecodeAudio',
                'sample_rate': RATE,
                'npy_sample_rate': 8000,
            }
        ],
    },
]


def judge(
    dataset: AVDataset, index: int, case: MediaCase, seed: int = 0
) -> dict[str, str]:
    """Load a case, each of its modalities alone and all together.

    Args:
        dataset: With :data:`PIPELINE` and ``on_broken='raise'``.
        index: Where the case is in it.
        case: The case.
        seed: Of the sampling.

    Returns:
        ``'read'`` or ``'refused'`` by modality and for ``'all'`` (if there
        are several).

    Raises:
        AssertionError: If it is not as specified.
        Exception: Whatever else comes out of the data set, which it must
            not.
    """
    found = {}
    for name, expected in case.expected.items():
        found[name] = _load(dataset, index, (name,), case, seed)
        if expected in (READ, REFUSED):
            assert found[name] == expected, f'{name} was {found[name]}'
    if len(found) > 1:
        found['all'] = _load(dataset, index, tuple(found), case, seed)
        both = READ if {READ} == {found[n] for n in case.expected} else REFUSED
        assert found['all'] == both, f'{found}'
    return found


def _load(
    dataset: AVDataset,
    index: int,
    active: tuple[str, ...],
    case: MediaCase,
    seed: int,
) -> str:
    try:
        inputs = dataset[RemixIndex(index, active, seed)]['inputs']
    except BrokenMediaError as error:
        text = str(error)
        assert case.clip in text or (case.audio and case.audio in text), (
            f'the error does not name the file: {text}'
        )
        assert re.search(case.reason, text), f'another reason: {text}'
        return REFUSED
    assert set(inputs) == set(active), f'not what was asked: {set(inputs)}'
    if 'video' in inputs:
        _check_frames(inputs['video'], case)
    if 'audio' in inputs:
        _check_waveform(inputs['audio'], case)
    return READ


def _check_frames(frames: list[np.ndarray], case: MediaCase) -> None:
    assert len(frames) == NUM_FRAMES, f'{len(frames)} frames'
    assert len({frame.shape for frame in frames}) == 1, 'sizes differ'
    for frame in frames:
        assert frame.dtype == np.uint8, frame.dtype
        assert frame.ndim == 3 and frame.shape[2] == 3, frame.shape
        assert case.size in (None, frame.shape[:2]), frame.shape


def _check_waveform(waveform: np.ndarray, case: MediaCase) -> None:
    assert waveform.dtype == np.float32 and waveform.ndim == 1
    assert np.isfinite(waveform).all(), 'not finite'
    if case.end is not None:
        seconds = case.end - (case.start or 0.0)
        length = len(waveform) / RATE
        assert seconds - _TOLERANCE < length <= seconds, f'{length} s'
    zeros = longest_zeros(waveform) / RATE
    assert zeros <= case.zeros, f'{zeros:.3f} s of zeros'


def longest_zeros(waveform: np.ndarray) -> int:
    """Length of the longest run of exact zeros."""
    ends = np.flatnonzero(np.concatenate(([1], waveform, [1])))
    return int(np.diff(ends).max()) - 1
