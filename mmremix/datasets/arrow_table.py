"""Rows of a data set that Hugging Face's ``datasets`` saved (Arrow)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mmremix.datasets.csv_rows import AnnotationError
from mmremix.datasets.lazy_cell import LazyCell
from mmremix.datasets.table_rows import RawRow, no_column

_AT_ONCE = 1000  # rows


def open_saved(path: str) -> Any:
    """Map a saved data set into memory; images stay encoded.

    Raises:
        AnnotationError: If it is none, or ``datasets`` is not installed.
    """
    try:
        import datasets
    except ImportError as error:
        raise AnnotationError(
            f'{path} is a folder; to read it as a data set of Hugging Face: '
            'pip install datasets'
        ) from error
    try:
        found = datasets.load_from_disk(path)
    except Exception as error:
        raise AnnotationError(
            f'{path}: no data set of Dataset.save_to_disk ({error}).'
        ) from error
    if isinstance(found, datasets.DatasetDict):
        raise AnnotationError(
            f'{path} holds several data sets, {list(found)}. Write one of '
            f"them: ann_file='{path}/{next(iter(found))}'"
        )
    for name, feature in found.features.items():
        if isinstance(feature, datasets.Image | datasets.Audio):
            found = found.cast_column(name, type(feature)(decode=False))
    return found


def read_arrow(path: str, columns: Sequence[str]) -> Iterator[RawRow]:
    """Rows; lists, arrays and images are left where they are.

    Raises:
        AnnotationError: On a column that is not there.
    """
    import pyarrow as pa

    found = open_saved(path)
    missing = [name for name in columns if name not in found.column_names]
    if missing:
        raise AnnotationError(no_column(path, missing, found.column_names))
    arrow = found.with_format('arrow')
    names_of = {
        name: feature.names
        for name, feature in found.features.items()
        if hasattr(feature, 'names')
    }
    for first in range(0, len(found), _AT_ONCE):
        part = arrow[first : first + _AT_ONCE]
        cells: dict[str, list[Any]] = {}
        for name in found.column_names:
            values = part.column(name)
            if pa.types.is_nested(values.type) or not _plain(values.type):
                cells[name] = [
                    None if null else LazyCell(path, name, first + place)
                    for place, null in enumerate(values.is_null().to_pylist())
                ]
            else:
                cells[name] = values.to_pylist()
            if name in names_of:  # a class label, as its name
                cells[name] = [
                    None if number is None else names_of[name][number]
                    for number in cells[name]
                ]
        for place in range(part.num_rows):
            row = {name: values[place] for name, values in cells.items()}
            yield RawRow(first + place + 1, row)


def _plain(kind: Any) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
    )
