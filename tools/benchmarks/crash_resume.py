"""Kill a small training at random, resume it, compare it bit by bit.

    python tools/benchmarks/crash_resume.py --kills 20
    python tools/benchmarks/crash_resume.py --kills 10 --ranks 2

One run of the demo config is left alone. Others are killed with SIGKILL at
random moments and resumed until they are done; half of the kills wait for a
file that is being written, mostly a checkpoint. Of several ranks either all
are killed, or one, and then the others must end by themselves. At the end
weights, optimiser, schedulers, scores, assignments and the best checkpoint
must equal those of the undisturbed run. Exit status 1 if anything differs or
hangs.

The processes are forked from this one, which saves the imports at each start;
with several ranks they talk over gloo, as under torchrun. Linux only.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PHASE = 'phase'
HANG_SECONDS = 60


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
        '--out', type=Path, help='keep the runs here (default: remove them)'
    )
    return parser


def config(args: argparse.Namespace, work_dir: Path, workers: int) -> Any:
    from mmremix.apis import load_config

    options = {
        'train_cfg.max_epochs': args.epochs,
        'custom_hooks.0.warmup_epochs': 2,
        'model.encoders.video.base_channels': 8,
        'model.encoders.audio.base_channels': 8,
        'train_dataloader.batch_size': 4,
        'default_hooks.logger.interval': 1,
        'resume': True,
    }
    for name in ('train', 'val', 'test'):
        loader = f'{name}_dataloader'
        options[f'{loader}.num_workers'] = workers
        options[f'{loader}.persistent_workers'] = workers > 0
        options[f'{loader}.dataset.data_root'] = str(args.out / 'data')
    return load_config(
        str(ROOT / 'configs' / 'remix_demo_concat.py'),
        cfg_options=options,
        work_dir=str(work_dir),
        launcher='pytorch' if args.ranks > 1 else 'none',
    )


def phase_hook(work_dir: Path) -> Any:
    """Writes down what the run is doing, for the table of kills."""
    from mmengine.hooks import Hook

    class PhaseHook(Hook):
        priority = 'VERY_HIGH'

        def _note(self, runner, phase):
            note(work_dir, f'{phase}, epoch {runner.epoch + 1}')

        def before_train(self, runner):
            self._note(runner, 'start')

        def before_train_epoch(self, runner):
            self._note(runner, 'scoring')

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            self._note(runner, 'training')

        def after_train_epoch(self, runner):
            self._note(runner, 'saving')

        def before_val_epoch(self, runner):
            self._note(runner, 'validation')

        def after_val_epoch(self, runner, metrics=None):
            self._note(runner, 'saving the best')

    return PhaseHook()


def note(work_dir: Path, phase: str) -> None:
    """Write the phase in one piece, as a kill may come in between."""
    file = os.open(work_dir / PHASE, os.O_WRONLY | os.O_CREAT)
    os.pwrite(file, phase.ljust(40).encode(), 0)
    os.close(file)


def start(args: argparse.Namespace, work_dir: Path, workers: int) -> list[int]:
    """Fork the ranks; each leads a session, with its workers in it."""
    work_dir.mkdir(parents=True, exist_ok=True)
    note(work_dir, 'start')
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    pids = []
    for rank in range(args.ranks):
        pid = os.fork()
        if pid:
            pids.append(pid)
            continue
        status = 1
        try:
            os.setsid()
            # PR_SET_PDEATHSIG: not to outlive this script.
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
            log = os.open(
                work_dir.with_suffix('.log'),
                os.O_WRONLY | os.O_CREAT | os.O_APPEND,
            )
            os.dup2(log, 1)
            os.dup2(log, 2)
            if args.ranks > 1:
                os.environ.update(
                    RANK=str(rank),
                    LOCAL_RANK=str(rank),
                    WORLD_SIZE=str(args.ranks),
                    LOCAL_WORLD_SIZE=str(args.ranks),
                    MASTER_ADDR='127.0.0.1',
                    MASTER_PORT=str(port),
                )
            from mmremix.apis import build_runner, train

            runner = build_runner(config(args, work_dir, workers))
            if rank == 0:
                runner.register_hook(phase_hook(work_dir))
            train(runner)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    return pids


def kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        # Over before it led a session, or over altogether.
        os.kill(pid, signal.SIGKILL)


def running(pids: list[int], ended: dict[int, int]) -> list[int]:
    """Who is left; the exit status of the others goes to ``ended``."""
    for pid in pids:
        if pid not in ended:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                ended[pid] = os.waitstatus_to_exitcode(status)
    return [pid for pid in pids if pid not in ended]


def unfinished(work_dir: Path) -> set[str]:
    """Temporary files."""
    return {n for n in os.listdir(work_dir) if n.endswith('.tmp')}


def moments(
    rng: random.Random, work_dir: Path, seconds: float, left: set[str]
) -> Iterator[bool]:
    """False until the moment has come.

    It is at any time, or when a file is written that an earlier kill has not
    ``left``.
    """
    if rng.random() < 0.5:
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


def finish(pids: list[int], what: str) -> list[int]:
    ended: dict[int, int] = {}
    until = time.monotonic() + HANG_SECONDS
    while running(pids, ended):
        if time.monotonic() > until:
            for pid in running(pids, ended):
                kill_group(pid)
            raise SystemExit(f'{what}: a process hung.')
        time.sleep(0.02)
    return [ended[pid] for pid in pids]


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
    for now in moments(rng, work_dir, seconds, left):
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
    finish([p for p in pids if p not in ended], f'after a kill in {work_dir}')
    return phase


def content(work_dir: Path, epochs: int) -> dict[str, Any]:
    """Everything that must be equal, by name."""
    import torch

    last = torch.load(work_dir / f'epoch_{epochs}.pth', weights_only=True)
    hub = last['message_hub']['runtime_info']
    found = {
        'files': sorted(
            p.name for p in work_dir.iterdir() if '.pth' in p.name
        ),
        'epoch': last['meta']['epoch'],
        'iterations': last['meta']['iter'],
        'best_score': hub['best_score'],
        'keep_ckpt_ids': hub['keep_ckpt_ids'],
    }
    for name in ('state_dict', 'optimizer', 'param_schedulers', 'remix'):
        found.update(flat(last[name], name))
    for path in work_dir.glob('best_*.pth'):
        best = torch.load(path, weights_only=True)
        found.update(flat(best['state_dict'], path.name))
    return found


def flat(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    else:
        return {name: value}
    return {
        k: v for key, x in items for k, v in flat(x, f'{name}.{key}').items()
    }


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    import torch

    def same(a, b):
        if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
            return a.dtype == b.dtype and torch.equal(a, b)
        return type(a) is type(b) and a == b

    names = sorted({*one, *other})
    return [n for n in names if not same(one.get(n), other.get(n))]


def make_data(out: Path) -> None:
    script = ROOT / 'tools' / 'data' / 'make_demo.py'
    spec = importlib.util.spec_from_file_location('make_demo', script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make_demo(out / 'data', num_train=26, num_test=12, seed=1)


def compare_runs(args: argparse.Namespace) -> int:
    rng = random.Random(args.seed)
    make_data(args.out)
    reference = args.out / 'undisturbed'
    begin = time.monotonic()
    if any(finish(start(args, reference, workers=0), 'undisturbed')):
        raise SystemExit(f'The undisturbed run failed, see {reference}.log')
    seconds = time.monotonic() - begin
    wanted = content(reference, args.epochs)
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
        differing = differences(wanted, content(work_dir, args.epochs))
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
    import mmremix.apis
    import mmremix.datasets
    import mmremix.engine
    import mmremix.evaluation
    import mmremix.models  # noqa: F401

    status = compare_runs(args)
    if not keep:
        shutil.rmtree(args.out)
    raise SystemExit(status)


if __name__ == '__main__':
    main()
