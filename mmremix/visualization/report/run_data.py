"""Everything that a work directory tells about its run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from mmremix.engine.hooks.remix_record_hook import CONFUSION_NAME
from mmremix.engine.records import Records, read_records
from mmremix.models.output import FUSION, HEADS, RESERVED
from mmremix.visualization.report.scalars import Series, read_series

_TOP1 = re.compile(r'acc/(.+)_top1')


@dataclass
class RunData:
    """One training run.

    Attributes:
        work_dir: Where it was read from.
        series: All scalars by epoch, see
            :func:`~mmremix.visualization.report.scalars.read_series`.
        config: As the run dumped it; empty if there is none.
        config_name: Stem of the config file.
        environment: What mmengine logged about the machine.
        records: None for a run without Remix, or one without the hook.
        confusion: For each prediction, ``(M, M)`` counts of the last
            validation, true class by predicted class.
        confusion_epoch: After which epoch that was.
        classes: Class names, where records or confusion matrices tell them.
        missing: What is not there and why, in sentences.
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
    missing: list[str] = field(default_factory=list)

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
        encoders = (self.config.get('model') or {}).get('encoders') or tested
        return tuple(
            given or [n for n in tested if n in encoders and n not in RESERVED]
        )

    @property
    def predictions(self) -> tuple[str, ...]:
        """``fusion``, the modalities and, if it was tested, ``heads``."""
        heads = [HEADS] if self.accuracy(HEADS) else []
        return (FUSION, *self.modalities, *heads)

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


def load_run(work_dir: str | Path) -> RunData:
    """Read a work directory; parts that are not there are left out.

    Raises:
        FileNotFoundError: If no training run has logged anything there.
    """
    root = Path(work_dir)
    run = RunData(
        work_dir=root,
        series=read_series(root),
        config=_read_config(root),
        config_name=_config_name(root),
        environment=_read_environment(root),
    )
    try:
        run.records = read_records(root)
        run.classes = run.records.classes
    except (FileNotFoundError, ValueError) as error:
        if run.first_remix_epoch is not None:
            run.missing.append(str(error))
    try:
        with np.load(root / CONFUSION_NAME, allow_pickle=False) as kept:
            names = kept['predictions'].tolist()
            run.confusion = dict(zip(names, kept['confusion'], strict=True))
            run.confusion_epoch = int(kept['epoch'])
            run.classes = run.classes or kept['classes'].tolist()
    except FileNotFoundError:
        run.missing.append(
            f'No {CONFUSION_NAME}: confusion matrices are kept with '
            "default_hooks = dict(records=dict(type='RemixRecordHook'))."
        )
    return run


def _read_config(root: Path) -> Config:
    """The config as it was run, else the copy of the config file."""
    dumped = sorted(root.glob('*/vis_data/config.py'))
    with_scalars = [f for f in dumped if (f.parent / 'scalars.json').exists()]
    candidates = (with_scalars or dumped)[-1:] or sorted(root.glob('*.py'))
    return Config.fromfile(candidates[0]) if candidates else Config({})


def _config_name(root: Path) -> str:
    files = sorted(root.glob('*.py'))
    return files[0].stem if len(files) == 1 else root.resolve().name


def _read_environment(root: Path) -> str:
    """The block between dashed lines at the head of mmengine's log."""
    for log in sorted(root.glob('*/*.log'), reverse=True):
        with log.open(encoding='utf-8', errors='replace') as stream:
            head = stream.read(20_000)
        match = re.search(
            r'-{20,}\n(System environment:.*?)\n-{20,}', head, re.DOTALL
        )
        if match:
            return match[1].strip()
    return ''


def final(series: Mapping[float, Any]) -> Any:
    """The last value, or None."""
    return series[max(series)] if series else None
