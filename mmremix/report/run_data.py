"""What the report knows of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from mmremix.records import Records
from mmremix.report.labels import isolated
from mmremix.report.scalars import Series
from mmremix.report.tested import Tested
from mmremix.utils.names import FUSION, HEADS, READOUT, RESERVED

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
        tested: Test runs in the same work directory.
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
    tested: list[Tested] = field(default_factory=list)
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


def kinds(run: RunData) -> dict[str, str]:
    """CSS classes of the predictions' colours."""
    return {
        name: 's0' if not i else f's{(i - 1) % 5 + 1}'
        for i, name in enumerate(run.predictions)
    }


def called(name: str) -> str:
    """A prediction's name on the page."""
    known = {FUSION: 'fused', HEADS: 'sum of heads', READOUT: 'read-out'}
    return known.get(name) or isolated(name)


def final(series: Mapping[float, Any]) -> Any:
    """The last value, or None."""
    return series[max(series)] if series else None
