"""Samples of Kinetics-Sounds, from lists of Kinetics-400."""

from __future__ import annotations

import csv
import difflib
import os
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from mmremix.datasets.class_folders import MEDIA_SUFFIXES, is_clutter
from mmremix.datasets.csv_rows import parse_seconds
from mmremix.datasets.preparation.kinetics_classes import (
    CLASSES_31,
    PUBLISHED,
    VARIANTS,
)
from mmremix.datasets.preparation.segments import Listed

_SPAN = re.compile(r'(.+)_([0-9]{6})_([0-9]{6})$')
_SPLITS = {'validate': 'val', 'validation': 'val', 'training': 'train'}


def kinetics_samples(
    annotations: Sequence[str],
    videos: str,
    names: Sequence[str] = CLASSES_31,
) -> tuple[list[dict[str, Any]], list[str]]:
    """List the clips of the annotations and find their files.

    Args:
        annotations: Files with the header ``label,youtube_id,time_start,
            time_end,split``, or published rows ``ytid_start_end,10,label``;
            these take their split from the name of the file.
        videos: Folder searched, with its sub-folders, for
            ``<id>_<start>_<end>.<ext>`` (six digits each) or ``<id>.<ext>``.
        names: Class names, as the annotations spell them.

    Returns:
        Samples, those without a file with a reason, the others with the
        segment that the list names, see
        :func:`~mmremix.datasets.preparation.segments.settle`; and notes:
        per-class counts of the annotations beside the published ones.

    Raises:
        ValueError: On rows that cannot be read, on a clip that is listed
            twice, and on a class that no row has.
    """
    files, others = _index(videos)
    samples: dict[tuple[str, float], dict[str, Any]] = {}
    rows = [row for path in annotations for row in _rows(path, names)]
    spans: dict[str, set[float]] = defaultdict(set)
    for video, start, *_ in rows:
        spans[video].add(start)
    for video, start, end, label, split in rows:
        if label not in names:
            continue
        if (video, start) in samples:
            raise ValueError(f'{video} from {start} s is listed twice.')
        stem = f'{video}_{int(start):06d}_{int(end):06d}'
        row: dict[str, Any] = {'label': label, 'split': split}
        found = files.get(stem) or files.get(video)
        row['clip'] = found or os.path.join(videos, label, f'{stem}.mp4')
        if not found:
            row['reason'] = 'no such file'
            odd = others.get(stem) or others.get(video)
            if odd:
                row['clip'] = odd
                ending = os.path.splitext(odd)[1]
                row['reason'] = f'wrong extension {ending!r}, no media file'
        else:
            row['listed'] = Listed(
                start, end, stem in files, len(spans[video])
            )
        samples[video, start] = row
    absent = _absent(names, {row[3] for row in rows})
    if absent and (not samples or list(names) not in VARIANTS.values()):
        raise ValueError(f'{list(annotations)}: no row of {absent}.')
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for row in samples.values():
        if not row.get('reason'):
            counts[row['label'], row['split']] += 1
    notes = [
        'files found, decodable or not (rows in the lists of OGM-GE), train '
        'and test:'
    ]
    if absent:
        notes.insert(0, f'classes that no row has: {absent}')
    for name in names:
        train, test = PUBLISHED.get(name, ('-', '-'))
        notes.append(
            f'  {name}: {counts[name, "train"]} ({train}), '
            f'{counts[name, "test"]} ({test})'
        )
    return list(samples.values()), notes


def _absent(names: Sequence[str], labels: set[str]) -> str:
    """Names that are no label, each with the labels that are like it."""
    parts = []
    for name in names:
        if name not in labels:
            like = difflib.get_close_matches(name, sorted(labels), 2)
            parts.append(f'{name} (like {", ".join(like)})' if like else name)
    return '; '.join(parts)


def _index(videos: str) -> tuple[dict[str, str], dict[str, str]]:
    """Media and other files by name without ending; the first one counts."""
    media: dict[str, str] = {}
    others: dict[str, str] = {}
    for folder, folders, names in os.walk(videos):
        folders[:] = sorted(n for n in folders if not is_clutter(n))
        for name in sorted(n for n in names if not is_clutter(n)):
            stem, suffix = os.path.splitext(name)
            target = media if suffix.lower() in MEDIA_SUFFIXES else others
            if target is others:  # a download that stopped: a.mp4.part
                inner, ending = os.path.splitext(stem)
                stem = inner if ending.lower() in MEDIA_SUFFIXES else stem
            target.setdefault(stem, os.path.join(folder, name))
    return media, others


def _rows(
    path: str, names: Sequence[str]
) -> list[tuple[str, float, float, str, str]]:
    """Video, start, end (seconds), label and split of each row."""
    name = os.path.basename(path).lower()
    by_name = next(
        (s for key, s in (('test', 'test'), ('val', 'val')) if key in name),
        'train',
    )
    with open(path, newline='', encoding='utf-8-sig') as stream:
        lines = [row for row in csv.reader(stream) if row]
    rows = []
    header = lines[0] if lines and 'youtube_id' in lines[0] else None
    for number, line in enumerate(lines[1:] if header else lines, 1):
        try:
            if header:
                raw = dict(zip(header, line, strict=True))
                times = [raw['time_start'], raw['time_end']]
                video, label = raw['youtube_id'].strip(), raw['label'].strip()
                split = raw.get('split', '').strip() or by_name
                split = _SPLITS.get(split, split)
            else:
                match = _SPAN.match(os.path.splitext(line[0].strip())[0])
                if match is None:
                    raise ValueError('no id_start_end')
                video, *times = match.groups()
                label, split = line[2].strip(), by_name
                if label not in names and re.fullmatch('[0-9]+', label):
                    label = CLASSES_31[int(label)]
            start, end = (parse_seconds(t.strip(), 'a time') for t in times)
            if end <= start:
                raise ValueError('a segment of no length')
            rows.append((video, start, end, label, split))
        except (ValueError, KeyError, IndexError) as error:
            raise ValueError(
                f'{path}: row {number} is neither label,youtube_id,'
                'time_start,time_end,split nor ytid_start_end,10,label: '
                f'{line} ({error})'
            ) from error
    return rows
