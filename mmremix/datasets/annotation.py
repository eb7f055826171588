"""Read the annotation of a data set: a CSV file with a header."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

from mmremix.datasets.class_folders import MEDIA_SUFFIXES, read_folders
from mmremix.datasets.csv_rows import (
    AnnotationError,
    MissingAnnotationError,
    RowFilter,
    by_column,
    columns_of,
    parse_block,
    parse_row,
    read_blocks,
)
from mmremix.datasets.labels import sort_labels
from mmremix.datasets.media_rows import MediaRows, RowBuilder

__all__ = [
    'MEDIA_SUFFIXES',
    'AnnotationError',
    'raise_problems',
    'read_csv',
    'read_folders',
    'read_rows',
]

_MAX_LISTED = 10
MEDIA_COLUMNS = ('clip', 'label', 'audio', 'start', 'end')
"""What the columns of a CSV of clips are called unless the config says."""


def read_csv(
    path: str, columns: Mapping[str, str], *args: Any, **kwargs: Any
) -> tuple[list[dict[str, Any]], list[str]]:
    """Read a CSV annotation, as :func:`read_rows`, into dicts."""
    rows, labels = read_rows(path, columns, *args, **kwargs)
    return [*rows], labels


def read_rows(
    path: str,
    columns: Mapping[str, str],
    filter_cfg: Mapping[str, Any] | None = None,
    further: Sequence[str] = (),
    empty_label: bool = False,
) -> tuple[MediaRows, list[str]]:
    """Read the rows of a CSV annotation.

    Args:
        path: UTF-8 file with a header, with or without a byte order mark.
        columns: Which column holds what, for the keys ``clip``, ``label``
            (both needed), ``audio``, ``start`` and ``end`` (where present).
        filter_cfg: Keep the rows whose column has the given value, or one of
            the given values, see
            :class:`~mmremix.datasets.csv_rows.RowFilter`:
            ``dict(split='train')``.
        further: Names of columns to keep as they are.
        empty_label: Whether a label may be empty.

    Returns:
        The kept rows, each with ``clip``, ``label`` (as text) and, where not
        empty, ``audio``, ``start`` and ``end`` (seconds), ``row`` (line
        number in the file) and ``columns`` (the further ones, if there are
        any); and the sorted labels of all rows, kept or not.

    Raises:
        AnnotationError: On a missing file or column, on what is no CSV in
            UTF-8, on an empty file or selection, on empty cells and on
            segments that are not one.
    """
    file = Path(path)
    if not file.is_file():
        raise MissingAnnotationError(
            f'No annotation file {path}. Check data_root and ann_file; the '
            'configs of public corpora take data_root from an environment '
            'variable (CREMAD_ROOT, KS_ROOT, GRID_ROOT).'
        )
    wanted = RowFilter(filter_cfg)
    rows = RowBuilder(further)
    labels: set[str] = set()
    problems: list[str] = []
    needed = [*(filter_cfg or {}), *further]
    for header, lines, block in read_blocks(file, columns, needed):
        values = parse_block(header, lines, block, columns, empty_label)
        if values is None:
            block, values = _row_by_row(
                header, lines, block, columns, empty_label, problems
            )
        labels.update(values['label'])
        cells = columns_of(header, block, needed)
        kept = wanted.mask(cells)
        if kept is not None:
            values = {k: [*compress(v, kept)] for k, v in values.items()}
            cells = {k: [*compress(v, kept)] for k, v in cells.items()}
        more = {name: map(str.strip, cells[name]) for name in further}
        rows.extend(values, more)
    raise_problems(path, problems)
    built = rows.build()
    if not len(built):
        raise AnnotationError(
            f'{path}: no rows'
            + (f' match filter_cfg={dict(filter_cfg)}.' if filter_cfg else '.')
        )
    return built, sort_labels(labels)


def _row_by_row(
    header: Sequence[str],
    lines: Sequence[int],
    block: Sequence[list[str]],
    columns: Mapping[str, str],
    empty_label: bool,
    problems: list[str],
) -> tuple[list[list[str]], dict[str, Sequence[Any]]]:
    """Rows without fault, and their values; notes the other rows."""
    kept, found = [], []
    for line, cells in zip(lines, block, strict=True):
        try:
            row = parse_row(by_column(header, cells), columns, empty_label)
        except ValueError as error:
            problems.append(f'line {line}: {error}')
        else:
            kept.append(cells)
            found.append({**row, 'row': line})
    missing = {'audio': '', 'start': math.nan, 'end': math.nan}
    keys = ('clip', 'label', *missing, 'row')
    return kept, {
        key: [row.get(key, missing.get(key)) for row in found] for key in keys
    }


def raise_problems(path: str, problems: Sequence[str], hint: str = '') -> None:
    """Raise one error that lists the first problems and their number."""
    if problems:
        listed = '\n  '.join(problems[:_MAX_LISTED])
        more = len(problems) - _MAX_LISTED
        raise AnnotationError(
            f'{path}: {len(problems)} unusable row(s):\n  {listed}'
            + (f'\n  ... and {more} more' if more > 0 else '')
            + (f'\n{hint}' if hint else '')
        )
