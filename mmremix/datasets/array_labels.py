"""Labels of the rows of an array file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmremix.datasets.array_checks import raise_rows, read_text
from mmremix.datasets.array_file import ArrayFile
from mmremix.datasets.csv_rows import AnnotationError
from mmremix.datasets.labels import ClassList, sort_labels
from mmremix.utils.errors import ConfigError


def labels_of(
    file: ArrayFile, name: str, classes: Sequence[str] | None, no_label: str
) -> tuple[np.ndarray, ClassList]:
    """One label a row, or several.

    Args:
        file: The file.
        name: Array of labels.
        classes: Names in index order.
        no_label: ``'allow'`` or ``'error'``, with several.

    Returns:
        See :func:`read_labels` and, of an array of two dimensions,
        :func:`read_multi_hot`.

    Raises:
        AnnotationError: On labels that cannot be.
        ConfigError: If ``no_label`` does not fit.
    """
    if len(file.shape(name)) == 2:
        return read_multi_hot(file, name, classes, no_label == 'allow')
    if no_label == 'allow':
        raise ConfigError(
            f"{file.path}: no_label='allow' is for several labels a sample, "
            f"and {name!r} is {file.shape(name)}. Write: no_label='error'"
        )
    return read_labels(file, name, classes)


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
        texts = read_text(file, name)
        if classes is None:
            classes = sort_labels([str(text) for text in np.unique(texts)])
        listed = ClassList(list(classes), f'{file.path}: classes')
        return _named(file, texts, listed), listed
    named = classes is not None
    if classes is None:
        classes = _numbers_from_0(file, name, values)
    listed = ClassList(list(classes), f'{file.path}: classes')
    if named and listed.are_numbers:
        return _named(file, values.astype(str), listed), listed
    raise_rows(
        file,
        np.flatnonzero((values < 0) | (values >= len(listed.names))),
        f'{name} must be 0 to {len(listed.names) - 1}, the classes are '
        f'{listed.names}. Count from 0 ({name} - {name}.min()), or name all '
        'classes: classes=[...]',
        values,
    )
    return values.astype(np.int64), listed


def _named(
    file: ArrayFile, texts: np.ndarray, listed: ClassList
) -> np.ndarray:
    """Class indices of labels that are names."""
    names, inverse = np.unique(texts, return_inverse=True)
    found = []
    for number, text in enumerate(names.tolist()):
        try:
            found.append(listed.index(text.strip()))
        except ValueError as error:
            raise_rows(file, np.flatnonzero(inverse == number), str(error))
    return np.array(found, dtype=np.int64)[inverse]


def _numbers_from_0(
    file: ArrayFile, name: str, values: np.ndarray
) -> list[str]:
    """Names of classes that nobody has named.

    An identity in place of a class would make millions.
    """
    most = max(1000, 10 * len(values))
    raise_rows(
        file,
        np.flatnonzero(values >= most),
        f'{name} must be class indices from 0, and below {most} for '
        f'{len(values)} rows. Number the classes, numpy.unique({name}, '
        'return_inverse=True)[1], or name all of them: classes=[...]',
        values,
    )
    return [str(i) for i in range(int(values.max(initial=0)) + 1)]


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
    raise_rows(
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
        raise_rows(
            file,
            np.flatnonzero(~values.astype(bool).any(axis=1)),
            f'{name} is 0 for all classes. If samples without a label are '
            "meant, write: no_label='allow'",
        )
    return values.astype(np.uint8), listed
