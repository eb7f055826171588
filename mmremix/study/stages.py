"""Runs that start from the encoders of others come after these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmremix.study.records import DIVERGED, FAILED, Record, key_of

if TYPE_CHECKING:
    from mmremix.study.plan import Task

ENCODERS = 'encoders.pth'
"""Of a unimodal run, in its work directory."""
WAITING = 'waiting'
"""Of a run whose predecessors are not done; the next call runs it."""

Todo = Sequence[tuple['Task', bool]]


def with_predecessors(
    tasks: Sequence[Task], todo: Todo, status: Mapping[str, str]
) -> list[tuple[Task, bool]]:
    """Add the runs whose encoders are needed and not here.

    They may be done on another machine, or their weights may be gone. Those
    that have failed are not added: they are tried again if asked for.

    Args:
        tasks: All of the study.
        todo: What to run, and whether it has failed before.
        status: Of the known runs, by key.
    """
    by_folder = {task.work_dir: task for task in tasks}
    known = {task.work_dir for task, _ in todo}
    added = []
    for folder in dict.fromkeys(
        folder for task, _ in todo for folder in task.needs.values()
    ):
        task = by_folder[folder]
        lost = status.get(key_of(task.record)) in (FAILED, DIVERGED)
        there = Path(folder, ENCODERS).is_file()
        if folder not in known and not there and not lost:
            added.append((task, False))
    return [*added, *todo]


def run_in_stages(
    todo: Todo, run: Callable[[Todo], Iterator[Record]]
) -> Iterator[Record]:
    """Run first what needs nobody, then what starts from it.

    Args:
        todo: What to run.
        run: Runs some, and yields each record as it is there.

    Yields:
        The records. A run whose predecessor has failed has failed too.
    """
    ended: dict[str, Any] = {}
    first = [entry for entry in todo if not entry[0].needs]
    if first:
        folders = {key_of(task.record): task.work_dir for task, _ in first}
        for record in run(first):
            ended[folders[key_of(record)]] = record['status']
            yield record
    then = []
    for task, again in todo:
        if not task.needs:
            continue
        lacking = {
            name: folder
            for name, folder in task.needs.items()
            if not Path(folder, ENCODERS).is_file()
        }
        if not lacking:
            then.append((task, again))
            continue
        states = {ended.get(folder, FAILED) for folder in lacking.values()}
        if states <= {FAILED, DIVERGED}:
            said = f'there is no encoder to start from of {[*lacking]}'
            yield {**task.record, 'status': FAILED, 'error': said}
        else:
            yield {**task.record, 'status': WAITING}
    if then:
        yield from run(then)
