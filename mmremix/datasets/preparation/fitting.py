"""An encoder, a length and a scale for what samples of a modality are like."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmremix.datasets.preparation.table_columns import RATE, WORDS
from mmremix.utils.errors import ConfigError

_COLOURS = (1, 3, 4)
_MOST_CHANNELS = 16  # with a mean each in the config
_LARGE = 64  # pixels; larger pictures are for a ResNet


@dataclass
class Fitted:
    """What a config says of a modality.

    Attributes:
        encoder: Of the model.
        why: What was seen.
        normalize: ``mean`` and ``std``, if there is use of them.
        reader: Of a table.
    """

    encoder: dict[str, Any]
    why: str
    normalize: dict[str, Any] = field(default_factory=dict)
    reader: dict[str, Any] = field(default_factory=dict)


def fit_array(name: str, rows: np.ndarray) -> Fitted:
    """Fit rows of one shape.

    Args:
        name: Of the modality.
        rows: ``(N, ...)``.

    Raises:
        ConfigError: On pictures with their channels at the end, and on rows
            of more than four dimensions.
    """
    shape = rows.shape[1:]
    kind = {1: 'features', 2: 'time, channels', 3: 'channels, height, width'}
    if len(shape) > 4:
        raise ConfigError(
            f'{name}: rows have {len(shape)} dimensions, {shape}. Encoders '
            'take up to four: (frames, channels, height, width).'
        )
    why = f'{shape}: {kind.get(len(shape), "frames of pictures")}'
    if len(shape) == 1:
        encoder: dict[str, Any] = {'type': 'MLP', 'in_channels': shape[0]}
    elif len(shape) == 2:
        encoder = {'type': 'TemporalCNN', 'in_channels': shape[1]}
    else:
        encoder = _pictures(name, shape[-3:])
    return Fitted(encoder, why, _scale(rows, len(shape) < 3))


def fit(
    name: str, reader: Mapping[str, Any], samples: Sequence[np.ndarray]
) -> Fitted:
    """Fit what a reader of a table gives.

    Args:
        name: Of the modality.
        reader: As it is in the config; not changed.
        samples: What it read, of any lengths.

    Raises:
        ConfigError: See :func:`fit_array`; and without samples.
    """
    if not samples:
        raise ConfigError(f'{name}: no sample that was looked at has it.')
    kind = reader['reader']
    if kind == 'bag_of_words':
        encoder = {'type': 'MLP', 'in_channels': WORDS}
        return Fitted(encoder, 'sentences', reader=dict(reader))
    if kind == 'sound':
        return _sound(reader, samples)
    if kind in ('image', 'video'):
        return _resized(reader, samples)
    own = dict(reader)
    shapes = [sample.shape for sample in samples]
    if _is_skeleton(shapes):
        own['flatten'] = True
        samples = [s.reshape(len(s), -1) for s in samples]
    lengths = [len(sample) for sample in samples]
    middle = int(np.median(lengths))
    if min(lengths) == max(lengths):
        own.pop('length', None)
        same, why = samples, ''
    else:
        own['length'] = middle
        why = (
            f'{min(lengths)} to {max(lengths)} long, cropped and padded to '
            f'{middle}; '
        )
        same = [_cut(sample, middle) for sample in samples]
    fitted = fit_array(name, np.stack(same))
    fitted.why, fitted.reader = f'{why}{fitted.why}', own
    return fitted


def _cut(sample: np.ndarray, length: int) -> np.ndarray:
    return sample[np.arange(length) % len(sample)]


def _is_skeleton(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether (T, joints, axes), and no picture."""
    return (
        len(shapes[0]) == 3
        and shapes[0][-1] in (2, 3)
        and any(shape[0] not in _COLOURS for shape in shapes)
        and len({shape[1:] for shape in shapes}) == 1
    )


def _pictures(name: str, shape: Sequence[int]) -> dict[str, Any]:
    channels, height, width = shape
    if channels not in _COLOURS and width in _COLOURS:
        raise ConfigError(
            f'{name}: pictures of shape {tuple(shape)} have their channels '
            'at the end. Write them with (channels, height, width): '
            'numpy.moveaxis(array, -1, -3)'
        )
    if max(height, width) > _LARGE:
        return {
            'type': 'ResNet',
            'in_channels': channels,
            'base_channels': 16,
        }
    return {'type': 'SmallCNN', 'in_channels': channels}


def _resized(
    reader: Mapping[str, Any], samples: Sequence[np.ndarray]
) -> Fitted:
    short = min(min(sample.shape[-2:]) for sample in samples)
    side = 112 if short >= 112 else 64
    encoder = _pictures('pictures', (3, side, side))
    own = {**reader, 'size': (side, side)}
    if reader['reader'] == 'video':
        own['num_frames'] = 3
    pixels = np.concatenate([sample.ravel() for sample in samples[:64]])
    return Fitted(
        encoder,
        f'pictures of {short} pixels and more, resized',
        _scale(pixels[:, None], False),
        own,
    )


def _sound(reader: Mapping[str, Any], samples: Sequence[np.ndarray]) -> Fitted:
    length = int(np.median([len(sample) for sample in samples]))
    length = min(length, 10 * RATE)
    n_fft = 256 if length <= 2 * RATE else 512
    hop = max(n_fft // 2, math.ceil(length / 200))
    stft = {'type': 'LogSTFT', 'n_fft': n_fft, 'hop_length': hop}
    own = {
        **reader,
        'length': length,
        'transforms': [stft],
        'output': 'spectrogram',
    }
    encoder = {'type': 'ResNet', 'in_channels': 1, 'base_channels': 16}
    why = f'{length / RATE:.2f} s of sound: a spectrogram'
    return Fitted(encoder, why, reader=own)


def _scale(rows: np.ndarray, channels_last: bool) -> dict[str, Any]:
    """Mean and standard deviation, of each of a few channels at the end."""
    values = rows.astype(np.float64)
    if channels_last and rows.shape[-1] <= _MOST_CHANNELS:
        axes = tuple(range(values.ndim - 1))
        mean = [_short(x) for x in values.mean(axes)]
        std = [_short(x) or 1.0 for x in values.std(axes)]
        return {'mean': mean, 'std': std}
    whole = _short(values.std()) or 1.0
    return {'mean': _short(values.mean()), 'std': whole}


def _short(value: float) -> float:
    return float(f'{value:.4g}')
