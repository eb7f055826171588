"""Log lines without losses of absent modalities."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.runner import LogProcessor, Runner

from mmremix.registry import LOG_PROCESSORS


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
            tag = super()._collect_scalars(
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
