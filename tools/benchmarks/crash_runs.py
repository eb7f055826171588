"""Fork, watch and kill the runs of crash_resume.py."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PHASE = 'phase'
HANG_SECONDS = 60
# Of ranks that have not found each other yet.
MEETING = 'meeting'


def config(args: argparse.Namespace, work_dir: Path, workers: int) -> Any:
    from mmremix.apis import load_config

    options = {
        'train_cfg.max_epochs': args.epochs,
        'method_remix.plan.warmup_epochs': 2,
        'model.encoders.video.base_channels': 8,
        'model.encoders.audio.base_channels': 8,
        'train_dataloader.batch_size': 4,
        'default_hooks.logger.interval': 1,
        'resume': True,
    }
    if args.every:
        options['default_hooks.checkpoint.by_epoch'] = False
        options['default_hooks.checkpoint.interval'] = args.every
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

        def _note(self, runner: Any, phase: str) -> None:
            note(work_dir, f'{phase}, epoch {runner.epoch + 1}')

        def before_train(self, runner: Any) -> None:
            self._note(runner, 'start')

        def before_train_epoch(self, runner: Any) -> None:
            self._note(runner, 'scoring')

        def before_train_iter(
            self, runner: Any, batch_idx: int, data_batch: Any = None
        ) -> None:
            note(work_dir, f'training, iteration {runner.iter + 1}')

        def after_train_epoch(self, runner: Any) -> None:
            self._note(runner, 'saving')

        def before_val_epoch(self, runner: Any) -> None:
            self._note(runner, 'validation')

        def after_val_epoch(self, runner: Any, metrics: Any = None) -> None:
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
    note(work_dir, MEETING)
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
