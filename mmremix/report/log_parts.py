"""Logs of training runs, as mmengine writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from mmremix.utils.errors import MissingFileError

_RESUMED = re.compile(r'^resume = True\b', re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """What was logged from one start of a training to its end.

    Attributes:
        folder: Of mmengine, below the work directory.
        lines: Of its ``scalars.json``.
        config: Text of the config as it was run; empty if there is none.
        begin: Epoch and iteration of the first training step logged.
        end: The same of the last.
        notes: What could not be read, in sentences.
    """

    folder: Path
    lines: list[dict[str, Any]]
    config: str
    begin: tuple[int, int]
    end: tuple[int, int]
    notes: tuple[str, ...] = ()

    @property
    def resumed(self) -> bool:
        """Whether an earlier part comes before it."""
        # resume=True without a checkpoint starts anew.
        return self.begin[0] > 1 and bool(_RESUMED.search(self.config))


def read_parts(work_dir: str | Path) -> list[Part]:
    """The parts in a work directory, by the names of their folders.

    Raises:
        FileNotFoundError: If no training run has logged anything there, with
            what is there instead.
    """
    files = sorted(Path(work_dir).glob('*/vis_data/scalars.json'))
    parts = [part for file in files if (part := _read_part(file)) is not None]
    if not parts:
        raise MissingFileError(_why_none(Path(work_dir), files))
    return parts


def trains(line: dict[str, Any]) -> bool:
    """Whether an entry is of a training step."""
    return all(is_number(line.get(key)) for key in ('epoch', 'iter'))


def _why_none(work_dir: Path, files: Sequence[Path]) -> str:
    if not work_dir.exists():
        return f'There is no work directory {work_dir}.'
    if not work_dir.is_dir():
        return (
            f'{work_dir} is a file. Name the work directory of a training '
            'run, the folder that was given as --work-dir.'
        )
    if not files:
        return (
            f'No training log (*/vis_data/scalars.json) in {work_dir}: is it '
            'the work directory of a training run?'
        )
    said = []
    for file in files:
        lines, damaged = _read_lines(file)
        said.append(
            f'{file.relative_to(work_dir)} has {len(lines)} entries, none of '
            f'a training step, and {len(damaged)} damaged lines'
        )
    return (
        f'No training step is logged in {work_dir}: {"; ".join(said)}. Has '
        'the run logged its first steps yet? '
        "(default_hooks.logger=dict(type='LoggerHook', interval=20))"
    )


def _read_part(file: Path) -> Part | None:
    lines, damaged = _read_lines(file)
    steps = [(int(n['epoch']), int(n['iter'])) for n in lines if trains(n)]
    if not steps:  # a test run logs no epochs
        return None
    config = file.with_name('config.py')
    text = ''
    if config.is_file():
        text = config.read_text(encoding='utf-8', errors='replace')
    notes = _notes(file, lines, damaged)
    return Part(
        *(file.parent.parent, lines, text, min(steps), max(steps)), notes
    )


def _read_lines(file: Path) -> tuple[list[dict[str, Any]], list[int]]:
    """Entries, and the numbers of lines that are none."""
    lines, damaged = [], []
    entries = file.read_text(encoding='utf-8', errors='replace').splitlines()
    for number, entry in enumerate(entries, start=1):
        try:
            line = json.loads(entry)
        except json.JSONDecodeError:
            line = None
        if isinstance(line, dict):
            lines.append(line)
        # The last: the run was killed while it wrote.
        elif entry.strip() and number < len(entries):
            damaged.append(number)
    return lines, damaged


def _notes(
    file: Path, lines: Sequence[dict[str, Any]], damaged: Sequence[int]
) -> tuple[str, ...]:
    """What is not in the charts, though it was logged."""
    said = []
    name = f'{file.parent.parent.name}/vis_data/{file.name}'
    if damaged:
        said.append(
            f'{len(damaged)} damaged lines of {name} are left out, the first '
            f'is line {damaged[0]}.'
        )
    broken = [
        line
        for line in lines
        if trains(line)
        and any('loss' in n and not is_number(v) for n, v in line.items())
    ]
    if broken:
        said.append(
            f'{len(broken)} logged steps have a loss that is not a number or '
            f'infinite, the first in epoch {broken[0]["epoch"]}: the curves '
            'leave them out.'
        )
    return tuple(said)


def is_number(value: Any) -> bool:
    """Whether it can be drawn."""
    return isinstance(value, int | float) and isfinite(value)
