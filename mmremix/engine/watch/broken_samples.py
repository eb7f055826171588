"""Report the samples that could not be loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.dist import all_gather_object, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.datasets.stand_ins import (
    Broken,
    broken_in,
    broken_samples,
    record_broken,
)
from mmremix.registry import HOOKS
from mmremix.utils.whole_files import csv_bytes, write_whole

FILE_NAME = 'broken_samples.csv'


@HOOKS.register_module()
class BrokenSampleHook(Hook):
    """List the samples that a data set with ``on_broken='skip'`` left out.

    ``broken_samples.csv`` in the work directory (``clip, reason``) is
    brought up to date after every epoch; the log lists them at the end. A
    test writes it beside its own log.

    Example::

        default_hooks = dict(broken_samples=dict(type='BrokenSampleHook'))
    """

    priority = 'LOW'

    def __init__(self) -> None:
        self._gathered: dict[tuple[int, str], Broken] = {}

    def _after_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
        mode: str = 'train',
    ) -> None:
        record_broken(broken_in(data_batch))

    def _after_epoch(self, runner: Runner, mode: str = 'train') -> None:
        # All ranks come here at the end of every epoch.
        for found in all_gather_object(broken_samples()):
            self._gathered.update(found)
        if self._gathered and is_main_process():
            # A test may run beside a training.
            folder = runner.log_dir if mode == 'test' else runner.work_dir
            path = Path(folder, FILE_NAME)
            pairs = sorted({(clip, why) for _, clip, why in self._broken()})
            rows = [{'clip': clip, 'reason': why} for clip, why in pairs]
            write_whole(path, csv_bytes(('clip', 'reason'), rows))

    def after_run(self, runner: Runner) -> None:
        """List what was skipped."""
        if self._gathered:
            listed = '\n  '.join(why for _, _, why in self._broken())
            runner.logger.warning(
                f'{len(self._gathered)} samples could not be loaded and were '
                f"skipped (on_broken='skip'; also in {FILE_NAME}):\n"
                f'  {listed}'
            )

    def _broken(self) -> list[Broken]:
        return sorted(self._gathered.values())
