"""Read the annotation of a data set: a CSV file with a header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmremix.datasets.class_folders import MEDIA_SUFFIXES, read_folders
from mmremix.datasets.csv_rows import (
    AnnotationError,
    MissingAnnotationError,
    RowFilter,
    parse_row,
    read_lines,
)
from mmremix.datasets.labels import sort_labels

__all__ = [
    'MEDIA_SUFFIXES',
    'AnnotationError',
    'raise_problems',
    'read_csv',
    'read_folders',
    'repeated_rows',
]

_MAX_LISTED = 10
MEDIA_COLUMNS = ('clip', 'label', 'audio', 'start', 'end')
"""What the columns of a CSV of clips are called unless the config says."""


def read_csv(
    path: str,
    columns: Mapping[str, str],
    filter_cfg: Mapping[str, Any] | None = None,
    further: Sequence[str] = (),
    empty_label: bool = False,
) -> tuple[list[dict[str, Any]], list[str]]:
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
        The kept rows, with ``clip``, ``label`` (as text) and, where not
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
    rows: list[dict[str, Any]] = []
    labels: set[str] = set()
    problems: list[str] = []
    needed = [*(filter_cfg or {}), *further]
    for line, raw in read_lines(file, columns, needed):
        try:
            row = parse_row(raw, columns, empty_label)
        except ValueError as error:
            problems.append(f'line {line}: {error}')
            continue
        labels.add(row['label'])
        if wanted.holds(raw):
            rows.append({**row, 'row': line})
            if further:
                rows[-1]['columns'] = {
                    name: (raw.get(name) or '').strip() for name in further
                }
    raise_problems(path, problems)
    if not rows:
        raise AnnotationError(
            f'{path}: no rows'
            + (f' match filter_cfg={dict(filter_cfg)}.' if filter_cfg else '.')
        )
    return rows, sort_labels(labels)


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


def repeated_rows(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which rows are the same clip and segment as an earlier one."""
    first: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    found = []
    for row in rows:
        key = tuple(row.get(k) for k in ('clip', 'audio', 'start', 'end'))
        other = first.setdefault(key, row)
        if other is not row:
            text = f'line {row.get("row", "-")} repeats line '
            text += str(other.get('row', '-'))
            if other['label'] != row['label']:
                text += ' with another label'
            found.append(text)
    return found
