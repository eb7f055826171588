"""The runs of a study as a Slurm array, through submitit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmremix.study.records import FAILED, Record
from mmremix.study.workers import CONSOLE, _into
from mmremix.utils.errors import ConfigError

if TYPE_CHECKING:
    from mmremix.study.plan import Task

_SHORT = {'partition': 'slurm_partition', 'time': 'timeout_min'}
_WAIT = 5.0  # seconds between two looks at the jobs


def run_on_slurm(
    tasks: Sequence[tuple[Task, bool]],
    options: Sequence[str],
    jobs: int,
    threads: int,
) -> Iterator[Record]:
    """Submit runs, and yield each record as it is there.

    Whoever closes the iterator leaves the jobs running; the next call of
    the study collects what they have finished.

    Args:
        tasks: What to run, and whether it has failed before.
        options: ``partition=gpu``, ``time=60`` (minutes), ``cluster=local``
            (processes on this machine), or any of
            ``AutoExecutor.update_parameters``.
        jobs: How many run at a time; 1 leaves that to Slurm.
        threads: CPU cores of each.

    Raises:
        ConfigError: If submitit is not installed, or on an option that is
            none.
    """
    try:
        import submitit
    except ImportError as error:
        raise ConfigError(
            '--slurm needs submitit: pip install submitit'
        ) from error
    wrong = [option for option in options if '=' not in option]
    if wrong:
        raise ConfigError(
            f'--slurm takes KEY=VALUE, got {wrong}. Write: '
            '--slurm partition=gpu time=60'
        )
    given = dict(option.split('=', 1) for option in options)
    cluster = given.pop('cluster', None)
    logs = Path(tasks[0][0].config).parents[2] / 'slurm'
    executor = submitit.AutoExecutor(folder=logs, cluster=cluster)
    values = {
        _SHORT.get(name, name): int(v) if v.isdecimal() else v
        for name, v in given.items()
    }
    if jobs > 1:
        values['slurm_array_parallelism'] = jobs
    try:
        executor.update_parameters(cpus_per_task=threads, **values)
    except (NameError, TypeError, AssertionError) as error:
        raise ConfigError(f'--slurm {list(options)}: {error}') from error
    waiting = list(
        zip(
            executor.map_array(_job, *zip(*tasks, strict=True)),
            tasks,
            strict=True,
        )
    )
    while waiting:
        for entry in list(waiting):
            job, (task, _) = entry
            if not job.done():
                continue
            waiting.remove(entry)
            failure = job.exception()
            if failure is None:
                yield job.result()
            else:
                text = str(failure).strip().splitlines()[-1]
                yield {**task.record, 'status': FAILED, 'error': text[:400]}
        if waiting:
            time.sleep(_WAIT)


def _job(task: Task, again: bool) -> Record:
    import torch

    from mmremix.study.train_run import run_task

    torch.set_num_threads(1)
    with _into(Path(task.work_dir, CONSOLE)):
        return run_task(task, again)
