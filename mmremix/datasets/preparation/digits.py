"""Arrays of spoken and written digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmremix.datasets.csv_rows import AnnotationError
from mmremix.datasets.preparation.array_set import read_array, read_table

RATE = 8000
"""Samples a second of the recordings."""

LONGEST = 8192
"""Samples of the padded waveform, 1.02 s; the middle of longer ones."""

_FRAMES, _BANDS, _HOP, _WINDOW = 64, 40, 100, 256
_FLOOR = 1e-4
_NOISE = 64


def digits_arrays(root: str | Path) -> dict[str, np.ndarray]:
    """Read all pairs of a recording and a picture.

    Args:
        root: Folder with ``samples.csv``, ``audio/<clip>.npy`` (int16, 8
            kHz) and ``image/<clip>.npy`` (uint8, 28x28).

    Returns:
        ``waveform`` (N, 8192) int16, padded with zeros, and
        ``waveform_length``; ``spectrogram`` (N, 1, 64, 40) float32, log-mel
        of 64 frames of 12.5 ms; ``image`` (N, 1, 28, 28) uint8; ``noise``
        (N, 64) float32, random numbers that know nothing of the digit;
        ``label`` and the columns ``clip``, ``speaker``, ``repetition`` and
        ``split``.

    Raises:
        AnnotationError: If a file is missing or damaged, with its path.
    """
    root = Path(root)
    rows = read_table(
        root,
        (
            *('clip', 'label', 'speaker', 'repetition', 'split'),
            *('audio', 'image'),
        ),
    )
    waveforms = np.zeros((len(rows), LONGEST), dtype=np.int16)
    lengths = np.zeros(len(rows), dtype=np.int32)
    images = np.zeros((len(rows), 1, 28, 28), dtype=np.uint8)
    labels = np.zeros(len(rows), dtype=np.int64)
    for i, row in enumerate(rows):
        if row['label'] not in set('0123456789'):
            raise AnnotationError(
                f'{root / "samples.csv"}: {row["clip"]}: the label '
                f'{row["label"]!r} is no digit.'
            )
        labels[i] = int(row['label'])
        sound = middle(read_array(root / row['audio'], (None,)), LONGEST)
        waveforms[i, : len(sound)], lengths[i] = sound, len(sound)
        images[i, 0] = read_array(root / row['image'], (28, 28))
    return {
        'waveform': waveforms,
        'waveform_length': lengths,
        'spectrogram': log_mel(waveforms, lengths),
        'image': images,
        # Drawn alike whenever the file is made.
        'noise': np.random.default_rng(0)
        .standard_normal((len(rows), _NOISE))
        .astype(np.float32),
        'label': labels,
        **{
            name: np.array([row[name] for row in rows])
            for name in ('clip', 'speaker', 'split')
        },
        'repetition': np.array([int(row['repetition']) for row in rows]),
    }


def middle(values: np.ndarray, length: int) -> np.ndarray:
    """The middle of what is longer; anything else as it is."""
    start = max(0, (len(values) - length) // 2)
    return values[start : start + length]


def log_mel(waveforms: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Log-mel spectrograms of one size.

    Each recording is scaled to a mean square of 1; shorter ones than 64
    frames stand in the middle of silence, of longer ones the middle counts.

    Args:
        waveforms: ``(N, T)``, padded.
        lengths: ``(N,)`` samples of each.

    Returns:
        ``(N, 1, 64, 40)`` float32: ``log(power + 1e-4)``.
    """
    import torch
    from torchaudio.transforms import MelSpectrogram

    transform = MelSpectrogram(
        RATE, n_fft=_WINDOW, hop_length=_HOP, n_mels=_BANDS, center=False
    )
    size = (_FRAMES - 1) * _HOP + _WINDOW
    found = np.zeros((len(waveforms), 1, _FRAMES, _BANDS), dtype=np.float32)
    for i, (waveform, length) in enumerate(
        zip(waveforms, lengths, strict=True)
    ):
        sound = middle(waveform[:length].astype(np.float32), size)
        scale = float(np.sqrt(np.mean(sound**2)))
        padded = np.zeros(size, dtype=np.float32)
        start = (size - len(sound)) // 2
        # Silence has no scale.
        padded[start : start + len(sound)] = sound / (scale or 1.0)
        power = transform(torch.from_numpy(padded))
        found[i, 0] = (power.T + _FLOOR).log().numpy()
    return found
