"""Kill a small training at random, resume it, compare it bit by bit.

    python tools/benchmarks/crash_resume.py --kills 20
    python tools/benchmarks/crash_resume.py --kills 10 --ranks 2
    python tools/benchmarks/crash_resume.py --kills 20 --every 1

One run of the demo config is left alone. Others are killed with SIGKILL at
random moments and resumed until they are done; half of the kills wait for a
file that is being written, mostly a checkpoint. With ``--every`` checkpoints
are from within the epochs, and a third of the kills waits for a random
iteration. Of several ranks either all
are killed, or one, and then the others must end by themselves. At the end
weights, optimiser, schedulers, scores, assignments and the best checkpoint
must equal those of the undisturbed run. Exit status 1 if anything differs or
hangs.

The processes are forked from this one, which saves the imports at each start;
with several ranks they talk over gloo, as under torchrun. Linux only.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from crash_compare import content, differences
from crash_runs import (
    MEETING,
    PHASE,
    ROOT,
    finish,
    kill_group,
    running,
    start,
    unfinished,
)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--ranks', type=int, default=1)
    parser.add_argument(
        '--seed', type=int, default=0, help='of the moments of the kills'
    )
    parser.add_argument('--epochs', type=int, default=5)
    parser.add_argument(
        '--every',
        type=int,
        default=0,
        metavar='N',
        help='save every so many iterations (default: every epoch)',
    )
    parser.add_argument(
        '--out', type=Path, help='keep the runs here (default: remove them)'
    )
    return parser


def moments(
    rng: random.Random,
    work_dir: Path,
    seconds: float,
    left: set[str],
    within: bool,
) -> Iterator[bool]:
    """False until the moment has come.

    It is at any time, or when a file is written that an earlier kill has not
    ``left``; with ``within``, also some iterations of training later.
    """
    if within and rng.random() < 1 / 3:
        steps: set[str] = set()
        wanted = rng.randint(2, 12)
        while len(steps) < wanted:
            phase = (work_dir / PHASE).read_text().strip()
            if phase.startswith('training'):
                steps.add(phase)
            yield False
        time.sleep(rng.uniform(0, 0.02))
    elif rng.random() < 0.5:
        until = time.monotonic() + rng.uniform(0, 0.7 * seconds)
        while time.monotonic() < until:
            yield False
    else:
        writes, extra = rng.randint(1, 6), rng.uniform(0, 0.004)
        seen: set[str] = set()
        while len(seen) < writes:
            seen |= unfinished(work_dir) - left
            yield False
        time.sleep(extra)
    yield True


def attempt(
    args: argparse.Namespace,
    rng: random.Random,
    work_dir: Path,
    seconds: float,
) -> str | None:
    """Start or resume, and kill. ``None`` if the run was done before."""
    left = unfinished(work_dir) if work_dir.is_dir() else set()
    pids = start(args, work_dir, workers=rng.choice((0, 2)))
    ended: dict[int, int] = {}
    victims = pids if rng.random() < 0.5 else [rng.choice(pids)]
    for now in moments(rng, work_dir, seconds, left, args.every > 0):
        if len(running(pids, ended)) < len(pids):
            codes = finish([p for p in pids if p not in ended], str(work_dir))
            if any(codes) or any(ended.values()):
                raise SystemExit(f'{work_dir}: failed, see {work_dir}.log')
            return None
        if now:
            break
        time.sleep(0.0003)
    for pid in victims:
        kill_group(pid)
    phase = (work_dir / PHASE).read_text().strip()
    if unfinished(work_dir) - left:
        phase = f'within a write ({phase})'
    if MEETING in phase:
        # Who waits for a rank that never comes is ended by a launcher;
        # torch gives up after its own timeout only.
        for pid in running(pids, ended):
            kill_group(pid)
    finish([p for p in pids if p not in ended], f'after a kill in {work_dir}')
    return phase


def compare_runs(args: argparse.Namespace) -> int:
    from mmremix.demo import make_demo

    rng = random.Random(args.seed)
    make_demo(args.out / 'data', num_train=26, num_test=12, seed=1)
    reference = args.out / 'undisturbed'
    begin = time.monotonic()
    if any(finish(start(args, reference, workers=0), 'undisturbed')):
        raise SystemExit(f'The undisturbed run failed, see {reference}.log')
    seconds = time.monotonic() - begin
    wanted = content(reference)
    print(f'undisturbed: {seconds:.1f} s, {len(wanted)} values to compare')

    kills: Counter[str] = Counter()
    runs, bad = 0, 0
    while kills.total() < args.kills:
        runs += 1
        work_dir = args.out / f'run_{runs}'
        while True:
            if kills.total() == args.kills:
                # Let the last one come to its end.
                codes = finish(start(args, work_dir, 2), str(work_dir))
                if any(codes):
                    raise SystemExit(f'{work_dir}: failed, see its log')
                break
            phase = attempt(args, rng, work_dir, seconds)
            if phase is None:
                break
            kills[phase] += 1
            print(f'kill {kills.total()}: {phase}', flush=True)
        differing = differences(wanted, content(work_dir))
        bad += len(differing)
        print(f'run {runs} done, {len(differing)} differences', *differing[:9])

    print(f'\n{kills.total()} kills, {args.ranks} rank(s), {runs} runs')
    groups: Counter[str] = Counter()
    for phase, number in kills.items():
        inside = phase.startswith('within a write')
        groups['within a write' if inside else phase.split(',')[0]] += number
    for phase, number in groups.most_common():
        print(f'  {number:3d} {phase}')
    print(f'{bad} differences')
    return 1 if bad else 0


def main() -> None:
    args = build_parser().parse_args()
    # Before torch is imported; the runs are too small for more.
    os.environ['OMP_NUM_THREADS'] = '1'
    sys.path.insert(0, str(ROOT))
    keep = args.out is not None
    args.out = (args.out or Path(tempfile.mkdtemp())).resolve()
    # Imported once, here: forked processes have them.
    from mmengine.utils.dl_utils import collect_env

    import mmremix.apis
    import mmremix.datasets
    import mmremix.engine
    import mmremix.evaluation
    import mmremix.models  # noqa: F401

    # Every run logs its environment, which imports much more.
    collect_env()
    status = compare_runs(args)
    if not keep:
        shutil.rmtree(args.out)
    raise SystemExit(status)


if __name__ == '__main__':
    main()
