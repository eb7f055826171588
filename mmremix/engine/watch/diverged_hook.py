"""Stop a run that has diverged, and keep what was good."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from mmengine.dist import all_gather_object, all_reduce, is_distributed
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmremix.engine.unwrap import unwrap
from mmremix.registry import HOOKS
from mmremix.utils.errors import ConfigError, MmremixError

_SAMPLES = 'data_samples'
_NAMES_SHOWN = 8


class DivergedError(MmremixError, FloatingPointError):
    """A loss or weights that are NaN or infinite."""


@HOOKS.register_module()
class DivergedHook(Hook):
    """Stop when the loss or the weights are NaN or infinite.

    Example::

        default_hooks = dict(diverged=dict(type='DivergedHook'))

    What is guaranteed:

    - The first iteration with such a loss is named, with its epoch and the
      clips of its batch. A process that trains alone on a CPU stops right
      there; else the run stops within ``interval`` iterations (at the end of
      the epoch at the latest), on all ranks together. The losses are watched
      on the device; the host waits for it only every ``interval``-th time.
    - No checkpoint is written of weights or buffers that are not finite, so
      the last good one stays, and outdated ones are not removed for it.

    The step itself is not undone: mmengine goes from the loss to the
    optimiser without a hook between. Infinite *gradients* under a gradient
    scaler (fp16) are its own business and no reason to stop.

    Args:
        interval: Iterations from one look at the losses to the next.

    Raises:
        ConfigError: If ``interval`` is not positive.
        DivergedError: While training, if it has diverged.
    """

    # Before the checkpoint is saved.
    priority = 'LOW'

    def __init__(self, interval: int = 20) -> None:
        if interval < 1:
            raise ConfigError(
                f'DivergedHook: interval must be at least 1, got {interval}.'
            )
        self.interval = interval
        self._first: Tensor | None = None
        self._ignored: set[str] = set()
        self._batches: deque[tuple[int, list[Any]]] = deque(maxlen=interval)

    def before_train(self, runner: Runner) -> None:
        """Note buffers that are infinite by design, such as masks."""
        model = unwrap(runner.model)
        self._ignored = set(_not_finite(dict(model.named_buffers())))

    def before_train_epoch(self, runner: Runner) -> None:
        """Start anew."""
        self._first = None
        self._batches.clear()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Watch the loss."""
        loss = (outputs or {}).get('loss')
        if loss is None:
            return
        loss = torch.as_tensor(loss).detach()
        step = torch.where(loss.isfinite().all(), torch.inf, batch_idx)
        # On the device: nobody waits for it here.
        self._first = (
            step if self._first is None else torch.minimum(self._first, step)
        )
        is_dict = isinstance(data_batch, Mapping)
        samples = data_batch.get(_SAMPLES, []) if is_dict else []
        self._batches.append((batch_idx, samples))
        free = loss.device.type == 'cpu' and not is_distributed()
        if free or (batch_idx + 1) % self.interval == 0:
            self._look(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Look at the losses that are left, and at the weights."""
        # All ranks come here, and with the same weights.
        self._look(runner)
        bad = self._bad(unwrap(runner.model).state_dict())
        if bad:
            raise DivergedError(
                f'The weights are NaN or infinite after epoch '
                f'{runner.epoch + 1}: {_listed(bad)}. {_advice(runner)}'
            )

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Let nothing bad be saved, whoever saves."""
        bad = self._bad(checkpoint['state_dict'])
        if bad:
            raise DivergedError(
                'Not saved, because weights are NaN or infinite: '
                f'{_listed(bad)}. {_advice(runner)}'
            )

    def _bad(self, state: dict[str, Any]) -> list[str]:
        return [n for n in _not_finite(state) if n not in self._ignored]

    def _look(self, runner: Runner) -> None:
        if self._first is None:
            return
        first = self._first.clone()
        all_reduce(first, 'min')
        if torch.isinf(first):
            return
        step = int(first)
        samples = dict(self._batches).get(step, [])
        clips = [_clip(sample) for sample in samples]
        if int(self._first) != step:
            # Another rank's batch was the first.
            clips = []
        gathered = [name for part in all_gather_object(clips) for name in part]
        raise DivergedError(
            f'The loss is NaN or infinite in epoch {runner.epoch + 1}, '
            f'iteration {step + 1} of it. The batch: '
            f'{_listed(gathered) or "unknown"}. {_advice(runner)}'
        )


def _clip(sample: Any) -> str:
    meta = sample.metainfo
    return str(meta.get('clip', meta.get('sample_idx', '?')))


def _not_finite(state: dict[str, Any]) -> list[str]:
    """Names of the tensors that are not finite; waits for the device once."""
    floats = {
        name: value
        for name, value in state.items()
        if isinstance(value, Tensor) and value.is_floating_point()
    }
    if not floats:
        return []
    device = next(iter(floats.values())).device
    checks = [value.isfinite().all().to(device) for value in floats.values()]
    finite = torch.stack(checks).tolist()
    return [n for n, ok in zip(floats, finite, strict=True) if not ok]


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - _NAMES_SHOWN
    shown = ', '.join(names[:_NAMES_SHOWN])
    return f'{shown} and {more} more' if more > 0 else shown


def _advice(runner: Runner) -> str:
    hub = runner.message_hub.runtime_info
    last = hub.get('last_ckpt')
    kept = f'The last good checkpoint is {last}. ' if last else ''
    return (
        f'Training has diverged. {kept}Lower the learning rate, or clip '
        'gradients: optim_wrapper=dict(clip_grad=dict(max_norm=1.0))'
    )
