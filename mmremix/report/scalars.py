"""What a run logged, resumed parts put together."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from statistics import fmean
from typing import Any

from mmremix.report.log_parts import Part, is_number, read_parts, trains

Series = dict[float, float]
"""Values by epoch; measurements within an epoch have a fraction."""

_OF_THE_START = re.compile(r'^(resume|load_from) = .*$', re.MULTILINE)
_BY_EPOCH = ('acc/', 'remix/')


def find_runs(work_dir: str | Path) -> list[list[Part]]:
    """The training runs in a work directory, each with its parts in order.

    A resumed part follows the run that had come to where it begins: of
    several, one with the same config, then the one that went least beyond.
    Parts are ordered by the epoch and iteration that they came to; names of
    folders are times of day, which may go back.

    Args:
        work_dir: With mmengine's ``*/vis_data/scalars.json``.

    Raises:
        FileNotFoundError: If no training run has logged anything there.
    """
    parts = read_parts(work_dir)
    parts.sort(key=lambda part: (part.resumed, part.end, part.begin))
    runs: list[list[Part]] = []
    for part in parts:
        known = [
            run
            for run in runs
            if part.resumed and run[-1].end[0] >= part.begin[0] - 1
        ]
        if known:
            distances = [_distance(run, part) for run in known]
            known[distances.index(min(distances))].append(part)
        else:
            runs.append([part])
    return runs


def read_series(parts: Sequence[Part]) -> dict[str, Series]:
    """Put the scalars of a run's parts together.

    Epochs that were trained again count as they were the last time.

    Args:
        parts: Of one run, in order.

    Returns:
        For each scalar with a slash in its name, and for the losses, its
        values by epoch (from 1).
    """
    found: dict[str, Series] = {}
    ends: dict[int, int] = {}
    for part in parts:
        for line in part.lines:
            if trains(line):
                ends[int(line['epoch'])] = int(line['iter'])
    last = max(ends)
    for part in parts:
        for series in found.values():
            for place in [p for p in series if p > part.begin[0] - 1]:
                del series[place]
        in_iterations = _names_in_iterations(part.lines, last)
        for line in part.lines:
            step = line.get('step')
            for name, value in line.items():
                if not is_number(value):
                    continue
                if trains(line):
                    if 'loss' not in name and '/' not in name:
                        continue
                    place = _place(line['iter'], ends)
                elif '/' not in name or step is None:
                    continue
                else:
                    place = float(step)
                    if name in in_iterations:
                        place = _place(step, ends)
                found.setdefault(name, {})[place] = float(value)
    return {
        name: dict(sorted(series.items()))
        for name, series in found.items()
        if series
    }


def epoch_means(series: Series) -> Series:
    """The mean over what was logged in each epoch, at its number."""
    steps: dict[float, list[float]] = {}
    for place, value in series.items():
        steps.setdefault(float(ceil(place)), []).append(value)
    return {epoch: fmean(values) for epoch, values in steps.items()}


def _distance(run: Sequence[Part], part: Part) -> tuple[bool, int]:
    """How likely a part is not of a run; the least is likeliest."""
    other = _OF_THE_START.sub('', run[-1].config)
    changed = other != _OF_THE_START.sub('', part.config)
    return changed, run[-1].end[0] - part.begin[0]


def _names_in_iterations(lines: list[dict[str, Any]], last: int) -> set[str]:
    """Scalars whose steps cannot be epochs, as they go beyond the last."""
    return {
        name
        for line in lines
        if 'epoch' not in line and line.get('step', 0) > last
        for name in line
        if not name.startswith(_BY_EPOCH)
    }


def _place(iteration: float, ends: dict[int, int]) -> float:
    """The epoch, with a fraction, in which an iteration was."""
    epochs = sorted(ends)
    index = bisect_left([ends[e] for e in epochs], iteration)
    if index == len(epochs):
        return float(epochs[-1])
    epoch = epochs[index]
    begin = ends.get(epoch - 1, 0)
    return epoch - 1 + (iteration - begin) / max(ends[epoch] - begin, 1)
