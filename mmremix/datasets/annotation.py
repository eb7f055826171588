"""Read annotations: a CSV file with a header, or one folder a class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmremix.datasets.csv_rows import (
    AnnotationError,
    matches,
    parse_row,
    read_lines,
)

MEDIA_SUFFIXES = frozenset(
    f'.{name}'
    for name in (
        *('3gp', 'avi', 'flv', 'm2ts', 'm4v', 'mkv', 'mov', 'mp4'),
        *('mpeg', 'mpg', 'mts', 'ogv', 'ts', 'webm', 'wmv'),
    )
)
"""File name endings that the folder layout takes for clips."""

_MAX_LISTED = 10
_NUMBER = r'\d{1,18}'


def read_csv(
    path: str,
    columns: Mapping[str, str],
    filter_cfg: Mapping[str, Any] | None = None,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Read the rows of a CSV annotation.

    Args:
        path: UTF-8 file with a header, with or without a byte order mark.
        columns: Which column holds what, for the keys ``clip``, ``label``
            (both needed), ``audio``, ``start`` and ``end`` (where present).
        filter_cfg: Keep the rows whose column has the given value, or one of
            the given values: ``dict(split='train')``.

    Returns:
        The kept rows, with ``clip``, ``label`` (as text) and, where not
        empty, ``audio``, ``start`` and ``end`` (seconds), and ``row`` (line
        number in the file); and the sorted labels of all rows, kept or not.

    Raises:
        AnnotationError: On a missing file or column, on what is no CSV in
            UTF-8, on an empty file or selection, on empty cells and on
            segments that are not one.
    """
    file = Path(path)
    if not file.is_file():
        raise AnnotationError(
            f'No annotation file {path}. Check data_root and ann_file; the '
            'configs of public corpora take data_root from an environment '
            'variable (CREMAD_ROOT, KS_ROOT, GRID_ROOT).'
        )
    rows: list[dict[str, Any]] = []
    labels: set[str] = set()
    problems: list[str] = []
    for line, raw in read_lines(file, columns, filter_cfg):
        try:
            row = parse_row(raw, columns)
        except ValueError as error:
            problems.append(f'line {line}: {error}')
            continue
        labels.add(row['label'])
        if matches(raw, filter_cfg):
            rows.append({**row, 'row': line})
    raise_problems(path, problems)
    if not rows:
        raise AnnotationError(
            f'{path}: no rows'
            + (f' match filter_cfg={dict(filter_cfg)}.' if filter_cfg else '.')
        )
    return rows, sort_labels(labels)


def read_folders(root: str) -> tuple[list[dict[str, Any]], list[str], int]:
    """List the clips of a ``root/<class>/<clip>`` layout.

    A clip is a media file, or a folder of frames with ``<clip>.wav`` or
    ``<clip>.npy`` beside it.

    Args:
        root: Folder of the class folders.

    Returns:
        Rows as :func:`read_csv` gives them, with paths relative to ``root``;
        the class names; the number of files that are no clips.

    Raises:
        AnnotationError: If there is no class folder or no clip.
    """
    top = Path(root)
    folders = sorted(p for p in top.glob('*') if p.is_dir())
    rows: list[dict[str, Any]] = []
    ignored = 0
    for folder in folders:
        for item in sorted(folder.iterdir()):
            if item.name.startswith('.'):
                continue
            row = {'label': folder.name, 'clip': str(item.relative_to(top))}
            if item.is_dir():
                sound = [
                    item.with_name(item.name + suffix)
                    for suffix in ('.wav', '.npy')
                ]
                found = [path for path in sound if path.is_file()]
                if found:
                    row['audio'] = str(found[0].relative_to(top))
                rows.append(row)
            elif item.suffix.lower() in MEDIA_SUFFIXES:
                rows.append(row)
            elif not item.with_suffix('').is_dir():
                ignored += 1
    if not rows:
        raise AnnotationError(
            f'No clips under {root}. Without ann_file, AVDataset expects '
            '<data_root>/<class>/<clip>.mp4; for a CSV write '
            "ann_file='train.csv'."
        )
    return rows, [folder.name for folder in folders], ignored


def label_index(
    label: str, indices: Mapping[str, int], num_classes: int
) -> int:
    """Class index of a label that is a class name or an index itself."""
    if label in indices:
        return indices[label]
    if re.fullmatch(_NUMBER, label) and int(label) < num_classes:
        return int(label)
    raise ValueError(f"unknown label '{label}'")


def sort_labels(labels: set[str]) -> list[str]:
    """Sort by number if all labels are numbers, else by text."""
    if all(re.fullmatch(_NUMBER, label) for label in labels):
        return sorted(labels, key=int)
    return sorted(labels)


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
