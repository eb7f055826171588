"""Rows of a CSV annotation, one by one, checked."""

from __future__ import annotations

import csv
import math
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmremix.datasets.text_column import BLOCK
from mmremix.utils.errors import ConfigError, MissingFileError

_NUMBER = re.compile(
    r'([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?', re.ASCII
)


_KEYS = ('clip', 'label', 'audio', 'start', 'end')


class AnnotationError(ConfigError):
    """An annotation cannot be used; the message names file and rows."""


class MissingAnnotationError(AnnotationError, MissingFileError):
    """A file that describes the samples is not there."""


def read_lines(
    file: Path,
    columns: Mapping[str, str],
    needed: Iterable[str] | None = None,
    media: bool = True,
) -> Iterator[tuple[int, dict[str | None, Any]]]:
    """Line number (the last, if a cell has several) and cells of each row.

    With ``media``, columns that look like ``audio``, ``start`` and ``end``
    but would not be read are refused.
    """
    for header, lines, block in read_blocks(file, columns, needed, media):
        for line, cells in zip(lines, block, strict=True):
            yield line, by_column(header, cells)


def read_blocks(
    file: Path,
    columns: Mapping[str, str],
    needed: Iterable[str] | None = None,
    media: bool = True,
) -> Iterator[tuple[list[str], list[int], list[list[str]]]]:
    """The header, and line numbers and cells of so many rows at a time.

    See :func:`read_lines`.
    """
    line = 1
    try:
        with file.open(newline='', encoding='utf-8-sig') as stream:
            # Strict, since a quote that is never closed would swallow the
            # rest of the file.
            reader = csv.reader(stream, strict=True)
            header = [name.strip() for name in next(reader, [])]
            _check_header(file, header, columns, needed, media)
            lines: list[int] = []
            block: list[list[str]] = []
            for cells in reader:
                line = reader.line_num
                if cells:
                    lines.append(line)
                    block.append(cells)
                if len(block) == BLOCK:
                    yield header, lines, block
                    lines, block = [], []
            yield header, lines, block
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


def csv_header(file: Path) -> list[str]:
    """The columns of a CSV.

    Raises:
        AnnotationError: If it is no CSV, or commas do not separate it.
    """
    header, _, _ = next(read_blocks(file, {}, None, media=False))
    return header


def by_column(
    header: Sequence[str], cells: Sequence[str]
) -> dict[str | None, Any]:
    """Cells by the names of their columns, as ``csv.DictReader`` does.

    Those beyond the header are a list under None.
    """
    row: dict[str | None, Any] = dict(zip(header, cells, strict=False))
    if len(cells) > len(header):
        row[None] = list(cells[len(header) :])
    row.update(dict.fromkeys(header[len(cells) :]))
    return row


def _check_header(
    file: Path,
    header: Sequence[str],
    columns: Mapping[str, str],
    further: Iterable[str] | None,
    media: bool,
) -> None:
    # One that the config maps must be there too: without its times a whole
    # clip would be taken for a segment.
    needed = dict.fromkeys([*columns.values(), *(further or ())])
    missing = [name for name in needed if name not in header]
    other = [mark for mark in ';\t|' if len(header) == 1 and mark in header[0]]
    if missing or (other and not needed):
        if other:
            way = f'Save it with commas; {other[0]!r} separates its names.'
        elif media:
            way = (
                "Rename them, or map yours with columns=dict(clip='...', "
                "label='...')."
            )
        else:
            way = (
                "Rename them, or write: label='...', modalities=dict("
                f"{missing[0]}=dict(column='...'))"
            )
        raise AnnotationError(
            f'{file}: no column {missing or "of several"} in the header '
            f'{list(header)}. {way}'
        )
    twice = sorted({n for n in header if n and header.count(n) > 1})
    if twice:
        raise AnnotationError(
            f'{file}: the columns {twice} are there more than once in the '
            f'header {list(header)}. Keep one of each.'
        )
    for key in ('audio', 'start', 'end') if media else ():
        like = [name for name in header if name.casefold() == key]
        if like and columns.get(key, key) not in header:
            raise AnnotationError(
                f'{file}: the column {like[0]!r} would not be read. Rename it '
                f'to {key!r}, or write columns=dict({key}={like[0]!r}).'
            )


def parse_row(
    raw: Mapping[str | None, Any],
    columns: Mapping[str, str],
    empty_label: bool = False,
) -> dict[str, Any]:
    """Check the cells of a row.

    Args:
        raw: The cells.
        columns: See :func:`~mmremix.datasets.annotation.read_rows`.
        empty_label: Whether the label may be empty.

    Returns:
        ``clip``, ``label`` and, where not empty, ``audio``, ``start`` and
        ``end`` (seconds). Paths keep blanks around them, see
        :func:`~mmremix.datasets.paths.media_path`.

    Raises:
        ValueError: Naming the cell.
    """
    row: dict[str, Any] = {}
    if any(raw.get(None) or []):
        raise ValueError(
            'more cells than the header has columns; put values with a comma '
            'in quotes'
        )
    for key in ('clip', 'label', 'audio'):
        column = columns.get(key, key)
        value = raw.get(column) or ''
        if '\0' in value:
            raise ValueError(f"'{column}' has a zero byte: {value!r}")
        if value.strip():
            row[key] = value.strip() if key == 'label' else value
        elif key == 'label' and empty_label:
            row[key] = ''
        elif key != 'audio':
            raise ValueError(f"empty '{column}'")
    for key in ('start', 'end'):
        text = (raw.get(columns.get(key, key)) or '').strip()
        if text:
            row[key] = parse_seconds(text, f"'{columns.get(key, key)}'")
    first = row.get('start', 0.0)
    if row.get('end', math.inf) <= first:
        raise ValueError(f'segment of no length: {first} to {row["end"]} s')
    return row


def columns_of(
    header: Sequence[str],
    block: Sequence[Sequence[str]],
    names: Iterable[str],
) -> dict[str, list[str]]:
    """Cells of some columns; a cell that a row lacks is empty."""
    found = {}
    for name in dict.fromkeys(names):
        place = header.index(name)
        found[name] = [
            cells[place] if place < len(cells) else '' for cells in block
        ]
    return found


def parse_block(
    header: Sequence[str],
    lines: Sequence[int],
    block: Sequence[Sequence[str]],
    columns: Mapping[str, str],
    empty_label: bool = False,
) -> dict[str, Sequence[Any]] | None:
    """Check many rows at once, as :func:`parse_row` does one by one.

    Returns:
        Columns ``clip``, ``label``, ``audio`` (empty: none), ``start`` and
        ``end`` (NaN: none) and ``row``, the line numbers; None if a row is
        at fault, or has another number of cells than the header.
    """
    width = len(header)
    if any(len(cells) != width for cells in block):
        return None
    place = {key: columns.get(key, key) for key in _KEYS}
    cells = columns_of(
        header, block, [name for name in place.values() if name in header]
    )
    none = [''] * len(block)
    text = {key: cells.get(name, none) for key, name in place.items()}
    if any('\0' in ''.join(text[key]) for key in ('clip', 'label', 'audio')):
        return None
    label = [*map(str.strip, text['label'])]
    if not all(map(str.strip, text['clip'])) or not (
        empty_label or all(label)
    ):
        return None
    audio = [cell if cell.strip() else '' for cell in text['audio']]
    times = {}
    for key in ('start', 'end'):
        stripped = [*map(str.strip, text[key])]
        try:
            seconds = {
                cell: parse_seconds(cell, key) if cell else math.nan
                for cell in set(stripped)
            }
        except ValueError:
            return None
        times[key] = [seconds[cell] for cell in stripped]
    for start, end in zip(*times.values(), strict=True):
        # No comparison with NaN holds.
        if end <= start or end <= 0:
            return None
    return {
        'clip': text['clip'],
        'label': label,
        'audio': audio,
        **times,
        'row': lines,
    }


def parse_seconds(text: str, name: str) -> float:
    """Seconds of a text such as ``12.5`` or ``1e-3``.

    Stricter than ``float``, which also reads ``nan``, ``1_0`` and digits of
    other scripts.

    Raises:
        ValueError: On anything else, such as a unit or ``0:12``.
    """
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise ValueError(
            f'{name} must be seconds >= 0, a plain number such as 12.5, got '
            f"'{text[:80]}'"
        )
    return value


class RowFilter:
    """Which rows of a CSV are wanted, by their cells.

    Args:
        filter_cfg: For each column a value or a list of values. A text must
            be the whole cell; a number equals what the cell says as a number
            (0.5 and ``0.50``); None is an empty cell; True and False are
            ``true`` and ``false``.

    Raises:
        AnnotationError: On other values.
    """

    def __init__(self, filter_cfg: Mapping[str, Any] | None) -> None:
        if not isinstance(filter_cfg, Mapping | None):
            raise AnnotationError(
                f'filter_cfg is a dict of columns, got {filter_cfg!r}. Write: '
                "filter_cfg=dict(split='train')"
            )
        self._wanted: dict[str, list[str | float | None]] = {}
        for column, given in (filter_cfg or {}).items():
            several = isinstance(given, list | tuple | set | range)
            values = list(given) if several else [given]
            self._wanted[column] = [_cell_value(column, v) for v in values]

    def holds(self, raw: Mapping[str | None, Any]) -> bool:
        """Whether a row is wanted."""
        return all(
            self._fits(column, raw.get(column) or '')
            for column in self._wanted
        )

    def mask(self, cells: Mapping[str, Sequence[str]]) -> list[bool] | None:
        """Which rows are wanted; None for all.

        Args:
            cells: Of each column.
        """
        kept: list[bool] | None = None
        for column in self._wanted:
            # A column to choose by has few values.
            fits = {
                cell: self._fits(column, cell) for cell in set(cells[column])
            }
            mine = [fits[cell] for cell in cells[column]]
            kept = (
                mine
                if kept is None
                else [*map(all, zip(kept, mine, strict=True))]
            )
        return kept

    def _fits(self, column: str, cell: str) -> bool:
        return any(_equals(cell.strip(), v) for v in self._wanted[column])


def _cell_value(column: str, value: object) -> str | float | None:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, numbers.Real) and math.isfinite(value):
        return float(value)
    raise AnnotationError(
        f'filter_cfg: the column {column!r} is compared with text, finite '
        f'numbers, None (an empty cell) or a list of them, got {value!r}. '
        "Write: filter_cfg=dict(split='train')"
    )


def _equals(cell: str, value: str | float | None) -> bool:
    if value is None:
        return not cell
    if isinstance(value, bool):
        return cell.casefold() == str(value).casefold()
    if isinstance(value, str):
        return cell == value.strip()
    number = _NUMBER.fullmatch(cell.removeprefix('-'))
    return number is not None and float(cell) == value
