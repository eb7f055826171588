"""What ``tools/study.py`` does."""

from __future__ import annotations

import argparse
import signal
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mmremix.study.records import (
    DIVERGED,
    DONE,
    FAILED,
    Record,
    add_records,
    key_of,
    read_records,
)
from mmremix.study.stages import Todo, run_in_stages, with_predecessors
from mmremix.utils.errors import ConfigError
from mmremix.utils.progress import Progress
from mmremix.utils.whole_files import make_folder

if TYPE_CHECKING:
    from mmremix.study.plan import Task
    from mmremix.study.study_file import Study

RESULTS = Path('docs', '_results')
STOPPED = 75
"""Exit status: there is more to do."""


def study(args: argparse.Namespace) -> int:
    """Run a study, or make tables of results.

    Returns:
        The exit status: 0 if every run is done, 1 if some have failed or
        diverged, 75 if it was stopped.

    Raises:
        ConfigError: On files that do not go together.
    """
    if all(name.endswith('.json') for name in args.files):
        return _tables(args, args.files, args.reference or 'joint')
    if len(args.files) > 1:
        raise ConfigError(
            f'Give one study (.py), or files of results (.json), got '
            f'{args.files}.'
        )
    from mmremix.study.study_file import load_study

    given = load_study(args.files[0], args.cfg_options)
    results = Path(args.results or RESULTS / f'{given.name}.json')
    if args.tables and not args.dry_run:
        reference = args.reference or given.reference
        return _tables(args, [str(results)], reference)
    root = Path(args.work_dir or Path('work_dirs', 'studies', given.name))
    return run_study(given, root, results, args)


def run_study(
    given: Study, root: Path, results: Path, args: argparse.Namespace
) -> int:
    """Train what is not yet done.

    Args:
        given: The study.
        root: Folder of all runs.
        results: File of results.
        args: ``jobs``, ``threads`` and ``retry`` of ``tools/study.py``; and
            ``only``, ``slurm`` and ``dry_run``, if they are there.

    Returns:
        See :func:`study`.
    """
    from mmremix.study.plan import plan

    if args.jobs < 1 or args.threads < 1:
        raise ConfigError(
            f'--jobs={args.jobs}, --threads={args.threads}: both must be at '
            'least 1.'
        )
    make_folder(root, '--work-dir FOLDER')
    make_folder(results.parent, '--results FILE')
    only = getattr(args, 'only', None)
    tasks = plan(given, root, versions())
    if only:
        names = {task.record['method'] for task in tasks}
        unknown = sorted(set(only) - names)
        if unknown:
            raise ConfigError(
                f'--only {unknown}: the methods are {sorted(names)}.'
            )
    # What other processes have finished, whoever started them.
    records = add_records(results, _finished(tasks))
    status = {key_of(record): record['status'] for record in records}
    todo = []
    for task in tasks:
        before = status.get(key_of(task.record))
        waits = before is None or (args.retry and before != DONE)
        if waits and (not only or task.record['method'] in only):
            todo.append((task, before is not None))
    todo = with_predecessors(tasks, todo, status)
    done = sum(status.get(key_of(t.record)) == DONE for t in tasks)
    again = sum(status.get(key_of(t.record)) == DONE for t, _ in todo)
    print(
        f'{given.name}: {len(tasks)} runs, {done} done, '
        f'{len(todo) - again} to do; results in {results}',
        flush=True,
    )
    if again:
        print(
            f'{again} done ones run again: others start from their encoders, '
            f'which are not in {root}.'
        )
    held, folds = len({*map(given.fold, given.seeds)}), given.num_folds
    if held < folds:
        print(
            f'The seeds {list(given.seeds)} hold out {held} of {folds} folds: '
            'read-outs are chosen by these samples only.'
        )
    dry_run = getattr(args, 'dry_run', False)
    if todo or dry_run:
        from mmremix.study.check_data import check_held_out

        check_held_out(tasks)
    if dry_run:
        return 0
    stopped = _train(args, todo, results)
    from mmremix.study.derived import ensembles
    from mmremix.study.shared_pool import shared_pools

    records = add_records(results, ensembles(tasks, read_records(results)))
    records = add_records(results, shared_pools(tasks, records))
    return _sum_up(tasks, records, stopped)


def _train(
    args: argparse.Namespace,
    todo: Todo,
    results: Path,
) -> bool:
    """Run what is to do; whether it was stopped."""
    if not todo:
        return False

    def stop(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    stream = _records(args, todo)
    try:
        with Progress(len(todo), 'runs') as bar:
            for number, record in enumerate(stream, 1):
                if record['status'] in (DONE, FAILED, DIVERGED):
                    add_records(results, [record])
                bar.say(f'{number}/{len(todo)} {line(record)}')
                bar.update()
    except KeyboardInterrupt:
        print('Stopping: runs save where they are.', flush=True)
        stream.close()
        return True
    finally:
        signal.signal(signal.SIGTERM, before)
    return False


def _records(args: argparse.Namespace, todo: Todo) -> Any:
    def run(some: Todo) -> Iterator[Record]:
        if getattr(args, 'slurm', None):
            from mmremix.study.slurm import run_on_slurm

            return run_on_slurm(some, args.slurm, args.jobs, args.threads)
        from mmremix.study.workers import run_in_pool

        return run_in_pool(some, args.jobs, args.threads)

    return run_in_stages(todo, run)


def line(record: Record) -> str:
    """What a person wants to know of a run."""
    name = (
        f'{record["setting"]} {record["method"]} seed {record["seed"]} '
        f'lr {record["lr"]:g}: '
    )
    if record['status'] != DONE:
        return f'{name}{record["status"]}. {record.get("error", "")}'.strip()
    found = record['accuracy']
    return (
        f'{name}held-out {100 * found["held_out"]["fusion"]:.1f}, test '
        f'{100 * found["test"]["fusion"]:.1f}, epoch {record["epoch"]} of '
        f'{record["epochs"]}, {record["seconds"]:.0f} s'
    )


def versions() -> Record:
    """What every record says of the software."""
    from importlib.metadata import version

    from mmremix.version import __version__

    here = Path(__file__).parents[2]
    found = subprocess.run(  # noqa: S603
        ['git', '-C', str(here), 'describe', '--always', '--dirty'],  # noqa: S607
        capture_output=True,
        text=True,
    )
    ours = Path(here, '.git').exists() and found.returncode == 0
    return {
        'mmremix': __version__,
        'torch': version('torch'),
        'mmengine': version('mmengine'),
        **({'commit': found.stdout.strip()} if ours else {}),
    }


def _finished(tasks: Iterable[Task]) -> Iterator[Record]:
    for task in tasks:
        # Of train_run, which takes seconds to import.
        yield from read_records(Path(task.work_dir, 'record.json'))


def _sum_up(
    tasks: Sequence[Task], records: Sequence[Record], stopped: bool
) -> int:
    status = {key_of(record): record['status'] for record in records}
    count = Counter(status.get(key_of(t.record), 'to do') for t in tasks)
    print(', '.join(f'{n} {name}' for name, n in count.items()))
    if count[FAILED] or count[DIVERGED]:
        print('Again with --retry.')
    if stopped or count['to do']:
        return STOPPED
    return 1 if count[FAILED] or count[DIVERGED] else 0


def _tables(
    args: argparse.Namespace, files: Sequence[str], reference: str
) -> int:
    from mmremix.study.write_tables import write_tables

    for name in files:
        if not Path(name).is_file():
            raise ConfigError(f'There is no file of results {name}.')
    records = [record for name in files for record in read_records(name)]
    print(write_tables(records, args.tables, reference), end='')
    return 0
