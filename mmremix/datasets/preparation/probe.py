"""Facts of one clip, or the reason why it cannot be used."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from mmremix.datasets.media import (
    BrokenMediaError,
    open_audio,
    open_video,
)
from mmremix.datasets.media.waveform_file import load_npy

CHECKS = ('header', 'decode', 'full')
SILENT = 'silent'
"""First word of the reason where a clip has a sound track, and no sound."""


def probe(clip: str, audio: str = '', check: str = 'decode') -> dict[str, Any]:
    """Open picture and sound of a clip and measure them.

    A sound track of nothing but zeros is a reason too: a broken microphone
    or a muted export, from which an audio encoder learns nothing. A training
    reads such a clip like any other; to keep one, move its row from
    ``broken.csv`` to the annotation. Silence at the end of a clip is none.

    Args:
        clip: Media file or folder of frames.
        audio: File of the sound; empty if it is in the clip.
        check: ``'header'`` opens both streams; ``'decode'`` also reads the
            middle frame and the last half second of sound; ``'full'`` a
            frame at every twenty-fifth of a second and all sound. Silence is
            found by the last two only.

    Returns:
        ``duration`` (seconds, of the picture; of the sound for folders),
        ``audio_duration``, ``width``, ``height``, ``frame_rate``,
        ``sample_rate`` and ``channels``, None where the file does not say;
        or ``reason`` alone.

    Raises:
        ValueError: On an unknown ``check``.
    """
    if check not in CHECKS:
        raise ValueError(f'check must be one of {CHECKS}, got {check!r}.')
    try:
        facts = _video(clip, check)
        facts |= _audio(audio or clip, check)
    except BrokenMediaError as error:
        text = str(error)
        for path in (clip, audio):
            if path:
                text = text.removeprefix(f'{path}: ').replace(path, 'it')
        if audio and str(error).startswith(f'{audio}: '):
            text = f'sound: {text}'
        return {'reason': text}
    if facts['duration'] is None:
        facts['duration'] = facts['audio_duration']
    return facts


def _video(path: str, check: str) -> dict[str, Any]:
    with open_video(path) as reader:
        span, size, rate = reader.span, reader.size, reader.frame_rate
        # Without a rate, the times of a folder are positions.
        in_seconds = rate is not None or not os.path.isdir(path)
        facts: dict[str, Any] = {
            'duration': round(span.end - span.start, 3)
            if in_seconds
            else None,
            'width': size[0] if size else None,
            'height': size[1] if size else None,
            'frame_rate': round(rate, 3) if rate else None,
        }
        if check != 'header':
            times = [(span.start + span.end) / 2]
            if check == 'full':
                step = 0.04 if in_seconds else 1.0
                times = list(np.arange(span.start, span.end, step))
            for begin in range(0, len(times), 50):
                frames = reader.frames_at(times[begin : begin + 50])
                facts['height'], facts['width'] = frames[0].shape[:2]
        return facts


def _audio(path: str, check: str) -> dict[str, Any]:
    if path.lower().endswith('.npy'):
        # It does not say its rate, and may hold a spectrogram.
        _check_array(path, load_npy(path), check)
        return dict.fromkeys(('audio_duration', 'sample_rate', 'channels'))
    with open_audio(path) as reader:
        span = reader.span
        facts: dict[str, Any] = {
            'audio_duration': round(span.end - span.start, 3),
            'sample_rate': reader.sample_rate,
            'channels': reader.channels,
        }
        if check == 'full':
            _check_sound(path, reader.read())
        elif check == 'decode':
            tail = reader.read(max(span.start, span.end - 0.5), span.end)
            # Many clips end in silence; few are silent.
            _check_sound(path, tail if tail.any() else reader.read())
    return facts


def _check_array(path: str, array: np.ndarray, check: str) -> None:
    if not array.size:
        raise BrokenMediaError.of(path, 'empty')
    if check == 'header':
        return
    if array.dtype.kind == 'f' and not np.isfinite(array).all():
        raise BrokenMediaError.of(path, 'not finite')
    _check_sound(path, array)


def _check_sound(path: str, samples: np.ndarray) -> None:
    # 8-bit samples have their zero in the middle.
    silence = 128 if samples.dtype == np.uint8 else 0
    if (samples == silence).all():
        raise BrokenMediaError.of(path, f'{SILENT}, every sample is 0')
