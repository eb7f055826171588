"""Features of sound that were computed before."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mmremix.datasets.bases import BaseTransform
from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.media.waveform_file import load_npy
from mmremix.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadSpectrogram(BaseTransform):
    """Load 2-D features, such as filter banks, from a ``.npy`` file.

    The file holds the features of the sample as a whole: ``start`` and
    ``end`` are not applied, and nothing is normalised.

    Required keys: ``audio`` (path of the ``.npy`` file).

    Added keys: ``spectrogram`` (float32 tensor (1, T, F)).

    Example::

        dict(type='ForModality', modality='audio', output='spectrogram',
             transforms=[dict(type='LoadSpectrogram')])

    Raises:
        BrokenMediaError: If the file is missing, is no 2-D array of numbers,
            or has values that are NaN or infinite.
        KeyError: If the sample has no ``audio``.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        path = results.get('audio')
        if not path:
            raise KeyError(
                'LoadSpectrogram: the sample has no features: give their '
                "paths in the column 'audio' of the annotation."
            )
        array = load_npy(path)
        if array.ndim != 2 or not array.size or array.dtype.kind not in 'fiu':
            raise BrokenMediaError.of(
                path,
                'features are a 2-D array of numbers (T, F), this one has '
                f'the shape {array.shape} and type {array.dtype}',
            )
        values = np.array(array, dtype=np.float32)
        bad = int(values.size - np.isfinite(values).sum())
        if bad:
            raise BrokenMediaError.of(
                path, f'{bad} of {values.size} values are NaN or infinite'
            )
        results['spectrogram'] = torch.from_numpy(values)[None]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
