"""Runs that differ only in their seed."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmremix.report.labels import isolated
from mmremix.report.run_data import RunData, final
from mmremix.report.scalars import Series, epoch_means

# What may differ between runs of one group.
INCIDENTAL = (
    *('work_dir', 'resume', 'load_from', 'experiment_name', 'launcher'),
    *('randomness', 'env_cfg', 'log_level', 'visualizer'),
)


@dataclass
class Spread:
    """A quantity over the seeds.

    Attributes:
        mean: Over the runs that have it.
        low: Least.
        high: Greatest.
        deviation: Sample standard deviation; None for a single run.
        runs: How many have it.
    """

    mean: float
    low: float
    high: float
    deviation: float | None
    runs: int


@dataclass
class RunGroup:
    """Runs of one config.

    Attributes:
        name: For people.
        runs: At least one.
    """

    name: str
    runs: list[RunData]

    @property
    def first(self) -> RunData:
        """The run that stands for the others where one must be shown."""
        return self.runs[0]

    @property
    def title(self) -> str:
        """Name, and how many seeds."""
        name = isolated(self.name)
        if len(self.runs) == 1:
            return name
        return f'{name} ({len(self.runs)} seeds)'

    def over_epochs(self, scalar: str) -> dict[float, Spread]:
        """Mean and spread at every epoch, of ``acc/fusion_top1``, say."""
        return _over_epochs(self._series(scalar))

    def epoch_means(self, scalar: str) -> dict[float, Spread]:
        """The same of each run's means over the steps of an epoch."""
        return _over_epochs([epoch_means(s) for s in self._series(scalar)])

    def at_end(self, scalar: str) -> Spread | None:
        """Mean and spread of each run's last value."""
        values = [final(s) for s in self._series(scalar)]
        return spread(values) if values else None

    def accuracy(self, name: str) -> dict[float, Spread]:
        """Top-1 of a prediction on the validation set, by epoch."""
        return self.over_epochs(f'acc/{name}_top1')

    def last_accuracy(self, name: str) -> Spread | None:
        """The same at the end."""
        return self.at_end(f'acc/{name}_top1')

    def remix(self, what: str) -> dict[str, dict[float, Spread]]:
        """A ``remix/`` scalar of each modality that has it, by epoch."""
        points = {
            name: self.over_epochs(f'remix/{what}_{name}')
            for name in self.first.modalities
        }
        return {name: found for name, found in points.items() if found}

    def _series(self, scalar: str) -> list[Series]:
        found = [run.series.get(scalar) for run in self.runs]
        return [series for series in found if series]


def spread(values: Sequence[float]) -> Spread:
    """Summarize at least one value."""
    return Spread(
        mean=statistics.fmean(values),
        low=min(values),
        high=max(values),
        deviation=statistics.stdev(values) if len(values) > 1 else None,
        runs=len(values),
    )


def _over_epochs(series: Sequence[Series]) -> dict[float, Spread]:
    epochs = sorted({epoch for s in series for epoch in s})
    return {e: spread([s[e] for s in series if e in s]) for e in epochs}


def group_runs(runs: Sequence[RunData]) -> list[RunGroup]:
    """Put runs together whose configs differ only in seed and places."""
    groups: dict[str, list[RunData]] = {}
    for run in runs:
        groups.setdefault(_identity(run), []).append(run)
    members = list(groups.values())
    stems = [runs[0].config_name for runs in members]
    names = [
        stem if stems.count(stem) == 1 else runs[0].name
        for stem, runs in zip(stems, members, strict=True)
    ]
    return [
        # Files are named so: never one name for two.
        RunGroup(f'{name}_{i}' if names.count(name) > 1 else name, runs)
        for i, (name, runs) in enumerate(zip(names, members, strict=True), 1)
    ]


def _identity(run: RunData) -> str:
    config: dict[str, Any] = run.config.to_dict()
    if not config:
        return str(run.work_dir)
    kept = {k: v for k, v in config.items() if k not in INCIDENTAL}
    return json.dumps(kept, sort_keys=True, default=repr)
