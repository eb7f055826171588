"""Guess which columns of a table are modalities, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmremix.datasets.class_folders import IMAGE_SUFFIXES, MEDIA_SUFFIXES

_SOUNDS = ('.wav', '.flac', '.mp3', '.ogg', '.m4a')
_LOOK_AT = 500  # cells of a column
WORDS = 512
RATE = 16000
_BY_ENDING: tuple[tuple[frozenset[str], dict[str, Any]], ...] = (
    (frozenset(('.npy',)), {'reader': 'npy', 'length': None}),
    (frozenset(('.pt',)), {'reader': 'pt', 'length': None}),
    (frozenset(IMAGE_SUFFIXES), {'reader': 'image'}),
    (frozenset(_SOUNDS), {'reader': 'sound', 'sample_rate': RATE}),
    (frozenset(MEDIA_SUFFIXES), {'reader': 'video'}),
)


def readers_of(
    columns: Mapping[str, Sequence[Any]], root: Path
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The readers of the columns that are modalities.

    Files are read by their ending, lists and numbers with a point as
    numbers, sentences as bags of words. Names and whole numbers are none:
    they may as well be a class, a person or a part of the data.

    Args:
        columns: Cells by column, without the labels.
        root: Folder of the files.

    Returns:
        The modalities of the config, and why other columns are none. Single
        numbers make one modality together.
    """
    readers: dict[str, dict[str, Any]] = {}
    unread: dict[str, str] = {}
    numbers: list[str] = []
    for name, cells in columns.items():
        some = [c for c in cells if c not in (None, '')][:_LOOK_AT]
        found = _reader(some, root)
        if found == 'number':
            numbers.append(name)
        elif isinstance(found, dict):
            key = name if name.isidentifier() else f'column_{len(readers)}'
            more = {} if key == name else {'column': name}
            readers[key] = {**found, **more}
        else:
            unread[name] = found
    if numbers:
        readers['numbers'] = {'reader': 'numbers', 'column': numbers}
    return readers, unread


def _reader(cells: Sequence[Any], root: Path) -> dict[str, Any] | str:
    """A reader, ``'number'``, or why there is none."""
    if not cells:
        return 'empty'
    if all(isinstance(cell, list) for cell in cells):
        return {'reader': 'numbers', 'length': None}
    if all(isinstance(cell, int | float) for cell in cells):
        whole = all(float(cell).is_integer() for cell in cells)
        return 'whole numbers' if whole else 'number'
    if not all(isinstance(cell, str) for cell in cells):
        return 'values of several types'
    endings = {Path(cell).suffix.lower() for cell in cells}
    for known, reader in _BY_ENDING:
        if endings <= known:
            return dict(reader)
    if endings == {'.npz'}:
        with np.load(root / cells[0], allow_pickle=False) as file:
            members = file.files
        if len(members) == 1:
            return {'reader': 'npz', 'length': None}
        return f'files of several arrays ({", ".join(members)}): write member='
    return _words_or_numbers(cells)


def _words_or_numbers(cells: Sequence[str]) -> dict[str, Any] | str:
    try:
        values = [json.loads(cell) for cell in cells]
    except ValueError:
        lists = [c for c in cells if c.strip()[:1] == '[']
        if len(lists) == len(cells):
            return f'lists that are no JSON ({lists[0][:20]}...): write [1, 2]'
        words = np.mean([len(cell.split()) for cell in cells])
        if words < 2:
            return 'names'
        return {'reader': 'bag_of_words', 'size': WORDS}
    if all(isinstance(value, list) for value in values):
        return {'reader': 'numbers', 'length': None}
    if all(isinstance(value, int | float) for value in values):
        return (
            'number'
            if any('.' in cell for cell in cells)
            else ('whole numbers')
        )
    return 'values of several types'


def empty_cells(
    columns: Mapping[str, Sequence[Any]],
    readers: Mapping[str, Mapping[str, Any]],
) -> int:
    """How many cells of modalities are empty."""
    used = []
    for name, reader in readers.items():
        column = reader.get('column', name)
        used += [column] if isinstance(column, str) else list(column)
    return sum(cell in (None, '') for name in used for cell in columns[name])
