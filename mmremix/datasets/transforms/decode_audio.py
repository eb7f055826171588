"""Waveform of a clip."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmremix.datasets.bases import BaseTransform
from mmremix.datasets.media import BrokenMediaError, open_audio
from mmremix.datasets.transforms.arguments import (
    audio_path,
    check_choice,
    check_positive,
)
from mmremix.datasets.transforms.lengths import report_length
from mmremix.registry import TRANSFORMS

_ROUNDING = 2  # samples


@TRANSFORMS.register_module()
class DecodeAudio(BaseTransform):
    """Decode the sound of a clip's segment, and no frames.

    With ``duration``, waveforms get one length. Of a longer segment only the
    part that ``sampling`` chooses is decoded. What becomes of a shorter one
    is a choice, ``padding``; a clip without sound is always an error.

    Required keys: ``clip``, ``audio`` (optional; a media file or a 1-D
    ``.npy``, otherwise the sound of ``clip`` is taken), ``start`` and ``end``
    (both optional, seconds, of either file).

    Added keys: ``waveform`` (float32 (T,), mean of all channels),
    ``sample_rate``.

    Example::

        dict(type='DecodeAudio', sample_rate=22050, duration=3.0,
             sampling='start', padding='repeat')

    Args:
        sample_rate: Samples per second of the result. Defaults to those of
            the file.
        duration: Seconds of the result, ``round(duration * sample_rate)``
            samples. Defaults to the segment's length.
        sampling: Which part of a longer segment: at a ``'random'`` place, in
            the ``'middle'`` or at the ``'start'``.
        padding: What to do with a shorter segment: ``'zero'`` puts silence
            after it, ``'repeat'`` repeats it, ``'none'`` leaves it shorter,
            ``'error'`` raises. One or two samples short is rounding, and
            made good with the last sample.
        npy_sample_rate: Samples per second of ``.npy`` files.
        clip_amplitude: Whether to limit samples to -1..1, as OGM-GE does.

    Raises:
        BrokenMediaError: If the sound is missing or cannot be decoded, the
            segment is not inside it (see
            :func:`~mmremix.datasets.media.segment.clamp_segment`), or it is
            too short under ``padding='error'``.
        ValueError: On wrong arguments, or ``.npy`` files without
            ``npy_sample_rate``.
    """

    def __init__(
        self,
        sample_rate: int | None = None,
        duration: float | None = None,
        sampling: str = 'random',
        padding: str = 'zero',
        npy_sample_rate: int | None = None,
        clip_amplitude: bool = False,
    ) -> None:
        check_positive('sample_rate', sample_rate)
        check_positive('duration', duration)
        check_positive('npy_sample_rate', npy_sample_rate)
        self.sample_rate = sample_rate
        self.duration = duration
        self.sampling = check_choice(
            'sampling', sampling, ('random', 'middle', 'start')
        )
        self.padding = check_choice(
            'padding', padding, ('zero', 'repeat', 'error', 'none')
        )
        self.npy_sample_rate = npy_sample_rate
        self.clip_amplitude = clip_amplitude

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        path = audio_path(results)
        with open_audio(path, self.npy_sample_rate) as clip:
            start, end = clip.segment(results.get('start'), results.get('end'))
            if self.duration is not None:
                self._report(end - start, self.duration)
                start, end = self._crop(start, end, self.duration)
            rate = self.sample_rate or clip.sample_rate
            waveform = clip.read(start, end, rate)
        if self.duration is not None:
            waveform = self._fit(path, waveform, self.duration, rate)
        if self.clip_amplitude:
            waveform = waveform.clip(-1.0, 1.0)
        results['waveform'] = waveform
        results['sample_rate'] = rate
        return results

    def _report(self, found: float, duration: float) -> None:
        if self.sampling == 'random':  # all of it is seen in time
            found = min(found, duration)
        filled = {
            'zero': 'silence (padding)',
            'repeat': 'the same sound again (padding)',
        }.get(self.padding)
        if filled is not None:
            report_length(self, 'duration', found, unit=1.0, filled=filled)

    def _crop(
        self, start: float, end: float, duration: float
    ) -> tuple[float, float]:
        spare = end - start - duration
        if spare <= 0:
            return start, end
        if self.sampling == 'random':
            start += spare * np.random.random_sample()
        elif self.sampling == 'middle':
            start += spare / 2
        return start, start + duration

    def _fit(
        self, path: str, waveform: np.ndarray, duration: float, rate: int
    ) -> np.ndarray:
        length = round(duration * rate)
        missing = length - len(waveform)
        if missing <= 0:
            return waveform[:length]
        if missing <= _ROUNDING:
            return np.pad(waveform, (0, missing), mode='edge')
        if self.padding == 'error':
            raise BrokenMediaError.of(
                path,
                f'the segment has {len(waveform) / rate:.3f} s of sound, '
                f'duration={duration} s is asked for',
                "Shorten 'duration', or choose padding='zero' or 'repeat'.",
            )
        if self.padding == 'zero':
            return np.pad(waveform, (0, missing))
        if self.padding == 'repeat':
            return np.resize(waveform, length)
        return waveform

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(sample_rate={self.sample_rate}, '
            f"duration={self.duration}, sampling='{self.sampling}', "
            f"padding='{self.padding}', "
            f'npy_sample_rate={self.npy_sample_rate}, '
            f'clip_amplitude={self.clip_amplitude})'
        )
