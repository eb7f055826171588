"""Samples of class folders or of the user's own CSV."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mmremix.datasets.annotation import read_csv
from mmremix.datasets.class_folders import read_folders, refuse_empty
from mmremix.datasets.csv_rows import read_lines
from mmremix.datasets.labels import ClassList, sort_labels
from mmremix.datasets.paths import media_path


def folder_samples(
    root: str,
    csv_file: str = '',
    group_column: str = '',
    group_regex: str = '',
) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    r"""List samples of ``root/<class>/<clip>`` or of a CSV.

    Args:
        root: Folder of the clips.
        csv_file: CSV with ``clip,label`` and optionally ``audio``, ``start``,
            ``end``, ``split``, and the group; clips relative to ``root``.
        group_column: Column of the CSV whose values never cross splits.
        group_regex: Where in the path of a clip its group stands: the first
            parenthesis, or all that matches, as in ``'/(speaker\d+)_'``.

    Returns:
        Samples, classes and notes for the report.

    Raises:
        ValueError: On a missing column, a clip that does not match, labels
            that are no list of classes, and folders without clips.
    """
    notes = []
    if csv_file:
        columns = {'clip': 'clip', 'label': 'label'}
        rows, classes = read_csv(csv_file, columns)
        if group_column:
            columns['group'] = group_column
        by_line = dict(read_lines(Path(csv_file), columns, None))
        for row in rows:
            raw = by_line[row.pop('row')]
            known = ('clip', 'label', 'audio', 'start', 'end')
            row |= {k: v for k, v in raw.items() if k and k not in known}
            if group_column:
                row['group'] = raw[group_column]
    elif group_column:
        raise ValueError('--group-column needs --csv; use --group-regex.')
    else:
        found = read_folders(root)
        refuse_empty(root, found.empty)
        rows, classes = found.rows, sort_labels(found.classes)
        for path in found.unused:
            ending = os.path.splitext(path)[1]
            why = f'ends in {ending!r}'
            if os.path.isdir(os.path.join(root, path)):
                why = 'a folder without pictures'
            label = path.split(os.sep)[0].strip()
            rows.append(
                {'clip': path, 'label': label, 'reason': f'no clip, {why}'}
            )
    listed = ClassList(classes, f'{csv_file or root}: classes')
    classes = listed.names
    if listed.look_alikes():
        notes.append(listed.look_alikes())
    for row in rows:
        if group_regex:
            match = re.search(group_regex, row['clip'])
            if not match:
                raise ValueError(
                    f'{group_regex!r} does not match {row["clip"]!r}.'
                )
            row['group'] = match.group(1 if match.re.groups else 0)
        for key in ('clip', 'audio'):
            if key in row:
                row[key] = media_path(root, row[key])
    if group_column or group_regex:
        notes.append(f'groups: {len({row["group"] for row in rows})}')
    return rows, classes, notes
