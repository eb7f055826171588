"""What records, reports and hooks take of an epoch.

    python tools/benchmarks/hook_overhead.py configs/remix_grid_concat.py

Trains a few epochs of a config with every hook of mmremix at its default
settings and times each method of each hook, without what it calls of another
one. Data are loaded in the process itself (--workers 0), so that its CPU time
holds all work and does not depend on what else the machine does. What is done
once in a run is spread over the epochs of the config. An epoch is training,
scoring, validation and checkpoint; the scoring pass is the method, and a
checkpoint is written by any run, so both are listed but not in the sum.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mmengine.config import DictAction
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.apis import build_runner, load_config

# On top of what the config has.
WANTED = {
    'RemixRecordHook': 'records',
    'GradientConflictHook': 'gradient_conflict',
    'ContributionHook': 'contribution',
}
NOT_COUNTED = ('scoring pass', 'SafeCheckpointHook', 'CheckpointHook')
ONCE = ('before_run', 'before_train', 'after_train', 'after_run')
Times = tuple[float, float]


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config')
    parser.add_argument('--epochs', type=int, default=5)
    parser.add_argument('--warmup', type=int, default=1, help='of them')
    parser.add_argument('--workers', type=int, default=0)
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    parser.add_argument('--json', help='also write the figures here')
    return parser


class Stopwatch:
    """CPU and wall seconds by label, each without those nested in it."""

    def __init__(self) -> None:
        self.seconds: dict[str, Times] = defaultdict(lambda: (0.0, 0.0))
        self._inner: list[Times] = []

    def wrap(
        self, label: str, function: Callable[..., Any]
    ) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = now()
            self._inner.append((0.0, 0.0))
            try:
                return function(*args, **kwargs)
            finally:
                taken = minus(now(), start)
                alone = minus(taken, self._inner.pop())
                self.seconds[label] = plus(self.seconds[label], alone)
                if self._inner:
                    self._inner[-1] = plus(self._inner[-1], taken)

        return timed


class Clock(Hook):
    """How long the epochs took, all in all."""

    start = end = (0.0, 0.0)

    def before_train_epoch(self, runner: Runner) -> None:
        if runner.epoch == 0:
            self.start = now()

    def after_train(self, runner: Runner) -> None:
        self.end = now()


def now() -> Times:
    return time.process_time(), time.perf_counter()


def minus(one: Times, other: Times) -> Times:
    return one[0] - other[0], one[1] - other[1]


def plus(one: Times, other: Times) -> Times:
    return one[0] + other[0], one[1] + other[1]


def watch(runner: Runner) -> Stopwatch:
    """Time the methods of all hooks of ours."""
    stopwatch = Stopwatch()
    for hook in runner.hooks:
        name = type(hook).__name__
        ours = type(hook).__module__.startswith('mmremix.')
        if not ours and name != 'CheckpointHook':
            continue
        stages = {
            f'{when}_{what}'
            for when in ('before', 'after')
            for what in (
                *('run', 'train', 'val', 'train_epoch', 'val_epoch'),
                *('train_iter', 'val_iter', 'save_checkpoint'),
            )
        }
        for stage in (*sorted(stages), 'record', '_score'):
            method = getattr(hook, stage, None)
            if method is None:
                continue
            label = 'scoring pass' if stage == '_score' else name
            part = 'run' if stage in ONCE else 'epoch'
            setattr(hook, stage, stopwatch.wrap(f'{label}/{part}', method))
    return stopwatch


def measure(args: argparse.Namespace, work_dir: str) -> dict[str, Any]:
    """Train, and say what each hook took."""
    cfg = load_config(
        args.config, cfg_options=args.cfg_options, work_dir=work_dir
    )
    run_epochs = cfg.train_cfg.max_epochs
    cfg.train_cfg.max_epochs = args.epochs
    for hook in cfg.get('custom_hooks') or ():
        if hook['type'] == 'KLScoreHook':
            hook['warmup_epochs'] = args.warmup
    given = [h and h['type'] for h in cfg.default_hooks.values()]
    for name, key in WANTED.items():
        if name not in given:
            cfg.default_hooks[key] = {'type': name}
    for loader in ('train_dataloader', 'val_dataloader'):
        cfg[loader]['num_workers'] = args.workers
        cfg[loader]['persistent_workers'] = args.workers > 0
    runner = build_runner(cfg)
    clock = Clock()
    runner.register_hook(clock, priority='HIGHEST')
    stopwatch = watch(runner)
    runner.train()
    epoch = tuple(t / args.epochs for t in minus(clock.end, clock.start))
    rows = {}
    for label in dict.fromkeys(x.split('/')[0] for x in stopwatch.seconds):
        each = [t / args.epochs for t in stopwatch.seconds[f'{label}/epoch']]
        once = list(stopwatch.seconds[f'{label}/run'])
        share = [
            (e + o / run_epochs) / total
            for e, o, total in zip(each, once, epoch, strict=True)
        ]
        rows[label] = {'epoch_s': each, 'run_s': once, 'share': share}
    counted = [r['share'] for n, r in rows.items() if n not in NOT_COUNTED]
    return {
        'epoch_s': epoch,
        'epochs_of_config': run_epochs,
        'hooks': rows,
        'sum': [sum(share) for share in zip(*counted, strict=True)],
    }


def print_table(found: dict[str, Any]) -> None:
    cpu, wall = found['epoch_s']
    print(
        f'An epoch took {cpu:.2f} s of CPU time, {wall:.2f} s in all; the '
        f'config has {found["epochs_of_config"]} epochs.'
    )
    print(f'{"":<22}{"ms an epoch":>18}{"ms a run":>18}{"% of an epoch":>18}')
    print(f'{"":<22}' + f'{"CPU":>9}{"wall":>9}' * 3)
    rows = sorted(
        found['hooks'].items(), key=lambda item: -item[1]['share'][0]
    )
    for counts in (True, False):
        for name, row in rows:
            if (name not in NOT_COUNTED) == counts:
                numbers = [1e3 * t for t in (*row['epoch_s'], *row['run_s'])]
                shares = [100 * s for s in row['share']]
                print(
                    f'{name:<22}'
                    + ''.join(f'{x:9.1f}' for x in numbers)
                    + ''.join(f'{x:9.3f}' for x in shares)
                )
        if counts:
            shares = [f'{100 * s:9.3f}' for s in found['sum']]
            print(f'{"sum":<58}{"".join(shares)}')


def main() -> None:
    args = build_parser().parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as work_dir:
        found = measure(args, work_dir)
    print_table(found)
    if args.json:
        Path(args.json).write_text(json.dumps(found, indent=2))


if __name__ == '__main__':
    main()
