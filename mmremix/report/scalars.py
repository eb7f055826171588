"""What a run logged, resumed parts put together."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from math import isfinite
from pathlib import Path
from typing import Any

Series = dict[float, float]
"""Values by epoch; measurements within an epoch have a fraction."""

_RESUMED = re.compile(r'^resume = True\b', re.MULTILINE)
_BY_EPOCH = ('acc/', 'remix/')


def read_series(work_dir: str | Path) -> dict[str, Series]:
    """Read the scalars of the latest run in a work directory.

    The parts of a resumed run follow each other: epochs that were trained
    again count as they were the last time. An earlier run of the same work
    directory, which was not resumed, is left out.

    Args:
        work_dir: With mmengine's ``*/vis_data/scalars.json``.

    Returns:
        For each scalar with a slash in its name, and for the losses, its
        values by epoch (from 1).

    Raises:
        FileNotFoundError: If no training run has logged anything there.
    """
    parts = _latest_run(Path(work_dir))
    if not parts:
        raise FileNotFoundError(
            f'No training log (*/vis_data/scalars.json) in {work_dir}: is it '
            'the work directory of a training run?'
        )
    found: dict[str, Series] = {}
    ends: dict[int, int] = {}
    for _, lines in parts:
        for line in lines:
            if 'epoch' in line and 'iter' in line:
                ends[int(line['epoch'])] = int(line['iter'])
    last = max(ends)
    for _, lines in parts:
        first = min(int(line['epoch']) for line in lines if 'epoch' in line)
        for series in found.values():
            for place in [p for p in series if p > first - 1]:
                del series[place]
        in_iterations = _names_in_iterations(lines, last)
        for line in lines:
            step = line.get('step')
            for name, value in line.items():
                if not isinstance(value, int | float) or not isfinite(value):
                    continue
                if 'epoch' in line:
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


def _latest_run(work_dir: Path) -> list[tuple[Path, list[dict[str, Any]]]]:
    """The parts of the latest run, the first part first."""
    parts = []
    for file in sorted(work_dir.glob('*/vis_data/scalars.json'), reverse=True):
        lines = _read_lines(file)
        # A test run logs no epochs.
        if not any('epoch' in line and 'iter' in line for line in lines):
            continue
        parts.append((file, lines))
        config = file.with_name('config.py')
        if not config.is_file() or not _RESUMED.search(
            config.read_text(encoding='utf-8')
        ):
            break
    return parts[::-1]


def _read_lines(file: Path) -> list[dict[str, Any]]:
    lines = []
    for text in file.read_text(encoding='utf-8').splitlines():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:  # the run was killed while it wrote
            continue
    return lines


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
