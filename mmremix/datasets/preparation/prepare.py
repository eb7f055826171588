"""From a list of clips to checked annotations and a report."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmremix.datasets.preparation.outputs import (
    check_outputs,
    write_outputs,
)
from mmremix.datasets.preparation.parallel import probe_all
from mmremix.datasets.preparation.picture import picture_report
from mmremix.datasets.preparation.report import text_report
from mmremix.datasets.preparation.segments import Listed, outside, settle
from mmremix.datasets.preparation.splits import split_samples
from mmremix.utils.whole_files import csv_bytes

JOURNAL = '.prepare.jsonl'
"""Name of the journal in the output folder."""

_FILES = ('classes.txt', 'broken.csv', 'report.txt', 'report.png')


def prepare(
    samples: Sequence[Mapping[str, Any]],
    out: str | Path,
    classes: Sequence[str],
    shares: Mapping[str, float] | None = None,
    seed: int = 0,
    check: str = 'decode',
    workers: int = 1,
    on_broken: str = 'list',
    dry_run: bool = False,
    hash_media: bool = False,
    notes: Sequence[str] = (),
    progress: bool = True,
    inputs: Sequence[str] = (),
) -> str:
    """Check samples, split them and write what ``AVDataset`` reads.

    Writes ``<split>.csv``, ``classes.txt``, ``broken.csv``, ``report.txt``,
    ``report.png`` and ``checksums.sha256``, with paths relative to ``out``.

    Args:
        samples: Each with ``clip`` and ``label``; optionally ``audio``,
            ``start``, ``end`` (seconds), ``split``, ``group`` and, where it
            is known to be unusable, ``reason``; or ``listed``, a
            :class:`~mmremix.datasets.preparation.segments.Listed` that
            becomes ``start`` and ``end`` if the file is the whole video.
            Other keys become columns.
        out: The folder to write to, the ``data_root`` of the data set.
        classes: Class names in index order.
        shares: Shares of the random split of samples without ``split``.
        seed: Of the random split. Broken clips are split too, so that a
            repaired clip moves no other.
        check: See :func:`probe`.
        workers: Number of processes.
        on_broken: ``'list'`` leaves broken clips out and writes them to
            ``broken.csv``; ``'fail'`` raises.
        dry_run: Check and report, write nothing.
        hash_media: Whether the checksums cover the clips.
        notes: Lines for the report.
        progress: Whether to say how far it is.
        inputs: Files that were read, and must not be written over.

    Returns:
        The text of the report.

    Raises:
        ValueError: If nothing is left of a split, if a file would be
            replaced that no earlier run wrote, and under ``'fail'`` if clips
            are broken.
    """
    out = Path(out)
    rows = [dict(sample) for sample in samples]
    unknown = sorted({row['label'] for row in rows} - set(classes))
    if unknown:
        raise ValueError(f'Labels {unknown} are none of {list(classes)}.')
    _assign(rows, shares, seed)
    names = [f'{row["split"]}.csv' for row in rows]
    check_outputs(out, {*names, *_FILES}, inputs)
    tasks = [
        (row['clip'], row.get('audio') or '', check)
        for row in rows
        if not row.get('reason')
    ]
    found = probe_all(
        tasks,
        str(out),
        None if dry_run else out / JOURNAL,
        workers,
        progress,
    )
    splits: dict[str, list[dict[str, Any]]] = {}
    broken: list[dict[str, Any]] = []
    for row in rows:
        listed = row.pop('listed', None)
        facts = {'reason': row.get('reason')}
        if not row.get('reason'):
            facts = found[row['clip'], row.get('audio') or '', check]
        row['facts'] = facts
        row['reason'] = facts.get('reason') or _place_segment(row, listed)
        for key in ('clip', 'audio'):
            if row.get(key):
                relative = os.path.relpath(row[key], out)
                row[key] = relative.replace(os.sep, '/')
        part = splits.setdefault(row['split'], [])
        (broken if row['reason'] else part).append(row)
    order = [*(shares or ()), 'train', 'val', 'test', *splits]
    splits = {n: splits[n] for n in dict.fromkeys(order) if n in splits}
    for part in (*splits.values(), broken):
        part.sort(key=_place)
    report = text_report(splits, broken, classes, notes)
    if broken and on_broken == 'fail':
        listed = '\n  '.join(
            f'{row["clip"]}: {row["reason"]}' for row in broken[:10]
        )
        raise ValueError(
            f'{len(broken)} of {len(rows)} clips cannot be used:\n  {listed}\n'
            'Leave them out with --on-broken list.'
        )
    if dry_run:
        return report
    empty = [name for name, part in splits.items() if not part]
    if empty or not splits:
        raise ValueError(
            f'No usable clip in {empty or "any split"}.\n{report}'
        )
    _write(out, splits, broken, classes, report, hash_media)
    return report


def _assign(
    rows: list[dict[str, Any]], shares: Mapping[str, float] | None, seed: int
) -> None:
    """Give a split to the rows that have none, and check the others."""
    for row in rows:
        row['split'] = str(row.get('split') or '').strip()
        # It is the name of a file.
        if row['split'] and not re.fullmatch(r'\w[\w-]*', row['split']):
            raise ValueError(
                f'{row["clip"]}: {row["split"]!r} is no name of a split; use '
                'letters and digits, as train, val and test.'
            )
    free = {_name(row): row for row in rows if not row.get('split')}
    if not free:
        return
    if not shares:
        raise ValueError('Samples without a split, and no shares to split by.')
    triples = [
        (name, row['label'], str(row.get('group') or name))
        for name, row in free.items()
    ]
    for name, split in split_samples(triples, shares, seed).items():
        free[name]['split'] = split
    twice = [_name(row) for row in rows if not row.get('split')]
    if twice:
        raise ValueError(f'The same sample more than once: {twice[:10]}.')


def _name(row: Mapping[str, Any]) -> str:
    return '|'.join(str(row.get(k, '')) for k in ('clip', 'start', 'end'))


def _place(row: Mapping[str, Any]) -> tuple[str, float]:
    return row['clip'], float(row.get('start') or 0)


def _place_segment(row: dict[str, Any], listed: Listed | None) -> str | None:
    """Set the segment of a row; says why there is none."""
    duration = row['facts'].get('duration')
    if listed:
        times, reason = settle(listed, duration)
        row |= times
        if reason:
            return reason
    return outside(row, duration)


def _write(
    out: Path,
    splits: Mapping[str, list[dict[str, Any]]],
    broken: list[dict[str, Any]],
    classes: Sequence[str],
    report: str,
    hash_media: bool,
) -> None:
    rows = [row for part in splits.values() for row in part]
    hidden = {'clip', 'label', 'facts', 'reason', 'split'}
    used = {k for row in rows for k, v in row.items() if v not in (None, '')}
    first = [k for k in ('audio', 'start', 'end') if k in used]
    others = sorted(used - hidden - set(first))
    columns = ['clip', 'label', *first, *others]
    files = {
        f'{name}.csv': csv_bytes(columns, part)
        for name, part in splits.items()
    }
    columns = ['clip', 'label', 'split', 'start', 'end', 'reason']
    contents = (
        ''.join(f'{c}\n' for c in classes).encode(),
        csv_bytes(columns, broken),
        report.encode(),
        picture_report(splits, broken, classes),
    )
    files |= dict(zip(_FILES, contents, strict=True))
    media = {r[k] for r in rows for k in ('clip', 'audio') if r.get(k)}
    hashed = _media_files(out, media) if hash_media else []
    for name in write_outputs(out, files, hashed):
        print(f'{name}, of an earlier run with other options, was removed')


def _media_files(out: Path, names: Iterable[str]) -> list[str]:
    """Files, and those in folders of frames, relative to ``out``."""
    found = []
    for name in names:
        if (out / name).is_dir():
            found += [f'{name}/{p.name}' for p in (out / name).iterdir()]
        else:
            found.append(name)
    return found
