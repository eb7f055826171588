"""Logarithmic spectrogram."""

from __future__ import annotations

from typing import Any

import torch

from mmremix.datasets.bases import BaseTransform
from mmremix.datasets.transforms.arguments import check_length, check_positive
from mmremix.registry import TRANSFORMS
from mmremix.utils.versions import torchaudio_or_raise


@TRANSFORMS.register_module()
class LogSTFT(BaseTransform):
    """Logarithm of the magnitudes of a short-time Fourier transform.

    ``log(|STFT| + eps)`` with a Hann window of ``n_fft`` samples, centred
    frames and reflected edges. The defaults are the format of OGM-GE
    (``GeWu-Lab/OGM-GE_CVPR2022``, ``dataset/CramedDataset.py``): 3 s at
    22,050 Hz, 66,150 samples, give (1, 257, 188).

    Required keys: ``waveform`` (float32 (T,)), ``sample_rate``.

    Added keys: ``spectrogram`` (float32 tensor
    (1, ``n_fft // 2 + 1``, ``1 + T // hop_length``)).

    Example, as OGM-GE reads CREMA-D::

        [dict(type='DecodeAudio', sample_rate=22050, duration=3.0,
              sampling='start', padding='repeat', clip_amplitude=True),
         dict(type='LogSTFT')]

    On the device, for whole batches: ``on_device`` of
    :class:`~mmremix.models.AVDataPreprocessor`.

    Args:
        n_fft: Samples of a frame.
        hop_length: Samples between frames.
        eps: Added to magnitudes before the logarithm.
        mean: Subtracted from the result. Defaults to nothing.
        std: What the result is divided by after that. Defaults to nothing.

    Raises:
        BrokenMediaError: If a waveform is shorter than ``n_fft`` samples.
        ImportError: If torchaudio does not load.
        ValueError: On wrong arguments.
    """

    def __init__(
        self,
        n_fft: int = 512,
        hop_length: int = 353,
        eps: float = 1e-7,
        mean: float | None = None,
        std: float | None = None,
    ) -> None:
        for name, value in (
            ('n_fft', n_fft),
            ('hop_length', hop_length),
            ('eps', eps),
        ):
            check_positive(name, value, none=False)
        check_positive('std', std)
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.eps = eps
        self.mean = mean
        self.std = std
        # Here and not while loading data: a torchaudio that does not fit
        # shall show at once.
        self._magnitudes = torchaudio_or_raise().transforms.Spectrogram(
            n_fft=n_fft, hop_length=hop_length, power=1.0
        )

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        check_length(results, self.n_fft, f'LogSTFT(n_fft={self.n_fft})')
        waveform = torch.from_numpy(results['waveform'])[None]
        results['spectrogram'] = self.batch(waveform)[0]  # (1, F, T)
        return results

    def batch(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Spectrograms of waveforms of one length, on their device.

        Args:
            waveforms: float32 ``(B, T)``.

        Returns:
            float32 ``(B, 1, n_fft // 2 + 1, 1 + T // hop_length)``.

        Raises:
            ValueError: If they are shorter than ``n_fft`` samples.
        """
        if waveforms.dim() != 2 or waveforms.shape[1] < self.n_fft:
            raise ValueError(
                f'LogSTFT(n_fft={self.n_fft}) takes waveforms (B, T) of at '
                f'least {self.n_fft} samples, got {tuple(waveforms.shape)}. '
                "Write: dict(type='DecodeAudio', duration=..., "
                "padding='zero')"
            )
        magnitudes = self._magnitudes.to(waveforms.device)
        spectrogram = torch.log(magnitudes(waveforms) + self.eps)
        if self.mean is not None:
            spectrogram = spectrogram - self.mean
        if self.std is not None:
            spectrogram = spectrogram / self.std
        return spectrogram[:, None]

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(n_fft={self.n_fft}, '
            f'hop_length={self.hop_length}, eps={self.eps}, '
            f'mean={self.mean}, std={self.std})'
        )
