"""Plain-text tables, and those of predictions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def format_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Align columns; numbers to the right, the first column to the left."""
    cells = [list(map(str, row)) for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        '  '.join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    lines.insert(1, '-' * max(map(len, lines)))
    return '\n'.join(lines)


def prediction_table(
    entries: Sequence[Mapping[str, Any]], errors: bool = True
) -> str:
    """Table of what ``AVInferencer`` predicted, and its notes.

    One clip: a row for each rank. Several: a row for each clip with the
    first class of each prediction.

    Args:
        entries: Predictions, at least one.
        errors: Whether to say why clips were not predicted.
    """
    names = list(dict.fromkeys(n for e in entries for n in e['topk']))
    if len(entries) == 1:
        table = _ranks(entries[0], names)
    else:
        folder = _common_folder([e['clip'] for e in entries])
        table = format_table(
            ['clip', *names, 'missing'],
            (_row(entry, names, folder) for entry in entries),
        )
    notes = [
        f'{entry["clip"]}: {note}'
        for entry in entries
        for note in (entry['notes'] if entry['error'] is None else [])
    ]
    if errors:
        notes += error_lines(entries)
    return '\n\n'.join(part for part in (table, '\n'.join(notes)) if part)


def error_lines(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each clip that was not predicted, with the reason."""
    return [
        f'{entry["clip"]}: not predicted, {entry["error"]}'
        for entry in entries
        if entry['error'] is not None
    ]


def _ranks(entry: Mapping[str, Any], names: Sequence[str]) -> str:
    if not names:
        return ''
    ranks = zip(*(entry['topk'][name] for name in names), strict=True)
    rows = [[i, *map(_cell, items)] for i, items in enumerate(ranks, start=1)]
    return format_table(['', *names], rows)


def _row(
    entry: Mapping[str, Any], names: Sequence[str], folder: str
) -> list[str]:
    top = entry['topk']
    return [
        os.path.relpath(entry['clip'], folder) if folder else entry['clip'],
        *(_cell(top[name][0]) if name in top else '-' for name in names),
        ', '.join(entry['missing']) if top else 'not predicted',
    ]


def _cell(best: Mapping[str, Any]) -> str:
    return f'{best["class"]} {best["score"]:.3f}'


def _common_folder(paths: Sequence[str]) -> str:
    try:
        return os.path.commonpath([os.path.dirname(p) for p in paths])
    except ValueError:  # absolute and relative ones
        return ''
