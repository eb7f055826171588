"""Everything that a work directory tells about its run."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from mmremix.records import Records, read_confusion, read_records
from mmremix.report.scalars import Part, Series, find_runs, read_series
from mmremix.utils.names import FUSION, HEADS, READOUT, RESERVED
from mmremix.utils.plain_config import config_from_file, read_plain_config

_TOP1 = re.compile(r'acc/(.+)_top1')


@dataclass
class RunData:
    """One training run.

    Attributes:
        work_dir: Where it was read from.
        series: All scalars by epoch, see
            :func:`~mmremix.report.scalars.read_series`.
        config: As the run dumped it; empty if there is none.
        config_name: Stem of the config file.
        environment: What mmengine logged about the machine.
        records: None for a run without Remix, or one without the hook.
        confusion: For each prediction, ``(M, M)`` counts of the last
            validation, true class by predicted class.
        confusion_epoch: After which epoch that was.
        classes: Class names, where records or confusion matrices tell them.
        notes: What is not there, or not as expected, and why; in sentences.
        trusted: Whether what the config names may be imported.
    """

    work_dir: Path
    series: dict[str, Series]
    config: Config
    config_name: str
    environment: str = ''
    records: Records | None = None
    confusion: dict[str, np.ndarray] = field(default_factory=dict)
    confusion_epoch: int = 0
    classes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    trusted: bool = False

    @property
    def name(self) -> str:
        """Last part of the work directory."""
        return self.work_dir.resolve().name

    @cached_property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the data set."""
        if self.records is not None:
            return self.records.modalities
        given = [
            name[len('remix/count_') :]
            for name in self.series
            if name.startswith('remix/count_')
        ]
        tested = [m[1] for m in map(_TOP1.fullmatch, self.series) if m]
        encoders = (self.config.get('model') or {}).get('encoders') or {}
        known = [n for n in tested if n in encoders or not encoders]
        return tuple(
            given
            or [n for n in known if n not in RESERVED]
            or [name for name, encoder in encoders.items() if encoder]
        )

    @property
    def predictions(self) -> tuple[str, ...]:
        """``fusion``, the modalities and, if it was tested, ``heads``."""
        more = [n for n in (HEADS, READOUT) if self.accuracy(n)]
        return (FUSION, *self.modalities, *more)

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the balancing methods that the config turns on."""
        steps = (self.config.get('model') or {}).get('methods') or {}
        acting = [n for n, step in steps.items() if step is not None]
        return tuple(
            dict.fromkeys([*(self.config.get('methods') or ()), *acting])
        )

    def accuracy(self, name: str) -> Series:
        """Top-1 on the validation set by epoch."""
        return self.series.get(f'acc/{name}_top1', {})

    def remix(self, name: str) -> Series:
        """A ``remix/`` scalar by epoch."""
        return self.series.get(f'remix/{name}', {})

    @property
    def first_remix_epoch(self) -> int | None:
        """Number of the first epoch on assigned samples."""
        epochs = self.remix('flips')
        return int(min(epochs)) if epochs else None

    @property
    def epochs(self) -> int:
        """How many epochs have been trained to their end."""
        return int(max(e for s in self.series.values() for e in s))

    @property
    def num_classes(self) -> int | None:
        """How many classes there are, if anything tells."""
        known = (self.config.get('model') or {}).get('num_classes')
        return known or len(self.classes) or None


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


def kinds(run: RunData) -> dict[str, str]:
    """CSS classes of the predictions' colours."""
    return {
        name: 's0' if not i else f's{(i - 1) % 5 + 1}'
        for i, name in enumerate(run.predictions)
    }


def called(name: str) -> str:
    """A prediction's name on the page."""
    return {FUSION: 'fused', HEADS: 'sum of heads', READOUT: 'read-out'}.get(
        name, name
    )


def final(series: Mapping[float, Any]) -> Any:
    """The last value, or None."""
    return series[max(series)] if series else None
