"""Samples of GRID: words of sentences."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from mmremix.datasets.annotation import read_csv
from mmremix.datasets.class_folders import MEDIA_SUFFIXES, is_clutter
from mmremix.datasets.corpora import GRID
from mmremix.datasets.csv_rows import read_lines

POSITIONS = ('command', 'color', 'preposition', 'letter', 'digit', 'adverb')
# The name spells the sentence, a character a word: bbaf2n is "bin blue at f
# two now".
_SPELLED = (
    {'b': 'bin', 'l': 'lay', 'p': 'place', 's': 'set'},
    {'b': 'blue', 'g': 'green', 'r': 'red', 'w': 'white'},
    {'a': 'at', 'b': 'by', 'i': 'in', 'w': 'with'},
    {c: c for c in 'abcdefghijklmnopqrstuvxyz'},
    dict(
        zip(
            'z123456789',
            (
                *('zero', 'one', 'two', 'three', 'four'),
                *('five', 'six', 'seven', 'eight', 'nine'),
            ),
            strict=True,
        )
    ),
    {'a': 'again', 'n': 'now', 'p': 'please', 's': 'soon'},
)
_COLUMNS = {'clip': 'clip', **GRID.WORDS_COLUMNS}
_UNITS = 25000  # of an .align file, a second
_SILENCE = ('sil', 'sp')


def grid_samples(root: str, word: str = 'letter') -> list[dict[str, Any]]:
    """List the segments of one of the six words.

    Args:
        root: Folder with ``words.csv`` and ``clips/<id>.mp4``, or the
            corpus: ``s1/*.mpg`` and ``align/*.align`` (or ``s1/align``, or
            ``align/s1``); both may lie deeper, as in ``video/mpg_6000``.
        word: One of ``command``, ``color``, ``preposition``, ``letter``,
            ``digit`` and ``adverb``.

    Returns:
        Samples with ``start`` and ``end`` in seconds; of ``words.csv`` with
        its split, of the corpus with the talker.

    Raises:
        ValueError: On an unknown word or layout.
    """
    if word not in POSITIONS:
        raise ValueError(f'word must be one of {POSITIONS}, got {word!r}.')
    table = os.path.join(root, 'words.csv')
    if os.path.isfile(table):
        return _words(root, table, word)
    samples = []
    aligns: dict[tuple[str, str], str] = {}
    for path in _walk(root, ('.align',)):
        # A word stands once for each talker, unless none is named.
        aligns.setdefault((_talker(root, path), Path(path).stem), path)
    for path in _walk(root, MEDIA_SUFFIXES):
        talker, stem = _talker(root, path), Path(path).stem
        align = aligns.get((talker, stem)) or aligns.get(('', stem), '')
        row = {'clip': path, 'talker': talker}
        samples.append(row | _segment(align, word, stem))
    if not samples:
        raise ValueError(
            f'{root}: no words.csv and no s1/*.mpg, nor other clips in it.'
        )
    return samples


def _words(root: str, table: str, word: str) -> list[dict[str, Any]]:
    """Samples of ``words.csv``."""
    rows, _ = read_csv(table, _COLUMNS, {'position': word})
    cells = dict(read_lines(Path(table), _COLUMNS, None))
    return [
        {
            'clip': os.path.join(root, 'clips', f'{row["clip"]}.mp4'),
            'label': row['label'],
            'start': row['start'],
            'end': row['end'],
            'split': cells[row['row']].get('split') or '',
        }
        for row in rows
    ]


def _walk(root: str, suffixes: Collection[str]) -> list[str]:
    """Files with one of some endings, in order."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(n for n in folders if not is_clutter(n))
        found += [
            os.path.join(folder, name)
            for name in sorted(names)
            if not is_clutter(name)
            and os.path.splitext(name)[1].lower() in suffixes
        ]
    return found


def _talker(root: str, path: str) -> str:
    """The folder on the way to a file that is called after a talker."""
    parts = Path(os.path.relpath(path, root)).parts[:-1]
    named = [part for part in parts if re.fullmatch('s[0-9]+', part)]
    others = [part for part in parts[::-1] if part != 'align']
    return next(iter(named + others), '')


def _segment(path: str, word: str, stem: str) -> dict[str, Any]:
    """Label and times, or the reason why there are none."""
    position = POSITIONS.index(word)
    spelled = _SPELLED[position].get(stem[position : position + 1])
    if spelled is None:
        raise ValueError(
            f'{stem} is no name of a GRID clip, such as bbaf2n: its character '
            f'{position + 1} stands for no {word}.'
        )
    known = {'label': spelled}
    if not path:
        return known | {'reason': 'no .align file'}
    with open(path, encoding='utf-8') as file:
        rows = [line.split() for line in file if line.strip()]
    words = [row for row in rows if len(row) == 3 and row[2] not in _SILENCE]
    if len(words) != len(POSITIONS):
        return known | {'reason': f'{len(words)} words in its .align, not 6'}
    start, end, label = words[position]
    if not (re.fullmatch('[0-9]+', start) and re.fullmatch('[0-9]+', end)):
        return known | {'reason': f'no times in its .align: {start} {end}'}
    if int(end) <= int(start):
        return known | {'reason': f'{word} of no length in its .align'}
    return {
        'label': label,
        'start': f'{int(start) / _UNITS:.3f}',
        'end': f'{int(end) / _UNITS:.3f}',
    }
