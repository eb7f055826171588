"""Noise for waveforms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmremix.datasets.bases import BaseTransform
from mmremix.datasets.transforms.arguments import check_choice
from mmremix.registry import TRANSFORMS


@TRANSFORMS.register_module()
class AddNoise(BaseTransform):
    """Add Gaussian noise of a given strength to a waveform.

    The signal-to-noise ratio ``10 log10(P_signal / P_noise)`` holds exactly
    for each sample, with the mean squares of this waveform and of this
    noise. Zeros from padding count as signal and lower its power. Digital
    silence, of power 0, has no such ratio and stays as it is.

    Required keys: ``waveform``.

    Modified keys: ``waveform``.

    Added keys: ``snr_db`` (absent for digital silence).

    Example::

        dict(type='AddNoise', snr_db=(0, 20), kind='pink')

    Args:
        snr_db: Ratio in dB; or lowest and highest, to draw it evenly for
            each sample.
        kind: ``'white'``, or ``'pink'`` with power falling as 1 / frequency.

    Raises:
        ValueError: On wrong arguments.
    """

    def __init__(
        self, snr_db: float | Sequence[float], kind: str = 'white'
    ) -> None:
        bounds = (
            (snr_db, snr_db)
            if isinstance(snr_db, (int, float))
            else tuple(snr_db)
        )
        if (
            len(bounds) != 2
            or not all(map(math.isfinite, bounds))
            or bounds[0] > bounds[1]
        ):
            raise ValueError(
                f'snr_db={snr_db}: give a number of dB, or (lowest, highest).'
            )
        self.snr_db = (float(bounds[0]), float(bounds[1]))
        self.kind = check_choice('kind', kind, ('white', 'pink'))

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        waveform = results['waveform']
        power = np.mean(np.square(waveform, dtype=np.float64))
        if power == 0:
            return results
        low, high = self.snr_db
        snr_db = low if low == high else float(np.random.uniform(low, high))
        noise = self._noise(len(waveform))
        noise_power = np.mean(noise**2)
        if noise_power == 0:  # pink noise of one sample
            return results
        gain = math.sqrt(power / noise_power / 10 ** (snr_db / 10))
        results['waveform'] = (waveform + gain * noise).astype(np.float32)
        results['snr_db'] = snr_db
        return results

    def _noise(self, length: int) -> np.ndarray:
        white = np.random.standard_normal(length)
        if self.kind == 'white':
            return white
        spectrum = np.fft.rfft(white)
        spectrum[0] = 0.0
        spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
        return np.fft.irfft(spectrum, length)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(snr_db={self.snr_db}, kind='{self.kind}')"
        )
