"""Arrays of GRID: the mouth and the sound of one spoken word."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmremix.datasets.csv_rows import AnnotationError
from mmremix.datasets.preparation.grid import grid_samples

RATE = 16000
"""Samples a second of the sound."""

SPECTRUM = {'n_fft': 256, 'hop_length': 200}
"""Of the spectrograms, for :class:`~mmremix.datasets.transforms.LogSTFT`."""

_FRAMES, _SIDE, _SECONDS = 8, 32, 0.5
_MARGIN = 0.1  # seconds before and after the word
_MOUTH = (0.2143, 0.4286, 0.7857, 1.0)  # of the 112x112 frame


def letters_arrays(
    root: str | Path,
    word: str = 'letter',
    snr_db: Sequence[float] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """Decode one word of every sentence.

    Args:
        root: Folder with ``words.csv`` (with splits) and
            ``clips/<id>.mp4``.
        word: Which of the six, see
            :func:`~mmremix.datasets.preparation.grid.grid_samples`.
        snr_db: Ratios of white noise in dB, each for a spectrogram with the
            same noise in every epoch.
        seed: Of that noise.

    Returns:
        ``video`` (N, 8, 32, 32) uint8, grey frames of the mouth evenly
        spaced over the word and 0.1 s around it; ``waveform`` (N, 8000)
        float32, half a second around its middle, padded with zeros;
        ``spectrogram_<ratio>db`` (N, 1, 129, 41) float32 for each ratio;
        ``sample_rate``, ``label``, ``classes``, ``clip`` and ``split``.

    Raises:
        AnnotationError: If a sample has no split.
        BrokenMediaError: If a clip cannot be read.
        ValueError: On an unknown word or layout.
    """
    samples = grid_samples(str(root), word)
    missing = [s['clip'] for s in samples if not s.get('split')]
    if missing:
        raise AnnotationError(
            f'{missing[0]}: has no split, and {len(missing) - 1} others. '
            'Give --root with a words.csv that has the column split.'
        )
    classes = sorted({str(sample['label']) for sample in samples})
    video, sound = _pipelines()
    frames = np.zeros((len(samples), _FRAMES, _SIDE, _SIDE), dtype=np.uint8)
    waves = np.zeros((len(samples), int(RATE * _SECONDS)), dtype=np.float32)
    for i, sample in enumerate(samples):
        results = {
            'clip': sample['clip'],
            'start': max(0.0, float(sample['start']) - _MARGIN),
            'end': float(sample['end']) + _MARGIN,
        }
        frames[i] = np.asarray(video(dict(results))['imgs'])
        waves[i] = sound(dict(results))['waveform']
    names = [Path(sample['clip']).stem for sample in samples]
    return {
        'video': frames,
        'waveform': waves,
        **{
            f'spectrogram_{ratio:g}db': _noisy(waves, ratio, seed)
            for ratio in snr_db
        },
        'sample_rate': np.full(len(samples), RATE),
        'label': np.array([classes.index(str(s['label'])) for s in samples]),
        'classes': np.array(classes),
        'clip': np.array(names),
        'split': np.array([sample['split'] for sample in samples]),
    }


def _noisy(waves: np.ndarray, snr_db: float, seed: int) -> np.ndarray:
    from mmremix.datasets.transforms import AddNoise, LogSTFT

    noise, spectrum = AddNoise(snr_db), LogSTFT(**SPECTRUM)
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        found = [
            spectrum.transform(
                noise.transform({'waveform': wave, 'sample_rate': RATE})
            )['spectrogram'].numpy()
            for wave in waves
        ]
    finally:
        np.random.set_state(state)
    return np.stack(found)


def _pipelines() -> tuple[Any, Any]:
    from mmremix.datasets.bases import Compose
    from mmremix.registry import TRANSFORMS

    video: list[dict[str, Any]] = [
        {
            'type': 'DecodeVideo',
            'num_frames': _FRAMES,
            'sampling': 'middle',
        },
        {'type': 'CropBox', 'box': _MOUTH},
        {'type': 'mmaction.Resize', 'scale': (_SIDE, _SIDE),
         'keep_ratio': False},
        {'type': 'StackFrames', 'grayscale': True},
    ]  # fmt: skip
    sound: list[dict[str, Any]] = [
        {
            'type': 'DecodeAudio',
            'sample_rate': RATE,
            'duration': _SECONDS,
            'sampling': 'middle',
            'padding': 'zero',
        }
    ]
    frame, wave = (
        Compose([TRANSFORMS.build(config) for config in part])
        for part in (video, sound)
    )
    return frame, wave
