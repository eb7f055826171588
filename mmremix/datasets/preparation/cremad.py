"""Samples of CREMA-D."""

from __future__ import annotations

import csv
import os
import re
from typing import Any

from mmremix.datasets.corpora import CREMAD

CLASSES = list(CREMAD.METAINFO['classes'])
RANDOM_SHARES = {'train': 6698.0, 'test': 744.0}
ACTOR_SHARES = {'train': 8.0, 'val': 1.0, 'test': 1.0}
_NAME = re.compile(r'(\d{4})_([A-Z]{3})_([A-Z]{3})_([A-Z]{2}|X)$')


def cremad_samples(
    root: str,
    audio: str = '',
    split: str = 'random',
    train_list: str = '',
    test_list: str = '',
) -> tuple[list[dict[str, Any]], list[str]]:
    """List the clips of CREMA-D.

    Args:
        root: Checkout with ``VideoFlash/*.flv`` (and ``AudioWAV/*.wav``), or
            folder of ``Image-01-FPS/<id>/`` and ``AudioWAV/<id>.wav`` or
            ``.npy``.
        audio: ``'wav'`` or ``'clip'``; empty takes the file if it is there.
        split: ``'random'`` or ``'actors'``, where no lists are given.
        train_list: Published list, rows ``id,LABEL``.
        test_list: The other one.

    Returns:
        Samples and notes for the report.

    Raises:
        ValueError: If there are no clips, or clips in both lists.
    """
    clips: dict[str, str] = {}
    for folder, suffix in (('VideoFlash', '.flv'), ('Image-01-FPS', '')):
        top = os.path.join(root, folder)
        if os.path.isdir(top):
            for name in sorted(os.listdir(top)):
                stem, ending = os.path.splitext(name)
                if ending == suffix:
                    clips.setdefault(stem, os.path.join(top, name))
    if not clips:
        raise ValueError(
            f'{root}: no VideoFlash/*.flv and no Image-01-FPS/<id>/. Give '
            '--root the checkout of CREMA-D.'
        )
    samples, notes = [], []
    wanted: dict[str, tuple[str, str]] = {}
    for name, path in (('train', train_list), ('test', test_list)):
        for clip, label in _read_list(path) if path else ():
            if clip in wanted:
                raise ValueError(f'{clip} is more than once in the lists.')
            wanted[clip] = (label, name)
    if wanted:
        unused = len(set(clips) - set(wanted))
        notes.append(f'clips in no list, not used: {unused}')
    for clip in sorted(wanted or clips):
        match = _NAME.match(clip)
        row: dict[str, Any] = {
            'clip': clips.get(
                clip, os.path.join(root, 'VideoFlash', f'{clip}.flv')
            ),
        }
        if clip in wanted:
            row['label'], row['split'] = wanted[clip]
        elif match and match[3] in CLASSES:
            row['label'] = match[3]
        else:
            notes.append(f'not named as a clip of CREMA-D, left out: {clip}')
            continue
        if match:
            row['actor'] = match[1]
            if split == 'actors':
                row['group'] = match[1]
        sounds = [
            os.path.join(root, 'AudioWAV', clip + suffix)
            for suffix in ('.wav', '.npy')
        ]
        there = [path for path in sounds if os.path.isfile(path)]
        if audio == 'wav' or os.path.isdir(row['clip']):
            row['audio'] = (there or sounds)[0]
        elif audio != 'clip' and there:
            row['audio'] = there[0]
        samples.append(row)
    return samples, notes


def _read_list(path: str) -> list[tuple[str, str]]:
    rows = []
    with open(path, newline='', encoding='utf-8-sig') as stream:
        for number, row in enumerate(csv.reader(stream), 1):
            if not row:
                continue
            if len(row) < 2 or row[1].strip() not in CLASSES:
                raise ValueError(
                    f'{path}: line {number} must be id,LABEL with a label '
                    f'of {CLASSES}, got {row}.'
                )
            rows.append((row[0].strip(), row[1].strip()))
    return rows
