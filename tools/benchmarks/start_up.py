"""How long a run takes to its first step, and the memory of its rows.

    python tools/benchmarks/start_up.py --rows 100 1000000 --json start.json

An annotation of so many rows is made, whose files need not exist: a transform
makes the inputs up. Then a Remix run starts on it, in a process of its own,
and stops after its first step; the record of a first scoring epoch is written
too. The differences to the first, small annotation are what the rows take.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CLASSES = 100
COLUMNS = ('rows', 'import', 'runner', 'start', 'record', 'all', 'peak MB')


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rows', type=int, nargs='+', default=[100, 1000000])
    parser.add_argument(
        '--segments', action='store_true', help='with start and end'
    )
    parser.add_argument(
        '--folder', help='where to make the annotations (default: temporary)'
    )
    parser.add_argument('--json', help='also write the figures here')
    parser.add_argument('--one', help=argparse.SUPPRESS)
    return parser


def write_rows(path: Path, rows: int, segments: bool) -> None:
    """An annotation in no order, 100 classes, paths of about 40 letters."""
    with path.open('w', encoding='utf-8') as file:
        file.write('clip,label' + ',start,end' * segments + '\n')
        for number in range(rows):
            mixed = number * 2654435761 % 2**32
            clip = f'speaker{mixed % 997:05d}/part{mixed // 997 % 10:03d}/'
            times = f',{number % 9 / 8:.3f},{number % 9 / 8 + 2:.3f}'
            file.write(
                f'{clip}{number:09d}.mp4,class{number % CLASSES:02d}'
                f'{times * segments}\n'
            )


def first_step(path: Path) -> dict[str, float]:
    """CPU seconds of each phase, and the peak resident size in MB."""
    ticks = [time.process_time()]
    import mmremix.engine  # noqa: F401  (all that a run imports)
    from mmremix.apis import build_runner, load_config

    ticks.append(time.process_time())
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, 'config.py')
        config.write_text(_config(path))
        cfg = load_config(str(config), work_dir=folder)
        # mmengine keeps what it names so: two in a second would be one.
        cfg.experiment_name = f'start_up_{Path(folder).name}'
        _register()
        runner = build_runner(cfg)
        ticks.append(time.process_time())
        stop = _FirstStep()
        runner.register_hook(stop)
        try:
            runner.train()
        except _DoneError:
            ticks.append(stop.time)
        _record(runner)
        ticks.append(time.process_time())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    phases = [b - a for a, b in itertools.pairwise(ticks)]
    values = (len(runner.train_dataloader.dataset), *phases, sum(phases), peak)
    return dict(zip(COLUMNS, values, strict=True))


class _DoneError(Exception):
    """Ends the run."""


class _FirstStep:
    """A hook, made when mmengine is there."""

    time = 0.0

    def __new__(cls) -> Any:
        from mmengine.hooks import Hook

        class FirstStep(Hook):
            priority = 'LOWEST'

            def after_train_iter(self, *args: Any, **kwargs: Any) -> None:
                self.time = time.process_time()
                raise _DoneError

        return FirstStep()


def _register() -> None:
    import numpy as np
    from mmcv.transforms import BaseTransform

    from mmremix.registry import TRANSFORMS

    @TRANSFORMS.register_module(force=True)
    class MadeUpInputs(BaseTransform):
        def transform(self, results: dict[str, Any]) -> dict[str, Any]:
            names = results['loaded_modalities']
            value = np.ones(4, dtype=np.float32)
            return {**results, 'inputs': dict.fromkeys(names, value)}


def _config(path: Path) -> str:
    pipeline = [{'type': 'MadeUpInputs'}, {'type': 'PackAVInputs'}]
    data = {
        'type': 'AVDataset',
        'data_root': str(path.parent),
        'ann_file': path.name,
        'check_files': False,
        'pipeline': pipeline,
    }
    encoder = {'type': 'MLP', 'in_channels': 4}
    root = Path(__file__).resolve().parents[2]
    lines: dict[str, Any] = {
        '_base_': [
            str(root / 'configs/_base_' / name)
            for name in (
                'default_runtime.py',
                'loaders.py',
                'models/arrays_concat.py',
                'methods/remix.py',
            )
        ],
        'model': {
            'num_classes': CLASSES,
            'encoders': {'video': encoder, 'audio': encoder},
        },
        'train_dataloader': {
            'batch_size': 64,
            'num_workers': 0,
            'persistent_workers': False,
            'dataset': data,
        },
        'method_remix': {
            'plan': {
                'warmup_epochs': 1,
                'cache': False,
                'dataloader': {
                    'dataset': {**data, 'test_mode': True},
                },
            }
        },
        'optim_wrapper': {
            'type': 'OptimWrapper',
            'optimizer': {'type': 'SGD', 'lr': 0.1},
        },
        'train_cfg': {'by_epoch': True, 'max_epochs': 2},
        'val_dataloader': None,
        'val_evaluator': None,
        'test_dataloader': None,
        'test_evaluator': None,
        'custom_imports': None,
    }
    return '\n'.join(f'{key} = {value!r}' for key, value in lines.items())


def _record(runner: Any) -> None:
    """Write what a first scoring epoch leaves behind."""
    import torch

    from mmremix.engine import RemixRecordHook
    from mmremix.engine.plan.plan_hook import plan_hook
    from mmremix.engine.plan.report import Decided
    from mmremix.engine.scoring.scores import ScoreTable

    size = len(runner.train_dataloader.dataset)
    names = ('video', 'audio')
    values = dict.fromkeys(names, 0.5)
    hook = next(h for h in runner.hooks if isinstance(h, RemixRecordHook))
    plan = plan_hook(runner)
    assert plan is not None
    hook.record(
        runner,
        Decided(
            epoch=1,
            modalities=names,
            assignments=torch.zeros(size, dtype=torch.int8),
            table=ScoreTable(
                torch.zeros(size, 2), values, true_probability=values
            ),
            flips=0,
            seconds=0.0,
            fingerprint=plan._fingerprint,
        ),
    )


def measure(args: argparse.Namespace) -> Iterator[dict[str, float]]:
    """The figures of each number of rows, each in its own process."""
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        for rows in args.rows:
            path = Path(folder, f'{rows}.csv')
            write_rows(path, rows, args.segments)
            command = [sys.executable, __file__, '--one', str(path)]
            done = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True
            )
            yield json.loads(done.stdout.splitlines()[-1])
            path.unlink()


def main() -> None:
    args = build_parser().parse_args()
    if args.one:
        print(json.dumps(first_step(Path(args.one))))
        return
    print('CPU seconds')
    print(''.join(f'{name:>10}' for name in COLUMNS))
    found: list[Mapping[str, float]] = []
    for row in measure(args):
        found.append(row)
        cells = (f'{row[name]:10.2f}' for name in COLUMNS[1:])
        print(f'{row["rows"]:10.0f}' + ''.join(cells), flush=True)
    first = found[0]
    for later in found[1:]:
        more = later['rows'] - first['rows']
        seconds = later['all'] - first['all']
        size = (later['peak MB'] - first['peak MB']) * 1e6
        print(
            f'{later["rows"]:.0f} rows take {seconds:.1f} s of CPU time and '
            f'{size / more:.0f} bytes each at the peak'
        )
    if args.json:
        Path(args.json).write_text(json.dumps(found, indent=2))


if __name__ == '__main__':
    main()
