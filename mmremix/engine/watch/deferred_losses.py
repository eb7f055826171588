"""Losses that stay on the device until they are logged, and their log.

The hook notes which steps have a loss; the log processor leaves out what no
step has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.runner import LogProcessor, Runner
from torch import Tensor

from mmremix.registry import HOOKS, LOG_PROCESSORS


@HOOKS.register_module()
class DeferredInfoHook(RuntimeInfoHook):
    """mmengine's ``RuntimeInfoHook``, reading the losses when they are logged.

    mmengine reads every loss at every step, and each reading makes the
    process wait for the GPU. Here the losses of the steps between two lines
    of the log come over in one go, and the log is the same. A loss that a
    step does not have (the modality is masked) is noted as absent, so that
    :class:`~mmremix.engine.ActiveLogProcessor` does not show an old one. What
    a method records (``<method>/<name>``) is in the log if a step since the
    last line recorded it, as it was last.

    Example::

        default_hooks = dict(runtime_info=dict(type='DeferredInfoHook'))
    """

    def __init__(self) -> None:
        self._steps: list[dict[str, Tensor]] = []
        self._names: dict[str, None] = {}
        # By any step since the last line of the log.
        self._recorded: set[str] = set()
        self._interval = 1

    def before_train(self, runner: Runner) -> None:
        """Learn when the log is written."""
        super().before_train(runner)
        intervals = [
            h.interval for h in runner.hooks if isinstance(h, LoggerHook)
        ]
        self._interval = min(intervals, default=1)
        self._steps = []
        self._recorded = set()
        prefix = 'train/'
        self._names = {
            name.removeprefix(prefix): None
            for name in runner.message_hub.log_scalars
            if name.startswith(f'{prefix}loss')
        }

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Note the losses of a step; read them if the log is due."""
        step = {
            name: torch.as_tensor(value).detach()
            for name, value in (outputs or {}).items()
        }
        self._steps.append(step)
        if self.every_n_inner_iters(
            batch_idx, self._interval
        ) or self.end_of_epoch(runner.train_dataloader, batch_idx):
            self._read(runner)
            self._forget(runner)

    def before_save_within_epoch(self, runner: Runner) -> None:
        """Read what is noted: the log so far is in the checkpoint."""
        self._read(runner)

    def _read(self, runner: Runner) -> None:
        noted = [value for step in self._steps for value in step.values()]
        # Most are on the GPU already; one copy brings all of them here.
        devices = {value.device.type: value.device for value in noted}
        devices.pop('cpu', None)
        device = next(iter(devices.values()), torch.device('cpu'))
        values = iter(
            torch.stack(
                [v.float().reshape(()).to(device) for v in noted]
            ).tolist()
            if noted
            else []
        )
        for step in self._steps:
            self._names.update(dict.fromkeys(step))
            self._recorded.update(step)
            present = {name: next(values) for name in step}
            for name in self._names:
                # Other values are shown as they were last, not as means.
                if name in present or name.startswith('loss'):
                    runner.message_hub.update_scalar(
                        f'train/{name}',
                        present.get(name, 0.0),
                        count=int(name in present),
                    )
        self._steps = []

    def _forget(self, runner: Runner) -> None:
        """Take from the log what methods no longer record.

        mmengine would repeat its last value for ever.
        """
        recorded, self._recorded = self._recorded, set()
        scalars = runner.message_hub.log_scalars
        for key in list(scalars):
            place, _, name = key.partition('/')
            # Of losses, the absent steps are noted.
            if place != 'train' or '/' not in name or name in recorded:
                continue
            if not name.startswith('loss'):
                del scalars[key]


@LOG_PROCESSORS.register_module()
class ActiveLogProcessor(LogProcessor):
    """mmengine's ``LogProcessor``, silent about what did not happen.

    A mean is over the steps of the window that have the loss
    (:class:`~mmremix.engine.DeferredInfoHook` notes which have). One that no
    step of the window has is left out of the line and of the backends;
    mmengine would repeat its last value for ever.

    Example::

        log_processor = dict(type='ActiveLogProcessor', window_size=20)

    Args:
        kwargs: Those of mmengine's ``LogProcessor``.
    """

    def _collect_scalars(
        self,
        custom_cfg: list[dict[str, Any]],
        runner: Runner,
        mode: str,
        reserve_prefix: bool = False,
    ) -> dict[str, Any]:
        with np.errstate(invalid='ignore'):
            tag: dict[str, Any] = super()._collect_scalars(
                custom_cfg, runner, mode, reserve_prefix
            )
        scalars = runner.message_hub.log_scalars
        for name in list(tag):
            buffer = scalars.get(name if reserve_prefix else f'{mode}/{name}')
            if buffer is None:
                continue
            counts = buffer.data[1][-self.window_size :]
            if len(counts) and not counts.any():
                del tag[name]
        return tag
