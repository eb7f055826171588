"""Mel filter banks of Kaldi."""

from __future__ import annotations

from typing import Any

import torch

from mmremix.datasets.bases import BaseTransform
from mmremix.datasets.transforms.arguments import check_length, check_positive
from mmremix.datasets.transforms.lengths import report_length
from mmremix.registry import TRANSFORMS
from mmremix.utils.versions import torchaudio_or_raise

_FRAME_LENGTH = 25.0  # ms
_FRAME_SHIFT = 10.0


@TRANSFORMS.register_module()
class KaldiFbank(BaseTransform):
    """Logarithmic mel filter banks, one frame every 10 ms.

    The mean of the waveform is subtracted, then Kaldi's filter bank is taken
    at the waveform's own sample rate (Hann window of 25 ms, no dither, no
    energy). The result is cut, or padded with zeros, to ``num_frames``, and
    normalised as ``(x - mean) / (2 * std)`` after that, so that with the
    defaults a padded frame is 0.438. This is the format of OGM-GE's
    ``data/KineticSound/process_audio.py`` (``GeWu-Lab/OGM-GE_CVPR2022``).

    Required keys: ``waveform`` (float32 (T,)), ``sample_rate``.

    Added keys: ``spectrogram`` (float32 tensor
    (1, ``num_frames``, ``num_mel_bins``)).

    Example::

        [dict(type='DecodeAudio', sample_rate=16000),
         dict(type='KaldiFbank', num_frames=300)]

    Args:
        num_mel_bins: Filters.
        num_frames: Frames of the result; 1024 are 10.24 s.
        mean: Of the filter bank values, by default OGM-GE's.
        std: Their standard deviation, by default OGM-GE's.

    Raises:
        BrokenMediaError: If a waveform is shorter than one frame.
        ImportError: If torchaudio does not load.
        ValueError: On wrong arguments.
    """

    def __init__(
        self,
        num_mel_bins: int = 128,
        num_frames: int = 1024,
        mean: float = -4.503877,
        std: float = 5.141276,
    ) -> None:
        check_positive('num_mel_bins', num_mel_bins, none=False)
        check_positive('num_frames', num_frames, none=False)
        check_positive('std', std, none=False)
        self.num_mel_bins = num_mel_bins
        self.num_frames = num_frames
        self.mean = mean
        self.std = std
        # Not while loading data: a torchaudio that does not fit shall show
        # at once.
        torchaudio_or_raise()

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        rate = results['sample_rate']
        check_length(results, int(rate * _FRAME_LENGTH / 1000), 'KaldiFbank')
        from torchaudio.compliance import kaldi

        waveform = torch.from_numpy(results['waveform'])[None]
        waveform = waveform - waveform.mean()
        # Frames that would be cut off need not be computed.
        size, shift = (
            int(rate * ms / 1000) for ms in (_FRAME_LENGTH, _FRAME_SHIFT)
        )
        frames = kaldi.fbank(
            waveform[:, : (self.num_frames - 1) * shift + size],
            htk_compat=True,
            sample_frequency=rate,
            use_energy=False,
            window_type='hanning',
            num_mel_bins=self.num_mel_bins,
            dither=0.0,
            frame_length=_FRAME_LENGTH,
            frame_shift=_FRAME_SHIFT,
        )
        report_length(
            self,
            'num_frames',
            1 + (waveform.shape[1] - size) // shift,
            unit=_FRAME_SHIFT / 1000,
            filled='padding',
        )
        padding = (0, 0, 0, self.num_frames - len(frames))
        frames = torch.nn.functional.pad(frames, padding)
        frames = (frames - self.mean) / (2 * self.std)
        results['spectrogram'] = frames[None]  # (1, T, F)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(num_mel_bins={self.num_mel_bins}, '
            f'num_frames={self.num_frames}, mean={self.mean}, '
            f'std={self.std})'
        )
