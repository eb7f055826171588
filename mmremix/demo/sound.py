"""Sound tracks, the strong cue."""

from __future__ import annotations

import numpy as np

from mmremix.demo.classes import RATE, SECONDS, TREMOLO


def make_audio(label: int, snr: float, rng: np.random.Generator) -> np.ndarray:
    """One sound track.

    Args:
        label: Class index.
        snr: Power of the tone over that of the noise, in dB.
        rng: Source of all that varies.

    Returns:
        float32 samples in [-1, 1], shape (16000,), 16 kHz.
    """
    t = np.arange(round(RATE * SECONDS)) / RATE
    pitch = 150.0 * 2 ** (label / 4 + rng.uniform(-0.135, 0.135))
    tone = np.zeros_like(t)
    for harmonic in range(1, 7):
        gain = rng.uniform(0.2, 1.0) / harmonic
        turn = 2 * np.pi * rng.uniform()
        tone += gain * np.sin(2 * np.pi * pitch * harmonic * t + turn)
    rate = TREMOLO[label] * rng.uniform(0.9, 1.1)
    depth, turn = rng.uniform(0.4, 0.9), 2 * np.pi * rng.uniform()
    tone *= 1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * rate * t + turn))
    fade = rng.uniform(0.05, 0.3, 2)
    tone *= np.clip(t / fade[0], 0, 1) * np.clip((t[-1] - t) / fade[1], 0, 1)
    tone /= np.sqrt(np.mean(tone**2))
    beep = np.sin(2 * np.pi * rng.uniform(200, 4000) * t)
    beep *= np.exp(-0.5 * ((t - rng.uniform(0, SECONDS)) / 0.05) ** 2)
    shape = np.fft.rfftfreq(t.size, 1 / RATE).clip(50) ** rng.uniform(-0.5, 0)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(t.size)) * shape)
    noise /= np.sqrt(np.mean(noise**2))
    mix = tone + rng.uniform(0.3, 1.0) * beep + 10 ** (-snr / 20) * noise
    mix *= rng.uniform(0.3, 0.9) / np.abs(mix).max()
    return mix.astype(np.float32)
