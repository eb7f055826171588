"""What an epoch of each balancing method costs, in joint epochs.

    python tools/benchmarks/method_cost.py --data-root data/demo
    python tools/benchmarks/method_cost.py configs/joint_cremad_concat.py \
        --methods remix mla --rounds 3 --json cost.json

Each file of configs/_base_/methods (without the *_fair ones) is put on top of
a joint config and trained by the project's own runner, in a process of its
own. The processes take turns: an epoch of joint training, one of a method, one
of joint training, one of the next method; so each epoch is compared with the
joint one just before it, and what else the machine does falls on both. A
second joint run among the methods shows what noise is left. All processes
stay in memory until the end; only one works at a time.

The time measured is that of the training loop's epoch with all its hooks:
what a method does before an epoch (scoring, clustering), loading and decoding
(in the process itself, without workers, so that the CPU time holds them), the
steps, the log. Validation, checkpoints, the gradient conflict of every fifth
epoch and what is done once a run (teachers, weights measured beforehand) are
not in it. The first epochs (--skip) are not measured, warm-ups are cut to one
epoch, and what is due every few epochs is averaged in: see CASES.

Encoder passes are those of one sample through one encoder, by sample: joint
training has one with gradient for each modality.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmremix.apis import build_runner, load_config
from mmremix.models import ModalityEncoder
from mmremix.registry import MODELS
from mmremix.utils.cli import add_cfg_options

ROOT = Path(__file__).resolve().parents[2]
METHODS = ROOT / 'configs/_base_/methods'
# Not part of a method, and not in what is measured.
HOOKS_OFF = ('checkpoint', 'gradient_conflict', 'contribution')
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
WITH, WITHOUT = 'with gradient', 'without gradient'
Pass = Callable[[ModalityEncoder, Tensor], Tensor]


class Case(NamedTuple):
    """How a method is measured.

    Attributes:
        options: Config options with which it soon does what it always does.
        joint: Config options of the joint run that it is compared with (and
            of its own).
        weights: Of each epoch of a turn in the mean. A turn begins at an
            epoch whose number is a multiple of their count.
        teachers: Option that takes a checkpoint for each modality; gets
            untrained weights, which cost the same.
        note: Printed below the table.
    """

    options: Mapping[str, Any] = {}
    joint: Mapping[str, Any] = {}
    weights: Sequence[float] = (1.0,)
    teachers: str | None = None
    note: str = ''


_RESAMPLE = Case({'method_resample.plan.warmup_epochs': 1})
# Methods without an entry do the same in every epoch, from the first one.
CASES: dict[str, Case] = {
    'remix': Case({'method_remix.plan.warmup_epochs': 1}),
    'mla_remix': Case({'method_mla_remix.plan.warmup_epochs': 1}),
    'resample': _RESAMPLE,
    'resample_modality': _RESAMPLE,
    'resample_remix': _RESAMPLE,
    'reconboost': Case(
        {
            'method_reconboost.plan.stage_epochs': 1,
            'method_reconboost.plan.rectify_epochs': 1,
        },
        weights=(0.25,) * 4,
        note='mean of a stage of each of two modalities and the epochs with '
        'all after it, which come in equal numbers',
    ),
    'dnr': Case(
        {'method_dnr.hook.interval': 2, 'method_dnr.hook.times': 10**6},
        weights=(0.05, 0.95),
        note='a diagnosis is due before one of 20 epochs (and at most three '
        'times in a run)',
    ),
    'umt': Case(
        teachers='method_umt.step.teachers',
        note='without the training of the teachers',
    ),
    'g_blend': Case(note='without measuring the weights, once before the run'),
    'greedy': Case(
        joint={'model.fusion': {'_delete_': True, 'type': 'MMTM'}},
        note='compared with joint training with MMTM',
    ),
}


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'config',
        nargs='?',
        default=str(ROOT / 'configs/joint_demo_concat.py'),
        help='joint config (the demo clips)',
    )
    parser.add_argument(
        '--methods',
        nargs='+',
        metavar='NAME',
        choices=method_names(),
        help=f'of {", ".join(method_names())} (all)',
    )
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument(
        '--skip', type=int, default=2, help='epochs before the first round'
    )
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--data-root', help='of all loaders')
    add_cfg_options(parser)
    parser.add_argument('--json', help='also write the figures here')
    return parser


def method_names() -> list[str]:
    names = sorted(path.stem for path in METHODS.glob('*.py'))
    return [name for name in names if not name.endswith('_fair')]


class Meter(Hook):
    """Counts an epoch's items and encoder passes."""

    def __init__(self, encoders: Mapping[str, torch.nn.Module]) -> None:
        self.items = 0
        self.passes: dict[str, Counter[str]] = {}
        self._names = {id(module): name for name, module in encoders.items()}
        self.clear()

    def clear(self) -> None:
        self.items = 0
        self.passes = {WITH: Counter(), WITHOUT: Counter()}

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        self.items += len(data_batch['data_samples'])

    def watch(self) -> None:
        """Count the passes of all encoders in this process."""
        # A fusion between the stages begins with the stem.
        for start in ('forward', 'stem'):
            method = getattr(ModalityEncoder, start)
            setattr(ModalityEncoder, start, self._counted(method))

    def _counted(self, method: Pass) -> Pass:
        def counted(encoder: ModalityEncoder, x: Tensor) -> Tensor:
            kind = WITH if torch.is_grad_enabled() else WITHOUT
            # Teachers and copies of an encoder have no name.
            name = self._names.get(id(encoder), 'other')
            self.passes[kind][name] += len(x)
            return method(encoder, x)

        return counted


def build_config(
    args: argparse.Namespace, method: str | None, case: Case, folder: Path
) -> Config:
    """The joint config, with a method or without, made ready to be timed."""
    bases = [str(Path(args.config).resolve())]
    if method is not None:
        bases.append(str(METHODS / f'{method}.py'))
    path = folder / 'config.py'
    path.write_text(f'_base_ = {bases!r}\n')
    options = {**case.joint, **(args.cfg_options or {})}
    if method is not None:
        options.update(case.options)
    if method is not None and case.teachers is not None:
        options[case.teachers] = save_teachers(path, options, folder)
    cfg = load_config(
        str(path), cfg_options=options, work_dir=str(folder / 'work')
    )
    for key in LOADERS:
        loader = cfg.get(key)
        if loader is not None:
            loader.update(num_workers=0, persistent_workers=False)
            loader.pop('prefetch_factor', None)
            if args.data_root is not None:
                loader.dataset.data_root = args.data_root
    for key in HOOKS_OFF:
        cfg.default_hooks.pop(key, None)
    # Without this mmengine's own would come.
    cfg.default_hooks.checkpoint = None
    # Loaders and metrics stay, methods may use them.
    cfg.train_cfg.val_begin = sys.maxsize
    # Such a run is ended from outside; its schedule is the config's if long
    # enough.
    length = len(case.weights)
    epochs = skipped(args, case) + args.rounds * length
    if method is None:
        epochs = (args.skip + args.rounds) * (2 + len(method_names())) * 4
    cfg.train_cfg.max_epochs = max(cfg.train_cfg.max_epochs, epochs)
    cfg.log_level = 'ERROR'
    return cfg


def save_teachers(
    path: Path, options: Mapping[str, Any], folder: Path
) -> dict[str, str]:
    """Untrained weights of the model, as every modality's teacher."""
    cfg = load_config(
        str(path), cfg_options={**options, 'work_dir': str(folder)}
    )
    model = cfg.model.copy()
    model.pop('methods', None)
    target = folder / 'teacher.pth'
    torch.save({'state_dict': MODELS.build(model).state_dict()}, target)
    return dict.fromkeys(cfg.model.encoders, str(target))


def skipped(args: argparse.Namespace, case: Case) -> int:
    """Epochs before the first round: whole turns."""
    length = len(case.weights)
    return -(-args.skip // length) * length


def work(
    args: argparse.Namespace,
    method: str | None,
    case: Case,
    folder: Path,
    connection: Connection,
) -> None:
    """Train in a process of its own, an epoch whenever one is asked for."""
    output = os.open(folder / 'output.txt', os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        runner = build_runner(build_config(args, method, case, folder))
        torch.set_num_threads(args.threads)
        loop = runner.train_loop
        meter = Meter(dict(runner.model.encoders.items()))
        meter.watch()
        runner.register_hook(meter)
        run_epoch, samples = loop.run_epoch, len(loop.dataloader.dataset)

        def in_turn() -> None:
            if not connection.recv():
                raise SystemExit
            meter.clear()
            cpu, wall = time.process_time(), time.perf_counter()
            run_epoch()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            found = {
                'cpu_s': time.process_time() - cpu,
                'wall_s': time.perf_counter() - wall,
                'items': meter.items / samples,
            }
            for kind, passes in meter.passes.items():
                for name, rows in passes.items():
                    found[f'{kind}, {name}'] = rows / samples
            connection.send(found)

        loop.run_epoch = in_turn
        runner.train()
    except Exception as error:
        # Whatever it is, the other methods go on, and the table says it.
        last = traceback.extract_tb(error.__traceback__)[-1]
        connection.send(
            f'{type(error).__name__}: {error} '
            f'({Path(last.filename).name}, line {last.lineno})'
        )


class NotMeasured(Exception):
    """A run that does not train; says why."""


class Run:
    """A training in another process."""

    def __init__(
        self,
        args: argparse.Namespace,
        method: str | None,
        case: Case,
        folder: Path,
    ) -> None:
        folder.mkdir()
        # A fork has all modules already; nothing has run on a device yet.
        context = multiprocessing.get_context('fork')
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=work, args=(args, method, case, folder, theirs), daemon=True
        )
        self._process.start()
        theirs.close()
        self._weights = case.weights
        try:
            for _ in range(skipped(args, case)):
                self._epoch()
        except NotMeasured:
            self.end()
            raise

    def turn(self) -> dict[str, float]:
        """Train a turn's epochs, and return their weighted mean."""
        mean: Counter[str] = Counter()
        for weight in self._weights:
            for key, value in self._epoch().items():
                mean[key] += weight * value  # type: ignore[assignment]
        return dict(mean)

    def end(self) -> None:
        if self._process.is_alive():
            try:
                self._connection.send(False)
            except OSError:
                pass  # It has just ended by itself.
        self._process.join()
        self._connection.close()

    def _epoch(self) -> dict[str, float]:
        try:
            self._connection.send(True)
            answer = self._connection.recv()
        except (EOFError, OSError):
            self._process.join()
            raise NotMeasured(
                f'its process ended with status {self._process.exitcode}'
            ) from None
        if isinstance(answer, str):
            raise NotMeasured(answer)
        found: dict[str, float] = answer
        return found


Rounds = list[tuple[dict[str, float], dict[str, float]]]
"""Of each round the method's turn, and the joint one before it."""


def measure(
    args: argparse.Namespace, folder: Path
) -> tuple[dict[str, Rounds], dict[str, str]]:
    """Let all runs take turns.

    Returns:
        The rounds of each method, and why others could not be measured.
    """
    names = {'joint': None} | {n: n for n in args.methods or method_names()}
    joints: dict[str, Run] = {}
    runs: dict[str, Run] = {}
    taken: dict[str, Rounds] = {}
    failed: dict[str, str] = {}
    try:
        for label, method in names.items():
            case = CASES.get(label, Case())
            try:
                key = repr(case.joint)
                if key not in joints:
                    plain = Case(joint=case.joint)
                    place = folder / f'before_{label}'
                    joints[key] = Run(args, None, plain, place)
                runs[label] = Run(args, method, case, folder / label)
                taken[label] = []
            except NotMeasured as error:
                failed[label] = str(error)
        for _ in range(args.rounds):
            for label in list(runs):
                joint = joints[repr(CASES.get(label, Case()).joint)]
                before = joint.turn()
                try:
                    taken[label].append((runs[label].turn(), before))
                except NotMeasured as error:
                    failed[label] = str(error)
                    runs.pop(label).end()
                    del taken[label]
    finally:
        for run in (*joints.values(), *runs.values()):
            run.end()
    return taken, failed


def summary(rounds: Rounds) -> dict[str, Any]:
    """A method's figures: medians over its rounds."""
    row: dict[str, Any] = {'rounds': [list(pair) for pair in rounds]}
    for unit in ('cpu_s', 'wall_s'):
        ratios = [method[unit] / joint[unit] for method, joint in rounds]
        row[unit.replace('_s', '_in_joint_epochs')] = {
            'median': statistics.median(ratios),
            'lowest': min(ratios),
            'highest': max(ratios),
        }
    row['items'] = statistics.median(method['items'] for method, _ in rounds)
    for kind in (WITH, WITHOUT):
        keys = {k for method, _ in rounds for k in method if k.startswith(kind)}
        row[f'passes {kind}'] = {
            key.removeprefix(f'{kind}, '): statistics.median(
                method.get(key, 0.0) for method, _ in rounds
            )
            for key in sorted(keys)
        }
    return row


def print_table(rows: Mapping[str, Any], failed: Mapping[str, str]) -> None:
    width = max(len(name) for name in (*rows, *failed, 'method')) + 2
    print(
        f'{"":<{width}}{"epoch / joint epoch":^48}'
        f'{"encoder passes a sample":^26}{"items":>8}'
    )
    print(
        f'{"method":<{width}}{"CPU":>8}{"range":>16}{"wall":>8}{"range":>16}'
        f'{WITH:>14}{"without":>12}{"/ sample":>9}'
    )
    for name, row in rows.items():
        line = f'{name:<{width}}'
        for unit in ('cpu', 'wall'):
            ratio = row[f'{unit}_in_joint_epochs']
            between = f'{ratio["lowest"]:.2f} to {ratio["highest"]:.2f}'
            line += f'{ratio["median"]:8.2f}{between:>16}'
        for kind, space in ((WITH, 14), (WITHOUT, 12)):
            line += f'{sum(row[f"passes {kind}"].values()):{space}.2f}'
        print(f'{line}{row["items"]:9.2f}')
    for name, row in rows.items():
        if row['note']:
            print(f'{name}: {row["note"]}')
    for name, reason in failed.items():
        print(f'{name}: not measured. {reason}')


def main() -> None:
    args = build_parser().parse_args()
    with tempfile.TemporaryDirectory() as folder:
        taken, failed = measure(args, Path(folder))
    rows = {
        name: summary(rounds) | {'note': CASES.get(name, Case()).note}
        for name, rounds in taken.items()
    }
    print(
        f'{args.config}, {platform.processor() or platform.machine()}, '
        f'{args.threads} threads, torch {torch.__version__}, '
        f'{args.rounds} rounds'
    )
    print_table(rows, failed)
    if args.json:
        report = {'arguments': vars(args), 'torch': torch.__version__}
        report |= {'methods': rows, 'not_measured': failed}
        Path(args.json).write_text(json.dumps(report, indent=2))
    if failed:
        raise SystemExit(1)


if __name__ == '__main__':
    main()
