"""Rows of a table, from wherever they are, one by one."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmremix.datasets.class_folders import is_clutter
from mmremix.datasets.csv_rows import (
    AnnotationError,
    MissingAnnotationError,
    read_lines,
)

JSON_LINES = ('.jsonl', '.ndjson')


class _TwiceError(ValueError):
    """A key of a JSON object that is there twice."""


class RawRow(NamedTuple):
    """One row.

    Attributes:
        place: Its line in the file, from 1; in a folder its number.
        cells: Text, or what JSON holds, by column.
        problem: Why it cannot be used, if that is known already.
    """

    place: int
    cells: Mapping[Any, Any]
    problem: str = ''


def read_table(
    path: str,
    needed: Sequence[str],
    filter_cfg: Mapping[str, Any] | None,
) -> Iterator[RawRow]:
    """Rows of a CSV, of JSON-lines, or of a saved Hugging Face data set.

    Args:
        path: A file, JSON-lines by its ending ``.jsonl`` or ``.ndjson``, or
            a folder of ``datasets.Dataset.save_to_disk``.
        needed: Columns that must be there.
        filter_cfg: Its columns must be there too.

    Raises:
        AnnotationError: If it is missing, cannot be read, or lacks a column.
    """
    columns = list(dict.fromkeys([*needed, *(filter_cfg or {})]))
    if os.path.isdir(path):
        from mmremix.datasets.arrow_table import read_arrow

        return read_arrow(path, columns)
    if not os.path.isfile(path):
        raise MissingAnnotationError(
            f'No table {path}. Check data_root and ann_file.'
        )
    if path.lower().endswith(JSON_LINES):
        return _json_lines(Path(path), columns)
    return _csv(Path(path), columns)


def _csv(file: Path, columns: Sequence[str]) -> Iterator[RawRow]:
    names = {f'column {name}': name for name in columns}
    for line, raw in read_lines(file, names, None, media=False):
        problem = ''
        if any(raw.get(None) or []):
            problem = (
                'more cells than the header has columns; put values with a '
                'comma in quotes'
            )
        cells = {name: raw[name] for name in raw if name is not None}
        yield RawRow(line, cells, problem)


def _json_lines(file: Path, columns: Sequence[str]) -> Iterator[RawRow]:
    seen: dict[str, None] = {}
    try:
        with file.open(encoding='utf-8-sig') as stream:
            for line, text in enumerate(stream, 1):
                if not text.strip():
                    continue
                try:
                    cells = json.loads(text, object_pairs_hook=_each_once)
                except _TwiceError as error:
                    yield RawRow(line, {}, str(error))
                    continue
                except (ValueError, RecursionError) as error:
                    yield RawRow(line, {}, f'no JSON ({error})')
                    continue
                if not isinstance(cells, dict):
                    yield RawRow(line, {}, 'no JSON object {"column": ...}')
                    continue
                seen.update(dict.fromkeys(cells))
                yield RawRow(line, cells)
    except UnicodeDecodeError as error:
        raise AnnotationError(
            f'{file}: no text in UTF-8 ({error}). Save it as UTF-8.'
        ) from error
    # A key may be missing from a row, which is an empty cell; not from all.
    missing = [name for name in columns if name not in seen]
    if missing and seen:
        raise AnnotationError(no_column(str(file), missing, list(seen)))


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    cells = dict(pairs)
    if len(cells) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = {
            key: [value for name, value in pairs if name == key]
            for key in counts
            if counts[key] > 1
        }
        raise _TwiceError(
            f'a key twice with its values, {str(twice)[:100]}; write each '
            'key once'
        )
    return cells


def no_column(source: str, missing: Sequence[str], there: list[str]) -> str:
    """The message for columns that are not there."""
    return (
        f'{source}: no column {list(missing)}; there are {there}. Rename it, '
        f"or write: label='...', modalities=dict({missing[0]}=dict("
        f"column='...'))"
    )


def read_sample_folders(
    root: str, files: Mapping[str, str]
) -> Iterator[tuple[str, RawRow]]:
    """Samples of a tree ``<class>/<sample>/<file of a modality>``.

    Args:
        root: The tree.
        files: Name of the file of each modality.

    Yields:
        Path of the sample relative to the tree, and its row: ``label``, and
        for each modality that is there its file, relative to the tree.

    Raises:
        AnnotationError: If there is no such folder.
    """
    if not os.path.isdir(root):
        raise MissingAnnotationError(
            f'No folder {root}. Write data_root=..., a folder with one folder '
            'a class, or name a table: ann_file=...'
        )
    number = 0
    for label in _folders(root):
        for sample in _folders(os.path.join(root, label)):
            place = f'{label}/{sample}'
            number += 1
            cells = {
                name: f'{place}/{file}'
                for name, file in files.items()
                if os.path.lexists(os.path.join(root, label, sample, file))
            }
            yield place, RawRow(number, {**cells, 'label': label})


def _folders(root: str) -> list[str]:
    with os.scandir(root) as entries:
        return sorted(
            entry.name
            for entry in entries
            if entry.is_dir() and not is_clutter(entry.name)
        )
