"""Write a data set of arrays, and say what was written."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmremix.datasets.csv_rows import AnnotationError, read_lines
from mmremix.utils.whole_files import write_whole


def read_table(
    root: str | Path, columns: Sequence[str]
) -> list[dict[str, str]]:
    """Rows of ``samples.csv`` of a folder.

    Args:
        root: The folder.
        columns: What the table must have.

    Raises:
        AnnotationError: If it lacks a column, has an empty cell, or no rows.
    """
    path = Path(root, 'samples.csv')
    rows = []
    for line, raw in read_lines(path, {name: name for name in columns}, None):
        row = {name: (raw.get(name) or '').strip() for name in columns}
        empty = [name for name, cell in row.items() if not cell]
        if empty:
            raise AnnotationError(f'{path}: line {line}: empty {empty}')
        rows.append(row)
    if not rows:
        raise AnnotationError(f'{path}: no rows')
    return rows


def read_array(path: Path, shape: Sequence[int | None]) -> np.ndarray:
    """An array of numbers of a ``.npy`` file.

    Args:
        path: The file.
        shape: What it must be; None for any number but 0.

    Raises:
        AnnotationError: If it is missing, damaged, of another shape, or has
            values that are NaN or infinite.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise AnnotationError(f'{path}: cannot be read ({error})') from error
    return check_array(array, shape, str(path))


def check_array(
    value: Any, shape: Sequence[int | None], where: str
) -> np.ndarray:
    """Refuse what is no array of finite numbers of a shape.

    Raises:
        AnnotationError: Saying where, and what was found.
    """
    array: np.ndarray = np.asarray(value)
    fits = array.ndim == len(shape) and all(
        size == wanted if wanted is not None else size > 0
        for size, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits or array.dtype.kind not in 'biuf':
        wanted = tuple('any' if s is None else s for s in shape)
        raise AnnotationError(
            f'{where}: numbers of shape {wanted} are needed, got '
            f'{array.dtype} {array.shape}. Unpack the archive again.'
        )
    if array.dtype.kind == 'f' and not np.isfinite(array).all():
        raise AnnotationError(f'{where}: has NaN or infinite values.')
    return array


def resample(array: np.ndarray, length: int) -> np.ndarray:
    """Another number of time steps, by linear interpolation.

    Args:
        array: ``(T, C)``.
        length: The new T.

    Returns:
        ``(length, C)`` float32; the first and the last step stay.
    """
    steps = np.linspace(0, len(array) - 1, length)
    low = np.floor(steps).astype(int)
    high = np.minimum(low + 1, len(array) - 1)
    part = (steps - low)[:, None]
    values = array[low] * (1 - part) + array[high] * part
    return np.asarray(values, dtype=np.float32)


def write_arrays(path: str | Path, arrays: Mapping[str, np.ndarray]) -> str:
    """Write an ``.npz`` file, whole or not at all, and describe it.

    It is not compressed, so that it can be mapped into memory. The same
    arrays make the same bytes.

    Args:
        path: The file.
        arrays: With ``label``; those of (N,) are columns.

    Returns:
        A line an array, and the number of rows of each split.
    """
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_whole(path, buffer.getvalue())
    lines = [f'{path}: {len(buffer.getvalue()) / 1e6:.1f} MB']
    for name, array in arrays.items():
        if array.ndim > 1 or len(np.unique(array)) > 40:
            said = f'{array.dtype} {array.shape}'
        else:
            values, counts = np.unique(array, return_counts=True)
            said = ', '.join(
                f'{value} {count}'
                for value, count in zip(values, counts, strict=True)
            )
        lines.append(f'  {name}: {said}')
    return '\n'.join(lines)
