"""A tree of clips as Kinetics is downloaded, some of them broken.

Used by ``prepare_kill.py`` and by the tests of the preparation.
"""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

LISTS = {'train': 'train.csv', 'validate': 'validate.csv', 'test': 'test.csv'}
POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'
PROBLEMS = {
    'missing': 'no such file',
    'silent': 'no audio stream',
    'unseen': 'no video stream',
    'cut': 'cut off',
    'pointer': 'LFS pointer',
    'empty': 'empty',
    'page': 'not readable as media',
    'partial': "wrong extension '.part'",
    'odd': "wrong extension '.txt'",
    'twice': '2 segments',
}
"""What is wrong with a clip, by the start of its name, and how it is said."""


def make_tree(root: Path, clip: Path, per_class: int = 12) -> dict[str, str]:
    """Write lists and clips; returns the reason of each unusable row.

    Every class has ``per_class`` rows. In both usual namings: a folder for
    each class with ``<id>_<start>_<end>.mp4``, and ``<id>.mp4`` in one.
    """
    from mmremix.datasets.corpora import KineticsSounds

    tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in LISTS}
    tables['train'].append(('abseiling', 'other', 1, 11, 'train'))
    reasons = {}
    kinds = list(PROBLEMS)
    flat = root / 'flat'
    flat.mkdir(parents=True)
    silent, unseen = root / 'silent.mkv', root / 'unseen.mkv'
    _remux(clip, silent, 'video')
    _remux(clip, unseen, 'audio')
    for number, label in enumerate(KineticsSounds.METAINFO['classes']):
        folder = root / label
        folder.mkdir()
        for i in range(per_class):
            split = ('train', 'validate', 'test')[(number + i) % 3]
            name = f'good_{number:02}_{i}'
            if i == per_class - 1:  # one of them is broken
                kind = kinds[number % len(kinds)]
                name = f'{kind}_{number:02}'
                reasons[name] = PROBLEMS[kind]
                source = {'silent': silent, 'unseen': unseen}.get(kind, clip)
                _spoil(kind, name, source, folder, flat)
                if kind == 'twice':  # which of them was downloaded?
                    tables[split].append((label, name, 60, 70, split))
            elif i % 2:
                shutil.copy(clip, flat / f'{name}.mp4')
            else:
                shutil.copy(clip, folder / f'{name}_000005_000015.mp4')
            tables[split].append((label, name, 5, 15, split))
    silent.unlink()
    unseen.unlink()
    for name, rows in tables.items():
        with (root / LISTS[name]).open('w', newline='') as file:
            writer = csv.writer(file)
            header = 'label,youtube_id,time_start,time_end,split'
            writer.writerow(header.split(','))
            writer.writerows(rows)
    return reasons


def arguments(tree: Path, out: Path, workers: int) -> list[str]:
    """Command line of the tool."""
    lists = [str(tree / name) for name in LISTS.values()]
    return [
        *('--videos', str(tree), '--out', str(out)),
        *('--workers', str(workers), '--annotations', *lists),
    ]


def files_of(folder: Path) -> dict[str, bytes]:
    """Content of everything in a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


def listed_reasons(out: Path) -> dict[str, str]:
    """Reason of each clip in ``broken.csv``, by the start of its name."""
    with (out / 'broken.csv').open(newline='') as file:
        return {
            Path(row['clip'])
            .name.split('.')[0]
            .removesuffix('_000005_000015'): row['reason']
            for row in csv.DictReader(file)
        }


def checked(journal: Path) -> list[str]:
    """Keys of the whole lines of a journal."""
    keys = []
    text = journal.read_text() if journal.exists() else ''
    for line in text.split('\n'):
        try:
            keys.append(json.loads(line)[0])
        except ValueError:
            continue
    return keys


def _remux(source: Path, target: Path, kind: str) -> None:
    """Copy one track of a clip."""
    import av

    with av.open(str(source)) as old, av.open(str(target), 'w') as new:
        track = next(s for s in old.streams if s.type == kind)
        stream = new.add_stream_from_template(track)
        for packet in old.demux(track):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)


def _spoil(
    kind: str, name: str, source: Path, folder: Path, flat: Path
) -> None:
    whole = source.read_bytes()
    data = {
        'cut': whole[: len(whole) // 2],
        'pointer': POINTER.encode(),
        'empty': b'',
        'page': b'<!DOCTYPE html><title>Video unavailable</title>' * 20,
    }.get(kind, whole)
    ending = {'partial': 'mp4.part', 'odd': 'txt'}.get(kind, 'mp4')
    stem = f'{name}_000005_000015'
    if kind in ('silent', 'unseen'):
        ending = 'mkv'
    if kind == 'twice':
        (flat / f'{name}.mp4').write_bytes(data)
    elif kind != 'missing':
        (folder / f'{stem}.{ending}').write_bytes(data)
