"""One line an epoch for people."""

from __future__ import annotations

import time

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.engine.plan.plan_hook import ScoringPlanHook, plan_hook
from mmremix.registry import HOOKS
from mmremix.remix import Items


@HOOKS.register_module()
class EpochLineHook(Hook):
    """Sum every epoch up in one line of the log.

    Phase, what the samples keep, losses, accuracies on the validation set,
    seconds and time to go::

        Epoch 12/60 remix: video 61 %, audio 39 % | loss 1.52 (fusion 0.71,
        video 1.02, audio 0.48) | val fusion .848, video .512, audio .701 |
        8.1 s + scoring 1.2 s + val 0.9 s | 8 min to go

    Each loss is a mean over the epoch's steps that have it.

    Example::

        default_hooks = dict(epoch_line=dict(type='EpochLineHook'))

    Args:
        metric: Ending of the validation metrics to show.
    """

    # After the hooks that the line speaks of.
    priority = 'VERY_LOW'

    def __init__(self, metric: str = 'top1') -> None:
        self.metric = metric
        self._ended = 0.0
        self._started = 0.0
        self._scoring = 0.0
        self._parts: list[str] = []
        self._taken = ''
        self._remix = False
        self._first: tuple[int, float] | None = None

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        self._ended = time.perf_counter()
        self._first = None

    def before_train_epoch(self, runner: Runner) -> None:
        """Scoring, if there was any, has just ended."""
        self._started = time.perf_counter()
        self._scoring = self._started - self._ended

    def after_train_epoch(self, runner: Runner) -> None:
        """Compose the line; show it now if nothing is validated."""
        self._ended = time.perf_counter()
        epoch, loop = runner.epoch + 1, runner.train_loop
        remix = _items(runner) is not None
        if remix != self._remix:
            # Epochs of the other phase say little about the time to go.
            self._remix, self._first = remix, None
        self._parts = [_samples(runner), _losses(runner)]
        self._taken = f'{self._ended - self._started:.1f} s'
        scores = isinstance(plan_hook(runner), ScoringPlanHook)
        # Plans without scores take no time, but for those that measure.
        if remix and (scores or self._scoring >= 0.05):
            self._taken += f' + scoring {self._scoring:.1f} s'
        if (
            runner.val_loop is None
            or epoch < loop.val_begin
            or (epoch % loop.val_interval and epoch != loop.max_epochs)
        ):
            self._show(runner, epoch)

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Show the line with the accuracies."""
        if not self._parts:  # validation without training
            return
        ending = f'_{self.metric}'
        values = [
            f'{name.rsplit("/", 1)[-1].removesuffix(ending)} {value:.3f}'
            for name, value in (metrics or {}).items()
            if name.endswith(ending)
        ]
        if values:
            self._parts.append(f'val {", ".join(values)}')
        seconds = time.perf_counter() - self._ended
        self._taken += f' + val {seconds:.1f} s'
        self._show(runner, runner.epoch)

    def _show(self, runner: Runner, epoch: int) -> None:
        self._ended = time.perf_counter()
        last = runner.max_epochs
        line = ' | '.join([*self._parts, self._taken])
        runner.logger.info(
            f'Epoch {epoch}/{last} {line} | {self._to_go(epoch, last)}'
        )
        self._parts = []

    def _to_go(self, epoch: int, last: int) -> str:
        """By the mean of this phase's epochs so far."""
        if self._first is None:
            self._first = (epoch, self._ended)
            each = self._ended - self._started + self._scoring
        else:
            done = epoch - self._first[0]
            each = (self._ended - self._first[1]) / max(done, 1)
        seconds = each * (last - epoch)
        if epoch == last:
            return 'done'
        if seconds < 60:
            return f'{seconds:.0f} s to go'
        return f'{seconds / 60:.0f} min to go'


def _items(runner: Runner) -> Items | None:
    sampler = runner.train_dataloader.batch_sampler
    return getattr(sampler, 'items', None)


def _samples(runner: Runner) -> str:
    items, hook = _items(runner), plan_hook(runner)
    if items is None or hook is None:
        return 'joint: all modalities'
    names = runner.train_dataloader.batch_sampler.modalities
    total = max(len(items.index), 1)
    shares = ', '.join(
        f'{name} {count / total:.0%}'
        for name, count in zip(names, items.counts().tolist(), strict=True)
    )
    return f'{hook.title}: {shares}'


def _losses(runner: Runner) -> str:
    """Means over the epoch's steps that have them."""
    steps = len(runner.train_dataloader)
    found = {}
    for name, buffer in runner.message_hub.log_scalars.items():
        values, counts = (part[-steps:] for part in buffer.data)
        if name.startswith('train/loss') and counts.any():
            mean = (values * counts).sum() / counts.sum()
            found[name.removeprefix('train/loss').lstrip('_')] = mean
    total = found.pop('', None)
    parts = ', '.join(f'{name} {value:.2f}' for name, value in found.items())
    if total is None:
        return 'loss ?'
    return f'loss {total:.2f}' + (f' ({parts})' if parts else '')
