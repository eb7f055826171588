"""A bar for every epoch, and what a run is, before the first."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from rich.console import Console

from mmremix.engine.plan.plan_hook import plan_hook
from mmremix.engine.watch.run_block import run_block, short_path
from mmremix.utils.progress import Progress

_INTERVAL = 30.0  # seconds between two lines in a file


class ConsoleHook(Hook):
    """Shows what a run is, and how far each of its epochs is.

    On a terminal a bar with losses, rate and time to go, which is gone when
    the epoch is over; elsewhere a line now and then. Of several ranks only
    the first has one. ``build_runner(cfg, calm=True)`` registers it, and
    closes it whatever ends the run.

    Args:
        console: Where the log's lines go too, see
            :func:`~mmremix.utils.console.calm_console`.
    """

    # Before a plan hook scores, and before what is said of an epoch.
    priority = 'HIGHEST'

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bar: Progress | None = None
        self._waits = False

    def __enter__(self) -> ConsoleHook:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def before_train(self, runner: Runner) -> None:
        """Say what is trained."""
        runner.logger.info(run_block(runner, 'train'))

    def before_train_epoch(self, runner: Runner) -> None:
        """Open the bar, also for what is decided before the first step."""
        loop = runner.train_loop
        if isinstance(loop, IterBasedTrainLoop):
            self._open('Training', runner.max_iters)
            return
        title = f'Epoch {runner.epoch + 1}/{runner.max_epochs}'
        self._open(title, len(runner.train_dataloader))
        hook = plan_hook(runner)
        decides = hook is not None and runner.epoch >= hook.warmup_epochs
        if decides and self._bar is not None:
            self._bar.start_at(0, 'deciding what it trains on')

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Start the clock at the first step."""
        if self._waits and self._bar is not None:
            # A decision may have changed how many there are.
            if not isinstance(runner.train_loop, IterBasedTrainLoop):
                self._bar.total = len(runner.train_dataloader)
            self._bar.start_at(batch_idx)
            self._waits = False

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Move on. Losses are read, from a GPU, only when they are shown."""
        if self._bar is not None:
            self._bar.update(lambda: _losses(outputs or {}))

    def after_train_epoch(self, runner: Runner) -> None:
        """The epoch's line follows."""
        self._close()

    def before_val_epoch(self, runner: Runner) -> None:
        """Open a bar."""
        self._open('  validation', len(runner.val_dataloader))

    def after_val_iter(self, *args: Any, **kwargs: Any) -> None:
        """Move on."""
        if self._bar is not None:
            self._bar.update()

    def after_val_epoch(self, *args: Any, **kwargs: Any) -> None:
        """The epoch's line follows."""
        self._close()

    def before_test(self, runner: Runner) -> None:
        """Say what is tested."""
        runner.logger.info(run_block(runner, 'test'))

    def before_test_epoch(self, runner: Runner) -> None:
        """Open a bar."""
        self._open('Test', len(runner.test_dataloader))

    def after_test_iter(self, *args: Any, **kwargs: Any) -> None:
        """Move on."""
        if self._bar is not None:
            self._bar.update()

    def after_test_epoch(self, *args: Any, **kwargs: Any) -> None:
        """The table follows."""
        self._close()

    def after_train(self, runner: Runner) -> None:
        """Close what an iteration-based loop has opened."""
        self._close()

    def after_run(self, runner: Runner) -> None:
        """Say where the weights are."""
        best = runner.message_hub.runtime_info.get('best_ckpt')
        last = runner.message_hub.runtime_info.get('last_ckpt')
        found = [
            f'{name} {short_path(path)}'
            for name, path in (('last', last), ('best', best))
            if path
        ]
        if found and runner._train_loop is not None:
            runner.logger.info(f'Checkpoints: {", ".join(found)}')

    def _open(self, title: str, total: int) -> None:
        self._close()
        self._waits = True
        self._bar = Progress(
            total,
            'batches',
            interval=_INTERVAL,
            console=self.console,
            title=title,
            keep=False,
        )
        self._bar.__enter__()

    def _close(self) -> None:
        self._waits = False
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.__exit__(None, None, None)


def _losses(outputs: Mapping[str, Any]) -> str:
    """``loss 1.52 (fusion 0.71, video 1.02)``."""
    found = {
        name: float(torch.as_tensor(value).detach())
        for name, value in outputs.items()
        if name.startswith('loss')
    }
    total = found.pop('loss', None)
    parts = ', '.join(
        f'{name.removeprefix("loss_")} {value:.2f}'
        for name, value in found.items()
    )
    shown = '' if total is None else f'loss {total:.2f}'
    return f'{shown} ({parts})' if parts else shown
