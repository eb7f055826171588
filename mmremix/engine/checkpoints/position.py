"""Where in an epoch a run is, and how its batches are made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from mmengine.dist import (
    all_gather_object,
    get_rank,
    get_world_size,
    is_distributed,
)
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import Tensor

from mmremix.engine.checkpoints.train_loop import goes_on_within
from mmremix.engine.unwrap import unwrap

KEY = 'position'
"""Key in a checkpoint."""


@dataclass
class Position:
    """How far an epoch has come, and how its batches are made.

    Attributes:
        done: Batches of the epoch that are done; 0 between two epochs.
        world_size: Ranks.
        batch_size: Samples a rank and batch, ``None`` if not known.
        accumulation: Batches an optimiser step.
        buffers: The model's buffers that differ between the ranks, such as
            batch-norm statistics within an epoch, for each rank by name.
    """

    done: int
    world_size: int
    batch_size: int | None
    accumulation: int
    buffers: list[dict[str, Tensor]]

    @classmethod
    def of(cls, runner: Runner, done: int) -> Position:
        """Look at a run; collective if ``done`` is not 0."""
        wrapper = runner.optim_wrapper
        return cls(
            done,
            get_world_size(),
            getattr(runner.train_dataloader.batch_sampler, 'batch_size', None),
            getattr(wrapper, '_accumulative_counts', 1),
            _differing_buffers(unwrap(runner.model)) if done else [],
        )

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> Position:
        """Rebuild from a checkpoint."""
        return cls(**{field.name: state[field.name] for field in fields(cls)})

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors, numbers, lists and dicts."""
        return asdict(self)

    @property
    def global_batch(self) -> int:
        """Samples of all ranks in an optimiser step."""
        return self.world_size * (self.batch_size or 1) * self.accumulation

    def same_batches(self, other: Position) -> bool:
        """Whether the batches of all ranks together are the same."""
        return (self.global_batch, self.accumulation) == (
            other.global_batch,
            other.accumulation,
        )

    def __str__(self) -> str:
        parts = [f'{self.world_size} rank(s) x batch_size={self.batch_size}']
        if self.accumulation > 1:
            parts.append(f'accumulative_counts={self.accumulation}')
        return f'{" x ".join(parts)} = {self.global_batch} samples a step'


def go_on(runner: Runner, checkpoint: dict[str, Any]) -> None:
    """Let a run that is resumed begin where the checkpoint was written.

    What changes with the number of ranks or the batch size is said in the
    log.

    Args:
        runner: Before the weights are loaded, with ``resume=True``.
        checkpoint: Gets this rank's buffers into its ``state_dict``.
    """
    if KEY not in checkpoint:
        return
    stored = Position.from_state_dict(checkpoint[KEY])
    now = Position.of(runner, 0)
    same, warning = stored.same_batches(now), runner.logger.warning
    if not same:
        warning(
            f'The run that is resumed had {stored}; this one has {now}. From '
            'here on it trains with other batches, epochs have another number '
            'of steps, and the learning rate may have to follow. For the same '
            'batches, write: ' + _lines(stored)
        )
    elif stored.world_size != now.world_size:
        runner.logger.info(
            f'The run that is resumed had {stored}; this one has {now}: the '
            'same samples in the same steps, summed in another order.'
        )
    epochs = isinstance(runner.train_loop, EpochBasedTrainLoop)
    if not (stored.done and epochs):
        return
    if not (same and goes_on_within(runner)):
        reason = (
            'with other batches'
            if goes_on_within(runner)
            else 'without RemixSampler and the loop of mmremix.apis'
        )
        warning(
            f'The checkpoint was written after {stored.done} batches of epoch '
            f'{checkpoint["meta"]["epoch"] + 1}. {reason.capitalize()} that '
            'epoch cannot go on there: it begins anew, and the samples of '
            'these batches come twice.'
        )
    else:
        runner.train_loop.done = stored.done
        runner.logger.info(
            f'Going on after {stored.done} batches of epoch '
            f'{checkpoint["meta"]["epoch"] + 1}.'
        )
    if stored.buffers:
        own = _own_buffers(stored.buffers)
        checkpoint['state_dict'].update(own)


def _lines(wanted: Position) -> str:
    """Config lines for the same batches as another run, if there are any."""
    batch, rest = divmod(
        wanted.world_size * (wanted.batch_size or 1), get_world_size()
    )
    if rest or not batch:
        return f'as many ranks as it had, {wanted.world_size}'
    lines = f'train_dataloader=dict(batch_size={batch})'
    counts = wanted.accumulation
    return (
        f'{lines}, optim_wrapper=dict(accumulative_counts={counts}), '
        f'train_dataloader=dict(batch_sampler=dict(accumulation={counts}))'
        if counts > 1
        else lines
    )


def _differing_buffers(model: torch.nn.Module) -> list[dict[str, Tensor]]:
    """Of each rank, those buffers in which any two ranks differ."""
    if not is_distributed():
        return []
    saved = model.state_dict()
    mine = {
        name: buffer.detach().cpu()
        for name, buffer in model.named_buffers()
        if name in saved
    }
    # Digests first: some methods have buffers as large as the model.
    digests = all_gather_object({n: _digest(b) for n, b in mine.items()})
    names = [n for n in mine if len({each[n] for each in digests}) > 1]
    found: list[dict[str, Tensor]] = all_gather_object(
        {name: mine[name] for name in names}
    )
    return found if names else []


def _digest(buffer: Tensor) -> str:
    data = buffer.contiguous().reshape(-1).view(torch.uint8).numpy()
    return hashlib.sha256(data.tobytes()).hexdigest()


def _own_buffers(
    buffers: list[dict[str, Tensor]],
) -> dict[str, Tensor]:
    """This rank's, or for another number of ranks their mean."""
    if len(buffers) == get_world_size():
        own: dict[str, Tensor] = buffers[get_rank()]
        return own
    return {name: _mean(each[name] for each in buffers) for name in buffers[0]}


def _mean(values: Iterable[Tensor]) -> Tensor:
    # As SyncBuffersHook does it at the end of the epoch.
    stacked = torch.stack(list(values))
    if not stacked.is_floating_point():
        return stacked[0]
    return stacked.mean(dim=0)
