"""A pool of processes that train; one that is killed takes none along."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmremix.study.records import FAILED, Record

if TYPE_CHECKING:
    from mmremix.study.plan import Task

STOPPED = 'stopped'
"""Of a run that a signal has ended; the next call goes on with it."""
CONSOLE = 'console.log'

_THREADS = (
    *('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'),
    'NUMEXPR_NUM_THREADS',
)
_SIGNALLED = 75  # exit status, see SignalHook
_PATIENCE = 120.0  # seconds for a run to save before it is killed


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: Task | None = None


def run_in_pool(
    tasks: Sequence[tuple[Task, bool]], jobs: int, threads: int = 1
) -> Iterator[Record]:
    """Run tasks in processes, and yield each record as it is there.

    A process keeps its imports from run to run. What a run prints goes to
    ``console.log`` in its work directory. If a process is killed, its run
    counts as failed and another process takes its place. Whoever closes the
    iterator (Ctrl-C) lets the runs save first; they go on with the next
    call.

    Args:
        tasks: What to run, and whether it has failed before.
        jobs: Processes.
        threads: Of each process.
    """
    for name in _THREADS:
        os.environ[name] = str(threads)
    method = (
        'forkserver'
        if 'forkserver' in multiprocessing.get_all_start_methods()
        else 'spawn'
    )
    context: Any = multiprocessing.get_context(method)
    if method == 'forkserver':
        # Imports are then paid for once for all.
        context.set_forkserver_preload(['mmremix.study.train_run'])
    todo = list(reversed(tasks))
    workers: list[_Worker] = []

    def start(number: int) -> _Worker:
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, number, threads), daemon=False
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)

    try:
        for number in range(min(jobs, len(todo))):
            workers.append(start(number))
            _give(workers[-1], todo)
        while any(worker.task for worker in workers):
            ready = wait([w.pipe for w in workers if w.task])
            for number, worker in enumerate(workers):
                if worker.pipe not in ready or worker.task is None:
                    continue
                try:
                    record: Record = worker.pipe.recv()
                except (EOFError, OSError):
                    record = _lost(worker)
                    worker.pipe.close()
                    if todo:
                        worker = workers[number] = start(number)
                    else:
                        worker.task = None
                if todo:
                    _give(worker, todo)
                else:
                    worker.task = None
                yield record
        for worker in workers:
            with contextlib.suppress(OSError):
                worker.pipe.send(None)
    finally:
        _end(workers)


def _give(worker: _Worker, todo: list[tuple[Task, bool]]) -> None:
    task, again = todo.pop()
    worker.task = task
    # One that has just been killed is noticed when it should answer.
    with contextlib.suppress(OSError):
        worker.pipe.send((task, again))


def _lost(worker: _Worker) -> Record:
    """The record of a run whose process is gone."""
    assert worker.task is not None
    worker.process.join()
    status = worker.process.exitcode
    record = dict(worker.task.record)
    if status == _SIGNALLED:
        return {**record, 'status': STOPPED}
    said = f'exit status {status}'
    if status is not None and status < 0:
        said = f'signal {signal.Signals(-status).name}'
    return {**record, 'status': FAILED, 'error': f'process ended: {said}'}


def _end(workers: Sequence[_Worker]) -> None:
    """Let the runs save and end; what does not listen is killed."""
    for worker in workers:
        if worker.task is not None and worker.process.is_alive():
            worker.process.terminate()
        elif worker.task is None:
            with contextlib.suppress(OSError):
                worker.pipe.send(None)
    try:
        for worker in workers:
            worker.process.join(_PATIENCE)
    finally:
        for worker in workers:
            if worker.process.is_alive():
                worker.process.kill()


def _serve(pipe: Connection, number: int, threads: int) -> None:
    """The life of a worker process."""
    # Ctrl-C reaches the whole group; the parent asks for an end in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    import torch

    torch.set_num_threads(threads)
    if torch.cuda.device_count() > 1:
        torch.cuda.set_device(number % torch.cuda.device_count())
    from mmremix.study.train_run import run_task

    while True:
        try:
            given = pipe.recv()
        except EOFError:  # the parent is gone
            return
        if given is None:
            return
        task, again = given
        with _into(Path(task.work_dir, CONSOLE)):
            record = run_task(task, again)
        try:
            pipe.send(record)
        except OSError:  # the record is in the work directory
            return


@contextlib.contextmanager
def _into(path: Path) -> Iterator[None]:
    """Send what is printed to a file, also by C code."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = os.dup(1), os.dup(2)
    with path.open('ab') as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)
