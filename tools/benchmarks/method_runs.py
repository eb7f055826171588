"""Trainings with and without a method, each in a process of its own.

For method_cost.py.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import multiprocessing
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from method_cases import METHODS, Case, method_names
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmremix.apis import build_runner, load_config
from mmremix.models import ModalityEncoder
from mmremix.registry import MODELS

# Not part of a method, and not in what is measured.
HOOKS_OFF = ('checkpoint', 'gradient_conflict', 'contribution')
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
WITH, WITHOUT = 'with gradient', 'without gradient'
Pass = Callable[[ModalityEncoder, Tensor], Tensor]


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
    # The run is ended from outside; this is the most that it is asked for.
    epochs = skipped(args, case) + args.rounds * len(case.weights)
    if method is None:
        epochs += args.rounds * len(method_names())
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
    return int(math.ceil(args.skip / length) * length)


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
        # Closed at the other side if it has ended by itself.
        with contextlib.suppress(OSError):
            self._connection.send(False)
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
