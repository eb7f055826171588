"""Rows of a CSV annotation, one by one, checked."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


class AnnotationError(ValueError):
    """An annotation cannot be used; the message names file and rows."""


def read_lines(
    file: Path,
    columns: Mapping[str, str],
    filter_cfg: Mapping[str, Any] | None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number (the last, if a cell has several) and cells of each row."""
    line = 1
    try:
        with file.open(newline='', encoding='utf-8-sig') as stream:
            # Strict, since a quote that is never closed would swallow the
            # rest of the file.
            reader = csv.DictReader(stream, strict=True)
            _check_header(file, reader.fieldnames or [], columns, filter_cfg)
            for raw in reader:
                line = reader.line_num
                yield line, raw
    except UnicodeDecodeError as error:
        raise AnnotationError(
            f'{file}: no text in UTF-8, after line {line} ({error}). Save it '
            'as CSV with the encoding UTF-8.'
        ) from error
    except csv.Error as error:
        raise AnnotationError(
            f'{file}: no CSV after line {line} ({error}). Look for a quote '
            'that is not closed.'
        ) from error


def _check_header(
    file: Path,
    header: Sequence[str],
    columns: Mapping[str, str],
    filter_cfg: Mapping[str, Any] | None,
) -> None:
    needed = [columns['clip'], columns['label'], *(filter_cfg or {})]
    missing = [name for name in needed if name not in header]
    if missing:
        raise AnnotationError(
            f'{file}: no column {missing} in the header {list(header)}. '
            "Rename them, or map yours with columns=dict(clip='...', "
            "label='...')."
        )
    twice = sorted({n for n in header if n and header.count(n) > 1})
    if twice:
        raise AnnotationError(
            f'{file}: the columns {twice} are there more than once in the '
            f'header {list(header)}. Keep one of each.'
        )


def parse_row(
    raw: Mapping[str, Any], columns: Mapping[str, str]
) -> dict[str, Any]:
    """Check the cells of a row.

    Returns:
        ``clip``, ``label`` and, where not empty, ``audio``, ``start`` and
        ``end`` (seconds).

    Raises:
        ValueError: Naming the cell.
    """
    row: dict[str, Any] = {}
    if any(raw.get(None) or []):  # type: ignore[call-overload]
        raise ValueError(
            'more cells than the header has columns; put values with a comma '
            'in quotes'
        )
    for key in ('clip', 'label'):
        value = (raw.get(columns[key]) or '').strip()
        if not value:
            raise ValueError(f"empty '{columns[key]}'")
        _check_text(columns[key], value)
        row[key] = value
    audio = (raw.get(columns.get('audio', 'audio')) or '').strip()
    if audio:
        _check_text(columns.get('audio', 'audio'), audio)
        row['audio'] = audio
    for key in ('start', 'end'):
        text = (raw.get(columns.get(key, key)) or '').strip()
        if text:
            row[key] = _seconds(columns.get(key, key), text)
    if 'start' in row and 'end' in row and row['end'] <= row['start']:
        raise ValueError(
            f'segment of no length: {row["start"]} to {row["end"]} s'
        )
    return row


def _check_text(name: str, value: str) -> None:
    if '\0' in value:
        raise ValueError(f"'{name}' has a zero byte: {value!r}")


def _seconds(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"'{name}' must be seconds >= 0, got '{text}'")
    return value


def matches(
    raw: Mapping[str, Any], filter_cfg: Mapping[str, Any] | None
) -> bool:
    """Whether the cells have the wanted values, or one of them each."""
    for name, wanted in (filter_cfg or {}).items():
        allowed = [wanted] if isinstance(wanted, str | int) else list(wanted)
        if (raw.get(name) or '').strip() not in map(str, allowed):
            return False
    return True
