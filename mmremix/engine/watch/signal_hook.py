"""End a run in good order when its time is up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.dist import is_distributed
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.engine.checkpoints.safe_checkpoint_hook import SafeCheckpointHook
from mmremix.engine.checkpoints.train_loop import between_steps, goes_on_within
from mmremix.engine.watch.stop_request import StopRequest
from mmremix.registry import HOOKS
from mmremix.utils.errors import ConfigError
from mmremix.utils.process_group import group_timeout

EXIT_STATUS = 75
"""Of a run that a signal has stopped: start it again with ``--resume``.

It is ``EX_TEMPFAIL`` of ``sysexits.h``: "retry later".
"""


@HOOKS.register_module()
class SignalHook(Hook):
    """Stop at a safe point after SIGTERM or SIGUSR1, with exit status 75.

    Example::

        default_hooks = dict(signal=dict(type='SignalHook'))

    Within an epoch the run saves where it is and stops; it resumes at the
    very batch. With gradient accumulation it first goes on to the next step
    of the optimiser. Between two epochs it saves what is not on the disk.

    A run that cannot resume within an epoch (without ``RemixSampler`` or
    ``SafeCheckpointHook``, see docs/resume.md) gives the half epoch up if
    what was before it is on the disk (``SafeCheckpointHook(interval=1)``),
    and nothing is saved: a resumed run does that epoch again. If it is not,
    the run first goes on to the epoch's end; a second signal (at least 2 s
    later) stops it at once even so.

    The safe points are every iteration (in a distributed run every
    ``interval``-th), the start of an epoch before anything is scored, and
    the start of a validation; none is within a validation or a scoring pass.
    In a distributed run it is enough that one rank gets the signal: at the
    safe points the ranks ask each other, on the CPU, so that they stop
    together.

    A signal that the program handles already is left alone.

    Args:
        signals: Names of the signals.
        interval: In a distributed run, iterations between two safe points.
        finish_epoch: Whether to finish the epoch in any case.

    Raises:
        SystemExit: With status 75, at the safe point.
        ConfigError: On the name of no signal, or if ``interval`` is not
            positive.
    """

    # First, before the scoring starts.
    priority = 'VERY_HIGH'
    exit_status = EXIT_STATUS

    def __init__(
        self,
        signals: Sequence[str] = ('SIGTERM', 'SIGUSR1'),
        interval: int = 10,
        finish_epoch: bool = False,
    ) -> None:
        if interval < 1:
            raise ConfigError(
                f'SignalHook: interval must be at least 1, got {interval}.'
            )
        self.interval = interval
        self.finish_epoch = finish_epoch
        self.request = StopRequest(signals)
        self._waiting = False

    def before_train(self, runner: Runner) -> None:
        """Listen from now on."""
        try:
            dist_cfg = runner.cfg.get('env_cfg', {}).get('dist_cfg', {})
            taken = self.request.install(group_timeout(dist_cfg))
        except ValueError:
            runner.logger.warning(
                'SignalHook: only the main thread of a program can listen to '
                'signals. Signals will not stop this run in good order.'
            )
            return
        if taken:
            runner.logger.info(
                f'SignalHook leaves {", ".join(taken)} to the program, which '
                'handles it already.'
            )

    def after_train(self, runner: Runner) -> None:
        """Listen no more."""
        self.request.uninstall()

    def before_train_epoch(self, runner: Runner) -> None:
        """Safe point before the scoring."""
        self._safe_point(runner)

    def before_val(self, runner: Runner) -> None:
        """Safe point after a checkpoint."""
        self._safe_point(runner)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Safe point in an epoch."""
        # All ranks have the same iterations, and wait together.
        due = batch_idx % self.interval == 0 or self._waiting
        if due or not is_distributed():
            self._safe_point(runner, done=batch_idx)

    def _safe_point(self, runner: Runner, done: int = 0) -> None:
        level = self.request.agreed()
        if level == 0:
            return
        checkpoints = _checkpoint_hook(runner)
        here = done == 0 or self._saves_within(runner, checkpoints)
        if here and (done == 0 or between_steps(runner)):
            if checkpoints is not None:
                checkpoints.save_finished(runner, done)
            self._stop(runner, done)
        saved = checkpoints is None or checkpoints.saved == runner.epoch
        given_up = saved and not here and not self.finish_epoch
        if given_up or level > 1:
            self._stop(runner, done)
        if not self._waiting:
            self._waiting = True
            until = (
                'the next step of the optimiser'
                if here
                else f'the end of epoch {runner.epoch + 1}'
            )
            runner.logger.warning(
                f'{self._reason()}. The run goes on to {until}, saves and '
                'stops there. A second signal stops it at once.'
            )

    def _saves_within(
        self, runner: Runner, checkpoints: SafeCheckpointHook | None
    ) -> bool:
        """Whether to save in the middle of an epoch."""
        if checkpoints is None or self.finish_epoch:
            return False
        return not checkpoints.by_epoch or goes_on_within(runner)

    def _stop(self, runner: Runner, done: int) -> None:
        where = f'after {done} iterations of' if done else 'before'
        runner.logger.warning(
            f'{self._reason()}. Stopping {where} epoch {runner.epoch + 1}. '
            'Go on with --resume: it starts from the last checkpoint. Exit '
            f'status {EXIT_STATUS}.'
        )
        runner.call_hook('after_run')
        self.request.uninstall()
        raise SystemExit(EXIT_STATUS)

    def _reason(self) -> str:
        return f'Got {self.request.name or "a signal on another rank"}'


def _checkpoint_hook(runner: Runner) -> SafeCheckpointHook | None:
    return next(
        (h for h in runner.hooks if isinstance(h, SafeCheckpointHook)), None
    )
