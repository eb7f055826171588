"""Samples of CREMA-D."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path
from typing import Any

from mmremix.datasets.class_folders import (
    MEDIA_SUFFIXES,
    SOUND_SUFFIXES,
    is_clutter,
)
from mmremix.datasets.corpora import CREMAD

CLASSES = list(CREMAD.METAINFO['classes'])
RANDOM_SHARES = {'train': 6698.0, 'test': 744.0}
ACTOR_SHARES = {'train': 8.0, 'val': 1.0, 'test': 1.0}
_FOLDERS = ('VideoFlash', 'VideoMP4', 'Image-01-FPS', 'AudioWAV')
_NAME = re.compile(r'([0-9]{4})_([A-Z]{3})_([A-Z]{3})_([A-Z]{2}|X)$')


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
            folder with ``VideoMP4/*.mp4``, or with ``Image-01-FPS/<id>/`` and
            ``AudioWAV/<id>.wav`` or ``.npy``. Files named as those of the
            corpus are found in other folders below it too.
        audio: ``'wav'`` or ``'clip'``; empty takes the file if it is there.
        split: ``'random'`` or ``'actors'``, where no lists are given.
        train_list: Published list, rows ``id,LABEL``.
        test_list: The other one.

    Returns:
        Samples and notes for the report.

    Raises:
        ValueError: If there are no clips, or clips in both lists.
    """
    clips, found_sounds = _index(root)
    if not clips:
        raise ValueError(
            f'{root}: no clips in it, neither VideoFlash/*.flv nor '
            'VideoMP4/*.mp4 nor Image-01-FPS/<id>/, nor others below it that '
            'are named as 1001_DFA_ANG_XX. Give --root the checkout of '
            'CREMA-D.'
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
        there = found_sounds.get(clip)
        if audio == 'wav' or os.path.isdir(row['clip']):
            row['audio'] = there or os.path.join(
                root, 'AudioWAV', f'{clip}.wav'
            )
        elif audio != 'clip' and there:
            row['audio'] = there
        samples.append(row)
    return samples, notes


def _index(root: str) -> tuple[dict[str, str], dict[str, str]]:
    """Clips and sounds by name, wherever they are below the root.

    Of several files of one name, that of the folder that comes first in
    ``_FOLDERS`` counts, then one that is not in it, by path; media files
    before folders of frames, and .wav before .npy.
    """
    media: dict[str, str] = {}
    frames: dict[str, str] = {}
    sounds: dict[str, dict[str, str]] = {end: {} for end in SOUND_SUFFIXES}
    tops = [Path(root, name) for name in _FOLDERS]
    for top in (*tops, Path(root)):
        for folder, folders, names in os.walk(top):
            folders[:] = sorted(n for n in folders if not is_clutter(n))
            for name in [n for n in folders if _NAME.match(n)]:
                frames.setdefault(name, os.path.join(folder, name))
                folders.remove(name)
            for name in sorted(n for n in names if not is_clutter(n)):
                stem, ending = os.path.splitext(name)
                path = os.path.join(folder, name)
                if ending.lower() in sounds:
                    sounds[ending.lower()].setdefault(stem, path)
                elif ending.lower() in MEDIA_SUFFIXES and (
                    top in tops or _NAME.match(stem)
                ):
                    media.setdefault(stem, path)
    return frames | media, sounds['.npy'] | sounds['.wav']


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
