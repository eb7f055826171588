"""Checkpoints that a kill, a full disk or a bad sector cannot take away."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmremix.engine.checkpoints.files import (
    ATOMIC,
    LAST,
    AtomicLocalBackend,
    CheckpointNotSavedError,
    RemovalList,
    remove_unfinished,
)
from mmremix.engine.checkpoints.position import (
    KEY,
    Position,
    go_on,
)
from mmremix.engine.checkpoints.resume_from import (
    choose_checkpoint,
    note_validation,
    schedules_by_metric,
    take_validation,
    validate_if_missed,
)
from mmremix.engine.checkpoints.train_loop import (
    between_steps,
    goes_on_within,
)
from mmremix.registry import HOOKS
from mmremix.utils.console import FILE_ONLY
from mmremix.utils.errors import ConfigError
from mmremix.utils.whole_files import write_whole

_KEEP = 'keep_ckpt_ids'
_OUTDATED = 'outdated_checkpoints'
WITHIN = 'within_epoch.pth'
"""With ``by_epoch=True``, what a run leaves that is stopped in an epoch."""


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook``, safe against interruptions.

    Example::

        default_hooks = dict(checkpoint=dict(
            type='SafeCheckpointHook', interval=1, max_keep_ckpts=2,
            save_best='auto'))

    - A checkpoint is written to a temporary file, synced and renamed, so
      under its name it is whole. Outdated ones, and the best one so far, are
      removed only then: for that moment there is one more than
      ``max_keep_ckpts``.
    - ``--resume`` without a file takes the newest undamaged checkpoint, and
      warns if it had to pass one over. Keep at least two.
    - With ``by_epoch=False`` a checkpoint is from within an epoch, and a run
      that resumes goes on at the very batch (with ``RemixSampler``). With
      gradient accumulation it is written after the step that is due next.
    - A run that was killed between saving and validating validates first
      when it resumes.
    - An epoch is written once. The best score so far is in the best
      checkpoint, where a run looks that resumes from the same epoch.
    - If a checkpoint cannot be written, training stops, and the one before
      it is left as it is.

    Other than local files (``out_dir='s3://...'``) are written as mmengine
    writes them.

    Args:
        args: Arguments of ``CheckpointHook``.
        kwargs: Arguments of ``CheckpointHook``.

    Attributes:
        saved: How many epochs (with ``by_epoch=False``, iterations) the
            newest checkpoint holds.

    Raises:
        CheckpointNotSavedError: If a checkpoint cannot be written.
        DamagedCheckpointError: If there are checkpoints to resume from, and
            none is intact.
    """

    # Of mmengine's class.
    backend_args: dict[str, Any] | None
    file_backend: Any
    best_ckpt_path: str | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # mmengine hands what it does not know to Runner.save_checkpoint,
        # which would say so after the first epoch.
        for name in self.args:
            raise TypeError(
                f'{type(self).__name__}.__init__() got an unexpected keyword '
                f'argument {name!r}'
            )
        self.saved = 0
        self._ready = False
        self._due = False
        self._needs_no_rewriting = False
        self._position: Position | None = None

    def before_run(self, runner: Runner) -> None:
        """Choose the checkpoint to resume from."""
        auto = runner._resume and runner._load_from is None
        folder = self.out_dir or runner.work_dir
        if not auto or runner._has_loaded or '://' in str(folder):
            return
        if self.out_dir is not None:
            # As mmengine does it in before_train.
            folder = os.path.join(folder, Path(runner.work_dir).name)
        choose_checkpoint(runner, folder, self.filename_tmpl)

    def before_train(self, runner: Runner) -> None:
        """Prepare the folder, and make up for a validation that is missing.

        Raises:
            OSError: If the folder cannot be written to.
        """
        local = '://' not in str(self.out_dir or runner.work_dir)
        if local and not (self.backend_args or self.file_client_args):
            self.backend_args = {'backend': ATOMIC}
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        if not self.by_epoch and by_epoch and not goes_on_within(runner):
            runner.logger.warning(
                'Without RemixSampler, a checkpoint from within an epoch '
                'resumes at the start of that epoch: the run will not be the '
                'same. Write: train_dataloader=dict(batch_sampler=dict('
                "type='RemixSampler')), or "
                "default_hooks=dict(checkpoint=dict(type='SafeCheckpointHook'"
                ', by_epoch=True, interval=1))'
            )
        hub = runner.message_hub
        if _KEEP in hub.runtime_info:
            # They become parts of names of files that are removed.
            ids = [i for i in hub.get_info(_KEEP) if isinstance(i, int)]
            hub.update_info(_KEEP, ids)
        super().before_train(runner)
        self._stay_in_folder()
        if local and is_main_process():
            remove_unfinished(self.out_dir)
            if _OUTDATED in hub.runtime_info:
                self._remove(hub.get_info(_OUTDATED))
            # A folder that cannot be written to is better found out now.
            probe = Path(self.out_dir, '.writable.pth')
            write_whole(probe, b'')
            probe.unlink()
        self._ready = True
        self.saved = runner.epoch if self.by_epoch else runner.iter
        validate_if_missed(runner)

    def after_load_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Go on where the checkpoint was written."""
        # It also runs for load_from, which starts anew.
        if runner._resume:
            take_validation(runner, checkpoint)
            go_on(runner, checkpoint)

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Note where in the epoch the run is."""
        # Rank 0 only; what is needed of the others was gathered before.
        position = self._position or Position.of(runner, 0)
        checkpoint[KEY] = position.state_dict()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Save if iterations count; between two steps of the optimiser."""
        if self.by_epoch:
            return
        self._due |= self.every_n_train_iters(
            runner, self.interval, self.save_begin
        )
        last = self.save_last and self.is_last_train_iter(runner)
        if last or (self._due and between_steps(runner)):
            step = runner.iter + 1
            runner.logger.info(
                f'Saving checkpoint at {step} iterations', extra=FILE_ONLY
            )
            self._save_within(runner, batch_idx + 1, step)

    def save_finished(self, runner: Runner, done: int = 0) -> None:
        """Save what is done, unless it was saved.

        Args:
            runner: Before an iteration, and between two steps of the
                optimiser.
            done: Iterations of the epoch before it.
        """
        step = runner.epoch if self.by_epoch else runner.iter
        if done and (self.by_epoch or step != self.saved):
            self._save_within(runner, done, runner.iter)
        elif step != self.saved:
            meta = {'epoch': runner.epoch, 'iter': runner.iter}
            self._save_checkpoint_with_step(runner, step, meta)

    def _save_within(self, runner: Runner, done: int, iterations: int) -> None:
        """Save after so many batches of an epoch; on all ranks."""
        self._due = False
        meta = {'epoch': runner.epoch, 'iter': iterations}
        # A place of our own: hooks bring what they hold back to the hub.
        runner.call_hook('before_save_within_epoch')
        self._position = Position.of(runner, done)
        try:
            if self.by_epoch:
                self._write(runner, WITHIN, meta)
            else:
                self._save_checkpoint_with_step(runner, iterations, meta)
        finally:
            self._position = None

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float]
    ) -> None:
        """Save the best checkpoint; not of a validation without training."""
        if self._ready:
            note_validation(runner)
            super().after_val_epoch(runner, metrics)

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict[str, Any]
    ) -> None:
        """Save, point to the new file, and only then remove old ones."""
        if self._needs_no_rewriting and step == self.saved:
            return
        hub, ids = runner.message_hub, [step]
        if self.max_keep_ckpts > 0:
            ids = [i for i in self.keep_ckpt_ids if i != step] + [step]
            # Should the run die before it removes what is too much in this
            # list, mmengine removes it when the run resumes.
            hub.update_info(_KEEP, ids)
        self._write(runner, self.filename_tmpl.format(step), meta)
        self.saved = step
        if self.by_epoch:
            self._remove([WITHIN])
        if self.max_keep_ckpts > 0:
            self.keep_ckpt_ids.clear()
            self.keep_ckpt_ids.extend(ids[-self.max_keep_ckpts :])
            hub.update_info(_KEEP, list(self.keep_ckpt_ids))
            old = ids[: -self.max_keep_ckpts]
            self._remove(self.filename_tmpl.format(i) for i in old)

    def _write(self, runner: Runner, name: str, meta: dict[str, Any]) -> None:
        """Save, and point to the new file."""
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        try:
            runner.save_checkpoint(
                self.out_dir,
                name,
                self.file_client_args,
                save_optimizer=self.save_optimizer,
                save_param_scheduler=self.save_param_scheduler,
                meta=meta,
                by_epoch=self.by_epoch,
                backend_args=self.backend_args,
                **self.args,
            )
            if is_main_process():
                last = Path(runner.work_dir, LAST)
                write_whole(last, str(self.last_ckpt).encode())
        except OSError as error:
            raise _failed(runner, error) from error

    def _save_best_checkpoint(
        self, runner: Runner, metrics: dict[str, float]
    ) -> None:
        """Remove the best one so far after the new one is safe.

        Raises:
            ConfigError: If there is no such metric as ``save_best``.
        """
        for name in self.key_indicators if self.save_best else ():
            if name not in metrics and name != 'auto':
                raise ConfigError(
                    f'save_best={name!r}: there is no such metric. There '
                    f'are {list(metrics)}. Write: default_hooks = dict('
                    "checkpoint=dict(save_best='auto'))"
                )
        waiting, backend = RemovalList(), self.file_backend
        if isinstance(backend, AtomicLocalBackend):
            self.file_backend = waiting
        # The list itself: it fills before mmengine saves.
        runner.message_hub.update_info(_OUTDATED, waiting.names)
        # mmengine writes the epoch again, to hold the best score.
        self._needs_no_rewriting = (
            self.by_epoch
            and len(getattr(self, 'key_indicators', ())) == 1
            and '://' not in str(self.out_dir)
            and not schedules_by_metric(runner)
        )
        try:
            super()._save_best_checkpoint(runner, metrics)
        except CheckpointNotSavedError:
            raise
        except OSError as error:
            raise _failed(runner, error) from error
        finally:
            self.file_backend = backend
            self._needs_no_rewriting = False
        self._remove(waiting.names)
        runner.message_hub.update_info(_OUTDATED, [])

    def _remove(self, names: Iterable[str]) -> None:
        for name in names if is_main_process() else ():
            # By name: a path that a checkpoint holds may lead anywhere.
            path = self._here(name)
            best = getattr(self, 'best_ckpt_path', None)
            if path != best and self.file_backend.isfile(path):
                self.file_backend.remove(path)

    def _stay_in_folder(self) -> None:
        """Look for the best checkpoint here.

        Its path in a checkpoint may be of another folder (a copied run), or
        of any file, which mmengine would remove.
        """
        best: str | None = getattr(self, 'best_ckpt_path', None)
        if best:
            self.best_ckpt_path = self._here(best)
        paths = getattr(self, 'best_ckpt_path_dict', {})
        for key, path in paths.items():
            paths[key] = path and self._here(path)

    def _here(self, path: str) -> str:
        name = os.path.basename(str(path))
        return str(self.file_backend.join_path(self.out_dir, name))


def _failed(runner: Runner, error: OSError) -> CheckpointNotSavedError:
    last = Path(runner.work_dir, LAST)
    before = last.read_text().strip() if last.is_file() else None
    stays = (
        f'{before} is intact; make room and go on with --resume'
        if before
        else 'there is no checkpoint before it'
    )
    return CheckpointNotSavedError(error.errno, f'{error.strerror}; {stays}')
