"""Picture tracks, the weak cue."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmremix.demo.classes import FPS, LOOKS, SECONDS, SIZE


def make_video(label: int, snr: float, rng: np.random.Generator) -> np.ndarray:
    """One picture track.

    Args:
        label: Class index.
        snr: Variance of the clean pixels over that of the pixel
            noise, in dB, before clipping and compression.
        rng: Source of all that varies.

    Returns:
        uint8 frames, shape (12, 64, 64, 3), 12 per second.
    """
    texture, lobes = LOOKS[label]
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE  # lengths in widths of the picture
    back, stage = _stage(x, y, rng)
    ink = back + rng.uniform(0.2, 0.5, 3)  # always lighter than the stage
    ink2 = ink * rng.uniform(0.1, 0.5)
    place, drift = rng.uniform(0.4, 0.6, 2), rng.uniform(-0.15, 0.15, 2)
    radius, growth = rng.uniform(0.26, 0.36), rng.uniform(-0.2, 0.2)
    angle, spin = 2 * np.pi * rng.uniform(), rng.uniform(-1.5, 1.5)
    bump, wave = rng.uniform(0.3, 0.4), 2 * np.pi / rng.uniform(0.13, 0.18)
    turn = 2 * np.pi * rng.uniform(0, 1, 2)
    frames = []
    for step in np.linspace(-0.5, 0.5, round(FPS * SECONDS)):
        u, v = x - place[0] - drift[0] * step, y - place[1] - drift[1] * step
        r, phi = np.hypot(u, v), np.arctan2(v, u) - angle - spin * step
        edge = radius * (1 + growth * step) * (1 + bump * np.cos(lobes * phi))
        cover = np.clip((edge - r) * SIZE + 0.5, 0, 1)[..., None]
        mix = np.zeros_like(r)
        if texture == 'rings':
            mix = 0.5 + np.sin(wave * r + turn[0])
        elif texture == 'dots':
            u, v = wave * r * np.cos(phi), wave * r * np.sin(phi)
            mix = 0.5 + 2 * np.sin(u + turn[0]) * np.sin(v + turn[1])
        blob = ink + np.clip(mix, 0, 1)[..., None] * (ink2 - ink)
        frames.append(stage + cover * (blob - stage))
    clean = np.clip(np.stack(frames), 0, 1)
    sigma = clean.std() * 10 ** (-snr / 20)
    noisy = clean + sigma * rng.standard_normal(clean.shape)
    frames8: np.ndarray = np.rint(np.clip(noisy, 0, 1) * 255)
    return frames8.astype(np.uint8)


def _stage(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Any:
    """A dark background colour, and a shaded picture of it with clutter."""
    back = rng.uniform(0, 0.5, 3)
    other = np.clip(back + rng.uniform(-0.3, 0.3, 3), 0, 1)
    slope = rng.uniform(-1, 1, 2)
    ramp = np.clip(0.5 + slope[0] * (x - 0.5) + slope[1] * (y - 0.5), 0, 1)
    stage = back + ramp[..., None] * (other - back)
    for _ in range(rng.integers(1, 4)):
        u, v = x - rng.uniform(0, 1), y - rng.uniform(0, 1)
        angle, span = rng.uniform(0, np.pi), rng.uniform(0.03, 0.1, 2)
        along = u * np.cos(angle) + v * np.sin(angle)
        across = v * np.cos(angle) - u * np.sin(angle)
        bar = (np.abs(along) < 2 * span[0]) & (np.abs(across) < span[1] / 2)
        disc = np.hypot(u, v) < span[0]
        mask = bar if rng.uniform() < 0.5 else disc
        stage = np.where(mask[..., None], rng.uniform(0, 1, 3), stage)
    return back, stage
