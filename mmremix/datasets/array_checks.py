"""Whether the arrays of a file are rows of samples that can be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mmremix.datasets.array_file import ArrayFile
from mmremix.datasets.csv_rows import AnnotationError, RowFilter
from mmremix.utils.errors import ConfigError

_CHUNK = 1 << 24  # numbers that are looked at in one go
_LISTED = 10


def length_name(name: str) -> str:
    """Name of the array with the lengths of the rows of another."""
    return f'{name}_length'


def check_arrays(
    file: ArrayFile, modalities: Mapping[str, str], label: str
) -> int:
    """Compare shapes and types of what is to be read; reads only lengths.

    Args:
        file: The file.
        modalities: Name of the array of each modality.
        label: Name of the array of labels.

    Returns:
        N, the rows of the file.

    Raises:
        AnnotationError: Naming the array, what it is and what to write.
    """
    rows = (file.shape(label) or (0,))[0]
    for modality, name in modalities.items():
        shape, dtype = file.shape(name), file.dtype(name)
        if dtype.kind not in 'biuf':
            file[name]  # arrays of objects have their own error
            raise AnnotationError(
                f'{file.path}: the modality {modality!r} is read from '
                f'{name!r}, which is of type {dtype}. Write numbers: '
                "array.astype('float32')"
            )
        if len(shape) < 2 or 0 in shape[1:]:
            raise AnnotationError(
                f'{file.path}: the modality {modality!r} is read from '
                f'{name!r} of shape {shape}, a row of which is no array. '
                'Write one of (N, features) or (N, time, channels), for '
                'single numbers array[:, None]'
            )
        length = length_name(name)
        for other in (name, length):
            if other in file.names and file.shape(other)[0] != rows:
                raise AnnotationError(
                    f'{file.path}: {other!r} has '
                    f'{file.shape(other)[0]} rows, {label!r} has {rows}. '
                    'Each row is a sample: write all arrays with as many.'
                )
        if length in file.names:
            _check_lengths(file, name, shape)
    return rows


def check_padded(
    source: str,
    names: Iterable[str] | None,
    modalities: Mapping[str, str],
    padded: Sequence[str],
) -> None:
    """Look whether rows can keep their lengths.

    Args:
        source: The file, for errors.
        names: Of the arrays in it; None while it is not open.
        modalities: Name of the array of each modality.
        padded: The modalities that shall.

    Raises:
        ConfigError: If one is no modality, or there are no lengths of it.
    """
    known = list(modalities)
    if isinstance(padded, str) or not set(padded) <= set(known):
        raise ConfigError(
            f'ArrayDataset: padded={padded!r} is a list of modalities, which '
            f'are {known}. Write: padded={known[-1:]}'
        )
    if names is None:
        return
    for name in padded:
        length = length_name(modalities[name])
        if length not in names:
            raise ConfigError(
                f'{source}: padded={list(padded)}, and there is no array '
                f'{length!r} with the lengths of its rows, (N,). Write one, '
                f'or leave {name!r} out of padded: all rows are as long.'
            )


def _check_lengths(file: ArrayFile, name: str, shape: Sequence[int]) -> None:
    lengths = file[length_name(name)]
    if lengths.ndim != 1 or lengths.dtype.kind not in 'iu':
        raise AnnotationError(
            f'{file.path}: {length_name(name)!r} must be whole numbers (N,), '
            f'got {lengths.dtype} {lengths.shape}.'
        )
    raise_rows(
        file,
        np.flatnonzero((lengths < 1) | (lengths > shape[1])),
        f'{length_name(name)} must be 1 to {shape[1]}, the second dimension '
        f'of {name}',
        lengths,
    )


def check_finite(file: ArrayFile, name: str, rows: np.ndarray) -> None:
    """Look for NaN and infinite values, up to the length of each row.

    Raises:
        AnnotationError: Naming the rows of the file.
    """
    array = file[name]
    if array.dtype.kind != 'f':
        return
    size = max(1, _CHUNK // max(1, int(np.prod(array.shape[1:]))))
    bad: list[int] = []
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        first, last = int(part[0]), int(part[-1]) + 1
        # A slice is a view, where picking rows is a copy.
        view = last - first == len(part) and bool(np.all(np.diff(part) == 1))
        values = array[first:last] if view else array[part]
        finite = _fits(values).reshape(len(part), -1).all(axis=1)
        bad += part[~finite].tolist()
    if length_name(name) in file.names:
        lengths = file[length_name(name)]
        bad = [r for r in bad if not _fits(array[r, : lengths[r]]).all()]
    raise_rows(
        file,
        np.array(bad, dtype=np.int64),
        f'{name} has values that are NaN or infinite'
        + (' in float32' if array.dtype.itemsize > 4 else ''),
    )


def _fits(values: np.ndarray) -> np.ndarray:
    """Which values are finite as float32."""
    fits: np.ndarray = np.isfinite(values)
    if values.dtype.itemsize > 4:
        fits = np.abs(values) <= np.finfo(np.float32).max
    return fits


def select_rows(
    file: ArrayFile,
    columns: Mapping[str, np.ndarray],
    filter_cfg: Mapping[str, Any] | None,
    num_rows: int,
) -> np.ndarray:
    """Numbers of the rows that a filter keeps.

    Args:
        file: The file, for errors.
        columns: Those that may be filtered by.
        filter_cfg: As for a CSV, see
            :class:`~mmremix.datasets.csv_rows.RowFilter`.
        num_rows: N.

    Raises:
        AnnotationError: On an unknown column, and if nothing is left; with
            the values that there are.
    """
    RowFilter(filter_cfg)  # refuses what is no filter
    keep = np.ones(num_rows, dtype=bool)
    there = []
    for name, value in (filter_cfg or {}).items():
        if name not in columns:
            raise AnnotationError(
                f'{file.path}: filter_cfg names {name!r}, which is no '
                f'column. Columns (arrays of shape (N,)) are: '
                f'{sorted(columns)}'
            )
        # What a cell says is compared once for each value there is.
        texts, inverse = np.unique(columns[name], return_inverse=True)
        cells = [str(text) for text in texts.tolist()]
        wanted = RowFilter({name: value})
        holds = np.array([wanted.holds({name: cell}) for cell in cells])
        keep &= holds[inverse]
        there.append(f'{name} has {_some(cells)}')
    if not keep.any():
        raise AnnotationError(
            f'{file.path}: no rows'
            + (
                f' match filter_cfg={dict(filter_cfg)}; '
                + ', '.join(there)
                + '. Write one of these values.'
                if filter_cfg
                else '.'
            )
        )
    return np.flatnonzero(keep)


def read_text(file: ArrayFile, name: str) -> np.ndarray:
    """An array, bytes in it as text; anything else as it is.

    Raises:
        AnnotationError: On bytes that are no UTF-8, with the rows.
    """
    values = file[name]
    if values.dtype.kind != 'S':
        return values
    try:
        return np.char.decode(values, 'utf-8')
    except UnicodeDecodeError:
        bad = [row for row, x in enumerate(values.flat) if not _is_utf8(x)]
    raise_rows(
        file,
        np.array(bad),
        f'{name} has bytes that are no text in UTF-8. Write text in the '
        f"encoding it is in: numpy.char.decode({name}, 'latin-1')",
        values.ravel(),
    )
    return values


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode('utf-8')
    except UnicodeDecodeError:
        return False
    return True


def _some(values: Iterable[str]) -> str:
    values = list(values)
    more = f', ... ({len(values)})' if len(values) > _LISTED else ''
    return ', '.join(map(repr, values[:_LISTED])) + more


def raise_rows(
    file: ArrayFile,
    rows: np.ndarray,
    what: str,
    values: np.ndarray | None = None,
) -> None:
    """Raise ``AnnotationError`` that names rows of the file, if any.

    Args:
        file: The file.
        rows: Their numbers.
        what: What is wrong with them.
        values: Of all rows, to show those of these.
    """
    if not len(rows):
        return
    listed = ', '.join(
        str(r) if values is None else f'{r} ({values[r]})'
        for r in rows[:_LISTED].tolist()
    )
    more = ', ...' if len(rows) > _LISTED else ''
    raise AnnotationError(
        f'{file.path}: {len(rows)} unusable row(s), counted from 0: '
        f'{listed}{more}: {what}'
    )
