"""Arrays of a table's modalities in packed files."""

from __future__ import annotations

import math
from collections.abc import MutableMapping
from typing import Any

import numpy as np

from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.media.packed_file import PackedFile, whole

_KEY = 'values'
_KINDS = 'fiu'


def encode_value(
    modality: str,
    value: np.ndarray,
    header: MutableMapping[str, Any],
    arrays: MutableMapping[str, np.ndarray],
) -> None:
    """Add what a reader gives to header and arrays of a packed file.

    As bytes: of clips, a packed file knows fewer types of numbers.
    """
    little = value.astype(value.dtype.newbyteorder('<'), copy=False)
    header.setdefault(_KEY, {})[modality] = {
        'dtype': little.dtype.str,
        'shape': list(value.shape),
    }
    data = np.frombuffer(little.tobytes(), np.uint8)
    arrays[f'value {modality}'] = data


def packed_shape(path: str, modality: str) -> tuple[int, ...]:
    """Shape of a modality's array, read off the header.

    Raises:
        BrokenMediaError: If it is not there.
    """
    return _entry(PackedFile(path), modality)[1]


def packed_value(path: str, modality: str) -> np.ndarray:
    """What the reader of a modality gave; nothing else of the file is read.

    Raises:
        BrokenMediaError: If it is not there, or the file is damaged.
    """
    file = PackedFile(path)
    dtype, shape = _entry(file, modality)
    with file.parsing():
        data = file[f'value {modality}']
        if data.nbytes != math.prod(shape) * dtype.itemsize:
            raise ValueError(f'{modality!r} is not of its size')
        values = data.reshape(-1).view(np.uint8).view(dtype).reshape(shape)
        return np.array(values, dtype.newbyteorder('='))


def _entry(
    file: PackedFile, modality: str
) -> tuple[np.dtype[Any], tuple[int, ...]]:
    values = file.header.get(_KEY, {})
    if not isinstance(values, dict) or modality not in values:
        raise BrokenMediaError.of(
            file.path,
            f'holds no {modality!r}, only {sorted(values)}',
            'Pack the table again with this modality, or name it as it was '
            'named then.',
        )
    with file.parsing():
        entry = values[modality]
        dtype = np.dtype(str(entry['dtype']))
        if dtype.kind not in _KINDS:
            raise ValueError(f'{modality!r} is of the type {dtype}')
        return dtype, tuple(whole(n, 0) for n in entry['shape'])
