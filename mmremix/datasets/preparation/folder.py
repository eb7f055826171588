"""Samples of class folders or of the user's own CSV."""

from __future__ import annotations

import csv
import os
import re
from typing import Any

from mmremix.datasets.annotation import (
    MEDIA_SUFFIXES,
    read_csv,
    read_folders,
    sort_labels,
)


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
        ValueError: On a missing column or a clip that does not match.
    """
    notes = []
    if csv_file:
        columns = {'clip': 'clip', 'label': 'label'}
        rows, classes = read_csv(csv_file, columns)
        with open(csv_file, newline='', encoding='utf-8-sig') as stream:
            reader = csv.DictReader(stream)
            header = reader.fieldnames or []
            by_line = {}
            for raw in reader:
                by_line[reader.line_num] = raw
        if group_column and group_column not in header:
            raise ValueError(
                f'{csv_file}: no column {group_column!r} in {header}.'
            )
        for row in rows:
            raw = by_line[row.pop('row')]
            known = ('clip', 'label', 'audio', 'start', 'end')
            row |= {k: v for k, v in raw.items() if k and k not in known}
            if group_column:
                row['group'] = raw[group_column]
    elif group_column:
        raise ValueError('--group-column needs --csv; use --group-regex.')
    else:
        rows, classes, _ = read_folders(root)
        classes = sort_labels(set(classes))
        taken = {
            os.path.join(r['label'], os.path.basename(r['clip'])) for r in rows
        }
        for label in classes:
            for name in sorted(os.listdir(os.path.join(root, label))):
                path = os.path.join(label, name)
                stem, suffix = os.path.splitext(path)
                is_sound = os.path.isdir(os.path.join(root, stem))
                if path in taken or is_sound or name.startswith('.'):
                    continue
                if suffix.lower() not in MEDIA_SUFFIXES:
                    rows.append(
                        {
                            'clip': path,
                            'label': label,
                            'reason': f'no clip, ends in {suffix!r}',
                        }
                    )
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
                row[key] = os.path.join(root, row[key])
    if group_column or group_regex:
        notes.append(f'groups: {len({row["group"] for row in rows})}')
    return rows, classes, notes
