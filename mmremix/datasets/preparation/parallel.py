"""A map over clips that goes on where it was killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from mmengine.utils import ProgressBar

from mmremix.datasets.preparation.files import write_atomic
from mmremix.datasets.preparation.probe import probe

Task = tuple[str, str, str]
"""Clip, sound (or empty) and check."""


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
        root: Folder that keys of the journal are relative to.
        journal: JSON lines, one a finished clip with its size and time of
            change; None to keep none.
        workers: Number of processes.
        progress: Whether to show a progress bar.

    Returns:
        What :func:`probe` says of each task, in the order of ``tasks``.
    """
    if workers < 1:
        raise ValueError(f'workers must be at least 1, got {workers}.')
    tasks = list(dict.fromkeys(tasks))
    keys = {task: _key(task, root) for task in tasks}
    known = _read(journal) if journal else {}
    found = {t: known[keys[t]] for t in tasks if keys[t] in known}
    todo = [task for task in tasks if task not in found]
    bar = ProgressBar(len(todo)) if progress and todo else None
    file = None
    if journal:
        Path(journal).parent.mkdir(parents=True, exist_ok=True)
        # A new line first, in case that the last one is torn.
        file = open(journal, 'a', encoding='utf-8')  # noqa: SIM115
        file.write('\n')
    try:
        for task, result in _results(todo, workers):
            found[task] = result
            if file:
                file.write(json.dumps([keys[task], result]) + '\n')
                file.flush()
            if bar:
                bar.update()
    finally:
        if file:
            file.close()
    if bar:
        print()
    if journal:
        # In order, so that it does not depend on who was done first.
        lines = [json.dumps([keys[t], found[t]]) + '\n' for t in tasks]
        write_atomic(journal, ''.join(lines).encode())
    return {task: found[task] for task in tasks}


def _results(todo: Sequence[Task], workers: int) -> Any:
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
        for future in as_completed(futures):
            yield futures[future], future.result()


def _watch_parent(parent: int) -> None:
    """End a worker whose parent was killed; nothing else would."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _key(task: Task, root: str) -> str:
    parts: list[Any] = [task[2]]
    for path in task[:2]:
        parts.append(os.path.relpath(path, root) if path else '')
        try:
            status = os.stat(path)
            parts += [status.st_size, status.st_mtime_ns]
        except OSError:
            parts += [None, None]
    return json.dumps(parts)


def _read(journal: str | Path) -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    try:
        text = Path(journal).read_text('utf-8', errors='replace')
    except FileNotFoundError:
        return known
    for line in text.splitlines():
        try:
            key, result = json.loads(line)
        except ValueError:
            continue  # torn by a kill
        known[key] = result
    return known
