"""Trainings that stop after each epoch, for whole_run.py."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from loader_measure import cpu_seconds
from mmengine.config import Config

from mmremix.apis import build_runner, load_config

PLAIN = 'plain'
_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def build_config(options: dict[str, Any], folder: Path) -> Config:
    """The config as it is shipped, long enough to be measured."""
    cfg = load_config(
        options['config'],
        cfg_options=options['cfg_options'],
        work_dir=str(folder),
    )
    for key in _LOADERS:
        if cfg.get(key) is None:
            continue
        dataset = cfg[key].dataset
        if options['data_root'] is not None:
            dataset.data_root = options['data_root']
        if options['samples'] is not None:
            dataset.indices = options['samples']
    for hook in cfg.get('custom_hooks') or ():
        if 'warmup_epochs' in hook:
            hook['warmup_epochs'] = options['warmup']
    # The run is ended from outside; this is the most it is asked for.
    epochs = options['skip'] + options['rounds'] + 1
    cfg.train_cfg.max_epochs = max(cfg.train_cfg.max_epochs, epochs)
    return cfg


class Turns:
    """Lets the process work when it is asked to, and says what that took."""

    def __init__(self) -> None:
        self._asked, self._answers = sys.stdin, os.fdopen(os.dup(1), 'w')
        # What else is printed goes to the file of the errors.
        os.dup2(2, 1)
        self._start: tuple[float, float] | None = None

    def take(self) -> None:
        """End a turn, if there was one, and wait for the next.

        Raises:
            SystemExit: If there is no next one.
        """
        if self._start is not None:
            cpu, wall = now()
            found = {
                'cpu_s': cpu - self._start[0],
                'wall_s': wall - self._start[1],
            }
            self._answers.write(json.dumps(found) + '\n')
            self._answers.flush()
        if not self._asked.readline().strip():
            raise SystemExit
        self._start = now()


def now() -> tuple[float, float]:
    """CPU seconds with those of workers, living and ended, and wall."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = cpu_seconds() + ended.ru_utime + ended.ru_stime
    return cpu, time.perf_counter()


def train(options: dict[str, Any], folder: Path) -> None:
    """Train a config by the runner, an epoch a turn."""
    turns = Turns()
    runner = build_runner(build_config(options, folder))
    if options['plain']:
        from whole_plain import train_plain

        train_plain(runner, turns.take)
        return
    loop = runner.train_loop
    run_epoch = loop.run_epoch

    def in_turn() -> None:
        turns.take()
        run_epoch()

    loop.run_epoch = in_turn
    runner.train()


class NotTrained(SystemExit):
    """A run that has ended too soon; says why."""


class Trained:
    """A training in another process.

    Args:
        args: Of whole_run.py.
        name: ``'a'`` or ``'b'``.
        folder: For what it writes.
    """

    def __init__(
        self, args: argparse.Namespace, name: str, folder: Path
    ) -> None:
        folder.mkdir()
        config = getattr(args, f'config_{name}')
        other = args.config_b if name == 'a' else args.config_a
        options = {
            'config': other if config == PLAIN else config,
            'plain': config == PLAIN,
            **{
                key: getattr(args, key)
                for key in (
                    *('cfg_options', 'data_root', 'samples', 'warmup'),
                    *('skip', 'rounds', 'threads'),
                )
            },
        }
        env = dict(os.environ)
        if name == 'b' and args.repo_b:
            env['PYTHONPATH'] = str(Path(args.repo_b).resolve())
        self._log = folder / 'output.txt'
        with self._log.open('w') as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, str(Path(__file__).resolve())),
                    *(json.dumps(options), str(folder / 'work')),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=env,
            )
        for _ in range(args.skip):
            self.epoch()

    def epoch(self) -> dict[str, float]:
        """Train an epoch.

        Returns:
            ``cpu_s`` and ``wall_s``.

        Raises:
            NotTrained: If the process has ended.
        """
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write('epoch\n')
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ''
        if not line:
            text = self._log.read_text(errors='replace')
            raise NotTrained(f'The training ended:\n{text[-3000:]}')
        found: dict[str, float] = json.loads(line)
        return found

    def end(self) -> None:
        """Let the process end."""
        self._process.communicate('\n')


def serve() -> None:
    """Train as the command line of a process of whole_run.py says."""
    options = json.loads(sys.argv[1])
    if options['threads'] is not None:
        torch.set_num_threads(options['threads'])
    train(options, Path(sys.argv[2]))


if __name__ == '__main__':
    serve()
