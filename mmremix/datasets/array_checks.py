"""Whether the arrays of a file are rows of samples that can be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mmremix.datasets.array_file import ArrayFile
from mmremix.datasets.csv_rows import AnnotationError, RowFilter
from mmremix.datasets.labels import ClassList, sort_labels

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


def _check_lengths(file: ArrayFile, name: str, shape: Sequence[int]) -> None:
    lengths = file[length_name(name)]
    if lengths.ndim != 1 or lengths.dtype.kind not in 'iu':
        raise AnnotationError(
            f'{file.path}: {length_name(name)!r} must be whole numbers (N,), '
            f'got {lengths.dtype} {lengths.shape}.'
        )
    _raise_rows(
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
        finite = np.isfinite(values).reshape(len(part), -1).all(axis=1)
        bad += part[~finite].tolist()
    if length_name(name) in file.names:
        lengths = file[length_name(name)]
        bad = [r for r in bad if not np.isfinite(array[r, : lengths[r]]).all()]
    _raise_rows(
        file,
        np.array(bad, dtype=np.int64),
        f'{name} has values that are NaN or infinite',
    )


def read_labels(
    file: ArrayFile, name: str, classes: Sequence[str] | None
) -> tuple[np.ndarray, ClassList]:
    """Class indices of all rows, and the classes.

    Args:
        file: The file.
        name: Array of class indices, or of class names (N,).
        classes: Names in index order. Defaults to the sorted labels, or for
            indices to their numbers, from 0 to the largest.

    Returns:
        ``(N,)`` int64, and the classes.

    Raises:
        AnnotationError: On labels that are none of the classes, with rows.
    """
    values = file[name]
    if values.ndim != 1 or values.dtype.kind not in 'iuUS':
        raise AnnotationError(
            f'{file.path}: labels are class indices or names (N,), {name!r} '
            f'is {values.dtype} {values.shape}. Write whole numbers from 0: '
            f'{name}.astype(int)'
        )
    if values.dtype.kind in 'US':
        texts, inverse = np.unique(as_text(values), return_inverse=True)
        names = [str(text) for text in texts]
        listed = ClassList(
            list(classes) if classes is not None else sort_labels(names),
            f'{file.path}: classes',
        )
        found = []
        for number, text in enumerate(names):
            try:
                found.append(listed.index(text.strip()))
            except ValueError as error:
                _raise_rows(
                    file, np.flatnonzero(inverse == number), str(error)
                )
        return np.array(found, dtype=np.int64)[inverse], listed
    if classes is None:
        highest = int(values.max(initial=0))
        classes = [str(i) for i in range(highest + 1)]
    listed = ClassList(list(classes), f'{file.path}: classes')
    _raise_rows(
        file,
        np.flatnonzero((values < 0) | (values >= len(listed.names))),
        f'{name} must be 0 to {len(listed.names) - 1}, the classes are '
        f'{listed.names}. Count from 0 ({name} - {name}.min()), or name all '
        'classes: classes=[...]',
        values,
    )
    return values.astype(np.int64), listed


def read_multi_hot(
    file: ArrayFile,
    name: str,
    classes: Sequence[str] | None,
    allow_empty: bool,
) -> tuple[np.ndarray, ClassList]:
    """Labels of all rows where each has any number, and the classes.

    Args:
        file: The file.
        name: Array of 0 and 1, ``(N, M)``.
        classes: M names. Defaults to the numbers from 0.
        allow_empty: Whether a row may be all 0; then all may be one-hot.

    Returns:
        ``(N, M)`` uint8, and the classes.

    Raises:
        AnnotationError: On other numbers and on rows of 0, with rows; on
            one-hot rows only, which say one class a sample.
    """
    values = file[name]
    if values.dtype.kind not in 'biuf':
        raise AnnotationError(
            f'{file.path}: several labels a sample are an array (N, M) of 0 '
            f'and 1, {name!r} is {values.dtype} {values.shape}. Write '
            "array.astype('uint8')"
        )
    _raise_rows(
        file,
        np.flatnonzero(((values != 0) & (values != 1)).any(axis=1)),
        f'{name} of shape {values.shape} must be 0 or 1 for each class. For '
        f'one class a sample, write {name}.argmax(axis=1)',
    )
    if classes is None:
        classes = [str(i) for i in range(values.shape[1])]
    listed = ClassList(list(classes), f'{file.path}: classes')
    if len(listed.names) != values.shape[1]:
        raise AnnotationError(
            f'{file.path}: {name!r} has {values.shape[1]} columns, but there '
            f'are {len(listed.names)} classes, {listed.names}. Name one for '
            'each column: classes=[...]'
        )
    if not allow_empty:
        if bool((values.sum(axis=1, dtype=np.int64) == 1).all()):
            raise AnnotationError(
                f'{file.path}: each row of {name!r}, {values.shape}, is 1 '
                'for exactly one class: these are one-hot rows of one class '
                f'a sample. Write {name}.argmax(axis=1), or, to let other '
                "samples have any number of labels: no_label='allow'"
            )
        _raise_rows(
            file,
            np.flatnonzero(~values.astype(bool).any(axis=1)),
            f'{name} is 0 for all classes. If samples without a label are '
            "meant, write: no_label='allow'",
        )
    return values.astype(np.uint8), listed


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
        cells = [str(text) for text in as_text(texts).tolist()]
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


def as_text(values: np.ndarray) -> np.ndarray:
    """Bytes as text; anything else as it is."""
    if values.dtype.kind != 'S':
        return values
    return np.char.decode(values, 'utf-8')


def _some(values: Iterable[str]) -> str:
    values = list(values)
    more = f', ... ({len(values)})' if len(values) > _LISTED else ''
    return ', '.join(map(repr, values[:_LISTED])) + more


def _raise_rows(
    file: ArrayFile,
    rows: np.ndarray,
    what: str,
    values: np.ndarray | None = None,
) -> None:
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
