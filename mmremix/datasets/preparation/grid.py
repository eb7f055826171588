"""Samples of GRID: words of sentences."""

from __future__ import annotations

import csv
import os
from typing import Any

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
_UNITS = 25000  # of an .align file, a second
_SILENCE = ('sil', 'sp')


def grid_samples(root: str, word: str = 'letter') -> list[dict[str, Any]]:
    """List the segments of one of the six words.

    Args:
        root: Folder with ``words.csv`` and ``clips/<id>.mp4``, or the
            corpus: ``s1/*.mpg`` and ``align/*.align`` (or ``s1/align``, or
            ``align/s1``).
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
        with open(table, newline='', encoding='utf-8-sig') as stream:
            return [
                {
                    'clip': os.path.join(root, 'clips', f'{r["clip"]}.mp4'),
                    'label': r['word'],
                    'start': r['start_s'],
                    'end': r['end_s'],
                    'split': r.get('split', ''),
                }
                for r in csv.DictReader(stream)
                if r['position'] == word
            ]
    samples = []
    for talker in sorted(os.listdir(root)):
        folder = os.path.join(root, talker)
        if talker == 'align' or not os.path.isdir(folder):
            continue
        for name in sorted(os.listdir(folder)):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() not in ('.mpg', '.mp4'):
                continue
            row = {'clip': os.path.join(folder, name), 'talker': talker}
            align = _find(root, talker, stem)
            samples.append(row | _segment(align, word, stem))
    if not samples:
        raise ValueError(f'{root}: no words.csv and no s1/*.mpg.')
    return samples


def _find(root: str, talker: str, stem: str) -> str:
    places = [
        os.path.join(root, *parts, f'{stem}.align')
        for parts in (
            ('align', talker),
            (talker, 'align'),
            (talker,),
            ('align',),
        )
    ]
    return next((p for p in places if os.path.isfile(p)), '')


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
    return {
        'label': label,
        'start': f'{int(start) / _UNITS:.3f}',
        'end': f'{int(end) / _UNITS:.3f}',
    }
