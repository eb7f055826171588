"""What is in a folder of clips or a CSV of them, to fit a config to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmremix.datasets.annotation import read_csv
from mmremix.datasets.class_folders import read_folders, refuse_empty
from mmremix.datasets.csv_rows import (
    AnnotationError,
    MissingAnnotationError,
    csv_header,
)
from mmremix.datasets.labels import ClassList, read_classes, sort_labels
from mmremix.datasets.paths import media_path
from mmremix.datasets.preparation.parallel import probe_all
from mmremix.datasets.preparation.rows_survey import no_label
from mmremix.datasets.preparation.split_column import read_split
from mmremix.datasets.preparation.splits import split_samples
from mmremix.utils.errors import ConfigError

_HELD_OUT = 0.2
_EACH_CLASS = 'a fifth of each class is held out'


@dataclass
class Annotated:
    """Where samples are listed.

    Attributes:
        root: Folder that the paths of clips are relative to.
        rows: Of the training set.
        files: Annotation of ``train`` and ``val`` and, if there is one, of
            ``test``, relative to ``root``; empty if they have to be written.
        written: Rows to write for ``train`` and ``val``, if so.
        classes: Names, in index order.
        label: Column of the classes in ``files``.
        split: Value of the column ``split`` of each set, if that says which
            rows are for what.
        held_out: Why these are the samples that are not trained on.
    """

    root: str
    rows: list[dict[str, Any]]
    files: dict[str, str]
    written: dict[str, list[dict[str, Any]]]
    classes: list[str]
    label: str = 'label'
    split: dict[str, str] = field(default_factory=dict)
    held_out: str = ''


@dataclass
class Survey:
    """What clips are like; of those that were looked at.

    Attributes:
        seconds: Of every segment, the shorter of picture and sound.
        sizes: Width and height of every picture.
        sample_rates: Of every sound.
        reasons: Why clips cannot be used, and how many.
        broken: Some of these clips.
    """

    seconds: np.ndarray
    sizes: Counter[tuple[int, int]]
    sample_rates: Counter[int]
    reasons: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


def find_annotation(source: str, label: str = 'label') -> Annotated:
    """The samples of class folders, or of a CSV and those beside it.

    Args:
        source: A folder ``<class>/<clip>``, a folder with ``train.csv``, or
            a CSV (``.csv`` may be left out). A validation set is ``val.csv``
            or ``test.csv`` beside ``train.csv``, or what the column
            ``split`` says; else a fifth of each class is held out.
        label: Column of the classes.

    Raises:
        AnnotationError: If there is nothing of the kind.
        ConfigError: For a column of classes where folders are the classes,
            or a column ``split`` of other words.
    """
    path = Path(source)
    if path.is_dir():
        listed = path / 'train.csv'
        if not listed.is_file():
            if label != 'label':
                raise ConfigError(
                    f'--label {label!r} names a column of a CSV, and {source} '
                    'has none: its folders are the classes. Leave it out, or '
                    'name the CSV.'
                )
            found = read_folders(str(path))
            refuse_empty(str(path), found.empty)
            names = sort_labels(found.classes)
            return _split(str(path), found.rows, names, _EACH_CLASS)
        path = listed
    elif not path.is_file():
        path = path.with_name(f'{path.name}.csv')
    if not path.is_file():
        raise MissingAnnotationError(
            f'There is no folder of clips and no CSV {source}. Name a folder '
            '<class>/<clip>.mp4, or a CSV with the header clip,label.'
        )
    root = path.parent
    columns = {'clip': 'clip', 'label': label}
    header = csv_header(path)
    if label not in header:
        raise AnnotationError(no_label(str(path), label, header))
    marks = ['split'] if 'split' in header else []
    rows, labels = read_csv(str(path), columns, None, marks)
    if (root / 'classes.txt').is_file():
        names = read_classes(root / 'classes.txt')
    else:
        names = sort_labels(labels)
    files = {'train': path.name}
    if path.name == 'train.csv':
        files |= {
            split: f'{split}.csv'
            for split in ('val', 'test')
            if (root / f'{split}.csv').is_file()
        }
    split: dict[str, str] = {}
    held_out = f'{files.get("val", files.get("test"))} is beside {path.name}'
    if len(files) == 1:
        column = [row['columns']['split'] for row in rows] if marks else []
        split, held_out = read_split(str(path), column)
        files = dict.fromkeys(split, path.name)
    if not files:
        return _split(str(root), rows, names, held_out)
    if split:
        rows = [r for r in rows if r['columns']['split'] == split['train']]
    classes = ClassList(names, f'{path}: classes').names
    files.setdefault('val', files.get('test', ''))
    return Annotated(
        str(root), rows, files, {}, classes, label, split, held_out
    )


def _split(
    root: str, rows: list[dict[str, Any]], names: Sequence[str], why: str
) -> Annotated:
    """Hold a part of each class out, whole clips."""
    classes = ClassList(names, f'{root}: classes').names
    shares = {'train': 1 - _HELD_OUT, 'val': _HELD_OUT}
    chosen = split_samples(
        [
            (str(i), str(row['label']), row['clip'])
            for i, row in enumerate(rows)
        ],
        shares,
    )
    written: dict[str, list[dict[str, Any]]] = {name: [] for name in shares}
    for i, row in enumerate(rows):
        written[chosen[str(i)]].append(row)
    return Annotated(
        root, written['train'], {}, written, classes, held_out=why
    )


def survey(found: Annotated, at_most: int, workers: int = 1) -> Survey:
    """Open clips and measure them.

    Args:
        found: The samples.
        at_most: How many to look at, evenly spaced.
        workers: Number of processes.

    Raises:
        ConfigError: If none can be used.
    """
    rows = found.rows
    count = min(at_most, len(rows))
    rows = [rows[i * len(rows) // count] for i in range(count)]
    tasks = [
        (
            media_path(found.root, row['clip']),
            media_path(found.root, row['audio']) if 'audio' in row else '',
            'header',
        )
        for row in rows
    ]
    facts = probe_all(tasks, found.root, workers=workers)
    result = Survey(np.empty(0), Counter(), Counter())
    seconds = []
    for row, task in zip(rows, tasks, strict=True):
        one = facts[task]
        if 'reason' in one:
            result.reasons[one['reason']] += 1
            result.broken.append(row['clip'])
            continue
        known = [one[k] for k in ('duration', 'audio_duration') if one[k]]
        start = row.get('start', 0.0)
        end = row.get('end', min(known, default=0.0))
        seconds.append(end - start)
        if one['width']:
            result.sizes[(one['width'], one['height'])] += 1
        if one['sample_rate']:
            result.sample_rates[one['sample_rate']] += 1
    result.seconds = np.array([s for s in seconds if s > 0])
    if not len(result.seconds):
        reasons = '; '.join(
            f'{n} x {r.rstrip(".")}' for r, n in result.reasons.items()
        )
        raise ConfigError(
            f'{found.root}: of {count} clips none has a picture and a sound '
            f'of known length: {reasons}. The first is {tasks[0][0]}. Clips '
            'are looked for beside the list: where their folder or suffix '
            'is missing, write clips/a.mp4 instead of a. Which clips are '
            f'broken, and why: mmremix prepare --root {found.root}'
        )
    return result
