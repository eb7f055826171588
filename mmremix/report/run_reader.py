"""Read a work directory."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmremix.records import read_confusion, read_records
from mmremix.report.log_parts import Part
from mmremix.report.run_data import RunData
from mmremix.report.scalars import Series, find_runs, read_series
from mmremix.report.tested import read_tested
from mmremix.utils.plain_config import config_from_file, read_plain_config


def load_run(work_dir: str | Path, trust: bool = False) -> RunData:
    """Read a work directory; parts that are not there are left out.

    If several runs have been started there that do not go on from each
    other, it is the one that the records and the last confusion matrices
    belong to; of those they do not tell apart, the one that came furthest.
    A note names the others.

    Args:
        work_dir: Of the run.
        trust: Whether its config may run as Python. By default it is read
            as plain values, which is what a run prints.

    Raises:
        ConfigError: If the config is more than that.
        FileNotFoundError: If no training run has logged anything there.
    """
    root = Path(work_dir)
    runs = find_runs(root)
    run = RunData(root, {}, Config({}), _config_name(root), trusted=trust)
    no_records = _read_records(run)
    _read_confusion(run)
    series = [read_series(parts) for parts in runs]
    best = max(
        range(len(runs)),
        # The name of the folder only where nothing else differs.
        key=lambda i: (
            _agreement(run, series[i]),
            runs[i][-1].end,
            runs[i][-1].folder.name,
        ),
    )
    run.series = series[best]
    run.config = _read_config(root, runs[best], trust)
    run.environment = _read_environment(runs[best])
    run.tested = read_tested(root)
    run.notes += [note for part in runs[best] for note in part.notes]
    if no_records and run.first_remix_epoch is not None:
        run.notes.append(no_records)
    others = [parts[0].folder.name for parts in runs if parts != runs[best]]
    if others:
        run.notes.append(
            f'{len(runs)} training runs that do not go on from each other '
            f'have been started in {root}. This is the one that began in '
            f'{runs[best][0].folder.name}; left out: {", ".join(others)}.'
        )
    return run


def _read_records(run: RunData) -> str:
    """Returns why there are none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', RuntimeWarning)  # noted here
            run.records = read_records(run.work_dir)
    except (FileNotFoundError, ValueError) as error:
        return str(error)
    run.classes = run.records.classes
    if run.records.damage:
        run.notes.append(run.records.damage)
    return ''


def _read_confusion(run: RunData) -> None:
    try:
        kept = read_confusion(run.work_dir)
    except (FileNotFoundError, ValueError) as error:
        run.notes.append(str(error))
        return
    run.confusion, run.confusion_epoch = kept.matrices, kept.epoch
    run.classes = run.classes or kept.classes


def _agreement(run: RunData, series: Mapping[str, Series]) -> int:
    """How many epochs of a log are those of the files that were kept."""
    found = 0
    if run.records is not None:
        for i, epoch in enumerate(run.records.epochs.tolist()):
            logged = [
                series.get(f'remix/{name}', {}).get(epoch)
                for name in (
                    'flips',
                    *(f'count_{n}' for n in run.records.modalities),
                )
            ]
            kept = [run.records.flips[i], *run.records.count[i]]
            found += logged == [float(v) for v in kept]
    for name, matrix in run.confusion.items():
        right = np.trace(matrix) / max(matrix.sum(), 1)
        tested = series.get(f'acc/{name}_top1', {}).get(run.confusion_epoch)
        found += tested is not None and abs(tested - right) < 1e-5
    return found


def _read_config(root: Path, parts: Sequence[Part], trust: bool) -> Config:
    """The config as it was run, else the copy of the config file."""
    dumped = [part.folder / 'vis_data/config.py' for part in parts[::-1]]
    candidates = [file for file in dumped if file.is_file()]
    candidates = candidates[:1] or sorted(root.glob('*.py'))
    if not candidates:
        return Config({})
    if trust:
        return config_from_file(candidates[0], trust)
    return read_plain_config(candidates[0])


def _config_name(root: Path) -> str:
    files = sorted(root.glob('*.py'))
    return files[0].stem if len(files) == 1 else root.resolve().name


def _read_environment(parts: Sequence[Part]) -> str:
    """The block between dashed lines at the head of mmengine's log."""
    for part in parts[::-1]:
        for log in sorted(part.folder.glob('*.log')):
            with log.open(encoding='utf-8', errors='replace') as stream:
                head = stream.read(20_000)
            match = re.search(
                r'-{20,}\n(System environment:.*?)\n-{20,}', head, re.DOTALL
            )
            if match:
                return match[1].strip()
    return ''
