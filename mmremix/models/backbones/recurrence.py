"""Gated recurrent units as a loop that can be exported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Scannable(nn.Module):
    """A module whose forward is a loop while it is exported."""

    as_scan = False


@contextmanager
def scanning(model: nn.Module) -> Iterator[None]:
    """Let recurrent encoders run as loops of any number of steps."""
    found = [m for m in model.modules() if isinstance(m, Scannable)]
    for module in found:
        module.as_scan = True
    try:
        yield
    finally:
        for module in found:
            module.as_scan = False


def scan_gru(gru: nn.GRU, x: Tensor, mask: Tensor) -> Tensor:
    """What ``gru`` gives for sequences of different lengths.

    ``torch.export`` unrolls ``nn.GRU`` for the number of steps of its
    example, and takes no packed sequences. Where the mask is False the state
    stays as it is, so that the backward direction begins at the last step
    that is there.

    Args:
        gru: With ``batch_first``, in evaluation mode.
        x: ``(B, T, C)``.
        mask: Bool ``(B, T)``.

    Returns:
        ``(B, T, channels)``.
    """
    for layer in range(gru.num_layers):
        parts = []
        for ending in ('', '_reverse')[: 1 + gru.bidirectional]:
            parts.append(_direction(gru, f'l{layer}{ending}', x, mask))
        x = torch.cat(parts, dim=-1)
    return x


def _direction(gru: nn.GRU, name: str, x: Tensor, mask: Tensor) -> Tensor:
    from torch._higher_order_ops.scan import scan

    weight, bias = getattr(gru, f'weight_hh_{name}'), None
    given = F.linear(x, getattr(gru, f'weight_ih_{name}'))
    if gru.bias:
        given = given + getattr(gru, f'bias_ih_{name}')
        bias = getattr(gru, f'bias_hh_{name}')
    steps = given.transpose(0, 1)
    there = mask.transpose(0, 1)[..., None]
    backwards = name.endswith('_reverse')
    if backwards:
        steps, there = steps.flip(0), there.flip(0)

    def step(
        state: Tensor, now: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        # Cho et al., EMNLP 2014, as torch.nn.GRU writes it.
        reset_x, update_x, new_x = now[0].chunk(3, dim=-1)
        reset_h, update_h, new_h = F.linear(state, weight, bias).chunk(3, -1)
        update = (update_x + update_h).sigmoid()
        new = (new_x + (reset_x + reset_h).sigmoid() * new_h).tanh()
        after = (1 - update) * new + update * state
        after = torch.where(now[1], after, state)
        return after, after.clone()

    start = x.new_zeros(x.shape[0], gru.hidden_size)
    _, states = scan(step, start, (steps, there))
    if backwards:
        states = states.flip(0)
    outputs: Tensor = states.transpose(0, 1)
    return outputs
