"""Facts of one clip, or the reason why it cannot be used."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmremix.datasets.media import (
    BrokenMediaError,
    open_audio,
    open_video,
)
from mmremix.datasets.media.waveform_file import load_npy

CHECKS = ('header', 'decode', 'full')


def probe(clip: str, audio: str = '', check: str = 'decode') -> dict[str, Any]:
    """Open picture and sound of a clip and measure them.

    Args:
        clip: Media file or folder of frames.
        audio: File of the sound; empty if it is in the clip.
        check: ``'header'`` opens both streams; ``'decode'`` also reads the
            middle frame and the last half second of sound; ``'full'`` a
            frame at every twenty-fifth of a second and all sound.

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
        span = reader.span
        # Only media files have a stream, and rates in it.
        stream = getattr(reader, '_stream', None)
        facts: dict[str, Any] = {
            'duration': None,
            'width': None,
            'height': None,
            'frame_rate': None,
        }
        if stream is not None:
            rate = stream.average_rate
            facts['duration'] = round(span.end - span.start, 3)
            facts['width'] = stream.codec_context.width
            facts['height'] = stream.codec_context.height
            facts['frame_rate'] = round(float(rate), 3) if rate else None
        if check != 'header':
            times = [(span.start + span.end) / 2]
            if check == 'full':
                step = 1.0 if stream is None else 0.04
                times = list(np.arange(span.start, span.end, step))
            for begin in range(0, len(times), 50):
                frames = reader.frames_at(times[begin : begin + 50])
                facts['height'], facts['width'] = frames[0].shape[:2]
        return facts


def _audio(path: str, check: str) -> dict[str, Any]:
    facts: dict[str, Any] = {
        'audio_duration': None,
        'sample_rate': None,
        'channels': None,
    }
    if path.lower().endswith('.npy'):
        # It does not say its rate, and may hold a spectrogram.
        array = load_npy(path)
        if not array.size or (
            check != 'header'
            and array.dtype.kind == 'f'
            and not np.isfinite(array).all()
        ):
            raise BrokenMediaError.of(path, 'empty or not finite')
        return facts
    with open_audio(path) as reader:
        span = reader.span
        facts['audio_duration'] = round(span.end - span.start, 3)
        facts['sample_rate'] = reader.sample_rate
        stream = getattr(reader, '_stream', None)
        if stream is not None:
            facts['channels'] = stream.codec_context.channels
        if check == 'full':
            reader.read()
        elif check == 'decode':
            reader.read(max(span.start, span.end - 0.5), span.end)
    return facts
