"""A map over clips that goes on where it was killed."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from mmremix.datasets.preparation.journal import Journal, Task
from mmremix.datasets.preparation.probe import probe
from mmremix.utils.progress import Progress


def probe_all(
    tasks: Sequence[Task],
    root: str,
    journal: str | Path | None = None,
    workers: int = 1,
    progress: bool = True,
) -> dict[Task, dict[str, Any]]:
    """Probe clips in processes; a killed run goes on from its journal.

    Args:
        tasks: What to probe.
        root: Folder that paths in the journal are relative to.
        journal: File of a :class:`Journal`; None to keep none.
        workers: Number of processes.
        progress: Whether to show how far it is.

    Returns:
        What :func:`probe` says of each task, in the order of ``tasks``.

    Raises:
        ValueError: On fewer workers than one.
        RuntimeError: If a process was ended from outside.
    """
    if workers < 1:
        raise ValueError(f'workers must be at least 1, got {workers}.')
    tasks = list(dict.fromkeys(tasks))
    found: dict[Task, dict[str, Any]] = {}
    with Journal(journal, root) as book:
        for task in tasks:
            known = book.get(task)
            if known is not None:
                found[task] = known
        todo = [task for task in tasks if task not in found]
        if found and progress:
            print(
                f'{len(found)} of {len(tasks)} clips were checked before, '
                f'{len(todo)} to check',
                flush=True,
            )
        with Progress(len(todo), show=progress) as bar:
            for task, result in _results(todo, workers):
                found[task] = result
                book.add(task, result)
                bar.update()
    book.close(tasks, found)
    return {task: found[task] for task in tasks}


def _results(
    todo: Sequence[Task], workers: int
) -> Iterator[tuple[Task, dict[str, Any]]]:
    if workers == 1 or len(todo) < 2:
        for task in todo:
            yield task, probe(*task)
        return
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context(
        'fork' if 'fork' in methods else 'spawn'
    )
    with ProcessPoolExecutor(
        workers, context, initializer=_watch_parent, initargs=(os.getpid(),)
    ) as pool:
        futures = {pool.submit(probe, *task): task for task in todo}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise RuntimeError(
                'A process that checks clips was ended, for lack of memory '
                'or by a crash of a decoder. Start again, it goes on where '
                'it was: with fewer --workers; if it ends again, --workers 1 '
                'ends at the clip that does it.'
            ) from error


def _watch_parent(parent: int) -> None:
    """End a worker whose parent was killed; nothing else would."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
