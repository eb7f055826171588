"""Checkpoints that load without unpickling objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

from mmremix.engine.checkpoints.safe_loading import drop_code
from mmremix.registry import HOOKS

_HISTORY = '__history_buffer__'


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Save checkpoints of tensors, numbers, strings and containers only.

    mmengine 0.10 stores log histories as pickled objects, which torch 2.6
    and later refuse to load (mmengine issue 1655). This hook turns them into
    tensors on saving and back on resuming, so that resuming and testing work
    in torch's weights-only mode, which never runs code from a file. (What
    mmengine itself would run from a file it loads, it never gets to see: see
    :func:`~mmremix.engine.checkpoints.safe_loading.drop_code`.)

    Example::

        default_hooks = dict(
            plain_checkpoint=dict(type='PlainCheckpointHook'))
    """

    # Last, to see what the other hooks put in; on loading it only touches
    # the histories, which no other hook reads.
    priority = 'LOWEST'

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Make the message hub and the meta information plain."""
        for key in ('message_hub', 'meta'):
            checkpoint[key] = _to_plain(checkpoint[key])

    def after_load_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Rebuild the histories, before mmengine reads them."""
        # Files that did not come through our loader (http, s3, ...), too.
        drop_code(checkpoint)
        hub = checkpoint.get('message_hub')
        if isinstance(hub, dict):
            checkpoint['message_hub'] = _from_plain(hub)


def _to_plain(value: Any) -> Any:
    if isinstance(value, HistoryBuffer):
        log, count = value.data
        return {
            _HISTORY: value.max_length,
            'log': torch.from_numpy(np.array(log, dtype=np.float64)),
            'count': torch.from_numpy(np.array(count, dtype=np.int64)),
        }
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, dict):
        return type(value)((k, _to_plain(v)) for k, v in value.items())
    if type(value) in (list, tuple):
        return type(value)(_to_plain(v) for v in value)
    return value


def _from_plain(value: Any) -> Any:
    if isinstance(value, dict):
        if _HISTORY in value:
            return HistoryBuffer(
                log_history=value['log'].cpu().numpy(),
                count_history=value['count'].cpu().numpy(),
                max_length=value[_HISTORY],
            )
        return type(value)((k, _from_plain(v)) for k, v in value.items())
    return value
