"""Sequences of one length."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmremix.datasets.bases import BaseTransform
from mmremix.registry import TRANSFORMS
from mmremix.utils.errors import ConfigError

CROPS, PADS = ('random', 'middle', 'start'), ('zero', 'repeat')


@TRANSFORMS.register_module()
class FixLength(BaseTransform):
    """Crop or pad dimension 0, so that samples make a batch.

    Required and modified key: ``key``, (T, ...); it becomes (length, ...).

    Example::

        dict(type='ForModality', modality='audio', input='waveform',
             output='waveform', transforms=[
                 dict(type='FixLength', key='waveform', length=8192)])

    Args:
        key: What to change.
        length: Wanted steps.
        crop: Which part of a longer one: ``'middle'``, ``'start'``, or
            ``'random'``, for the training pipeline.
        pad: What follows a shorter one: ``'zero'``, or ``'repeat'`` itself.

    Raises:
        ConfigError: On other values; while running, on an empty sequence.
    """

    def __init__(
        self,
        key: str,
        length: int,
        crop: str = 'middle',
        pad: str = 'zero',
    ) -> None:
        if not isinstance(length, int) or length < 1:
            raise ConfigError(
                f'FixLength: length is a number of steps, got {length!r}. '
                'Write: length=8192'
            )
        for name, value, known in (('crop', crop, CROPS), ('pad', pad, PADS)):
            if value not in known:
                raise ConfigError(
                    f'FixLength: {name} is one of {known}, got {value!r}. '
                    f'Write: {name}={known[1]!r}'
                )
        self.key, self.length, self.crop, self.pad = key, length, crop, pad

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        value = np.asarray(results[self.key])
        if not len(value):
            raise ConfigError(
                f'FixLength: {self.key!r} of a sample has no steps. Leave '
                'the row out, or mend it'
            )
        fitted = fit_length(value, self.length, self.crop, self.pad)
        return {**results, self.key: fitted}

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(key={self.key!r}, length={self.length}, '
            f'crop={self.crop!r}, pad={self.pad!r})'
        )


def fit_length(
    value: np.ndarray, length: int, crop: str, pad: str
) -> np.ndarray:
    """Crop or pad dimension 0; see :class:`FixLength`."""
    spare = len(value) - length
    if spare >= 0:
        place = {'start': 0, 'middle': spare // 2}.get(crop)
        if place is None:
            place = int(np.random.randint(spare + 1))
        return value[place : place + length]
    if pad == 'repeat':
        return np.take(value, range(length), axis=0, mode='wrap')
    return np.pad(value, [(0, -spare)] + [(0, 0)] * (value.ndim - 1))
