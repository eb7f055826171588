"""Keep what Remix decided, and the last confusion matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.engine.plan.kl_score_hook import KLScoreHook
from mmremix.engine.plan.plan_hook import plan_hook
from mmremix.engine.plan.report import Decided
from mmremix.evaluation import MultimodalAccuracy
from mmremix.records import RecordFile, epoch_record, save_confusion
from mmremix.records.confusion import CONFUSION_NAME
from mmremix.records.records import FILE_NAME
from mmremix.registry import HOOKS
from mmremix.utils.errors import ConfigError


@HOOKS.register_module()
class RemixRecordHook(Hook):
    """Write ``remix_records.npy`` and ``val_confusion.npz``.

    Every scoring epoch of ``KLScoreHook`` is appended to
    ``remix_records.npy`` in the work directory, which
    :func:`~mmremix.records.read_records` reads: scores and assignment of every
    sample, samples by class, accuracies. A run that resumes goes on in the
    same file, each epoch in it once. The file of an earlier run is renamed,
    ``remix_records.1.npy``; so is a damaged one, with a warning,
    ``remix_records.damaged.1.npy``. Where ``MultimodalAccuracy`` validates,
    the confusion matrices of the last validation are kept too.

    Example::

        default_hooks = dict(records=dict(type='RemixRecordHook'))

    Args:
        limit_mb: Megabytes (1e6 bytes) that the scores and assignments of
            epochs may take in the file; two modalities take 9 bytes a sample
            and epoch. Beyond it, these are kept of the newest epoch only, and
            all else of every epoch, which the log says once. ``None``: no
            limit. Defaults to 64.

    Raises:
        ConfigError: If ``limit_mb`` is negative.
    """

    # After those that check whether the run can start at all.
    priority = 'LOW'

    def __init__(self, limit_mb: float | None = 64) -> None:
        if limit_mb is not None and limit_mb < 0:
            raise ConfigError(
                f'RemixRecordHook: limit_mb must be at least 0, or None, got '
                f'{limit_mb}. Write: default_hooks = dict(records=dict(type='
                "'RemixRecordHook', limit_mb=64))"
            )
        self.limit_mb = limit_mb
        self._file: RecordFile | None = None
        self._labels: np.ndarray = np.empty(0, dtype=np.int64)

    def before_train(self, runner: Runner) -> None:
        """Go on with the file of a resumed run, or begin a new one."""
        if not is_main_process():
            return
        limit = None if self.limit_mb is None else int(self.limit_mb * 1e6)
        self._file = RecordFile(Path(runner.work_dir, FILE_NAME), limit)
        # resume=True without a checkpoint starts anew.
        if runner._resume and runner.iter > 0:
            # Scored epochs are stored from 1. That of the current one stays
            # until it is scored again: it may be resumed from its middle.
            self._file.cut(runner.epoch + 2)
        else:
            kept = self._file.set_aside()
            if kept is not None:
                runner.logger.info(
                    f'The records of an earlier run are now {kept}'
                )

    def before_train_epoch(self, runner: Runner) -> None:
        """Append what was decided just now, if anything was."""
        hook = plan_hook(runner)
        if not isinstance(hook, KLScoreHook) or hook.latest is None:
            return
        if self._file is not None and hook.latest.epoch == runner.epoch + 1:
            self.record(runner, hook.latest)

    def record(self, runner: Runner, decided: Decided) -> None:
        """Append one scoring epoch."""
        if self._file is None:  # another rank
            return
        dataset = runner.train_dataloader.dataset
        if not len(self._labels):
            self._labels = dataset.labels()
        classes = dataset.metainfo.get('classes') or ()
        several = self._labels.ndim == 2
        table = decided.table
        announced = self._file.shortened is not None
        self._file.append(
            dataset,
            epoch_record(
                epoch=decided.epoch,
                modalities=decided.modalities,
                scores=table.scores.numpy(),
                assignments=decided.assignments.numpy(),
                fingerprint=decided.fingerprint,
                accuracy=table.accuracy,
                true_probability=table.true_probability,
                flips=decided.flips,
                seconds=decided.seconds,
                labels=self._labels,
                num_classes=self._labels.shape[1]
                if several
                else max(len(classes), int(self._labels.max()) + 1),
            ),
        )
        if self._file.shortened is not None and not announced:
            runner.logger.info(
                f'{self._file.path} has reached limit_mb={self.limit_mb}: '
                f'from epoch {self._file.shortened} on, the scores and '
                'assignments of the samples are kept of the newest epoch '
                'only. To keep all: default_hooks = dict(records=dict('
                "type='RemixRecordHook', limit_mb=None))"
            )

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Keep the confusion matrices."""
        if not is_main_process():
            return
        loop = runner.val_loop
        for metric in loop.evaluator.metrics:
            if isinstance(metric, MultimodalAccuracy) and metric.confusion:
                classes = loop.dataloader.dataset.metainfo.get('classes')
                save_confusion(
                    Path(runner.work_dir, CONFUSION_NAME),
                    metric.confusion,
                    tuple(classes or ()),
                    runner.epoch,
                )
                return
