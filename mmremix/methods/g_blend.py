"""Gradient-Blend: loss weights from how each head overfits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mmremix.utils.names import FUSION


class HeadLosses(NamedTuple):
    """Mean cross entropies of one head, trained by itself.

    Attributes:
        train_before: On the samples that it trains on, at the start.
        train_after: The same, at the end of the super-epoch.
        held_before: On samples that it does not train on, at the start.
        held_after: The same, at the end.
    """

    train_before: float
    train_after: float
    held_before: float
    held_after: float

    @property
    def generalization(self) -> float:
        """G: how much the held-out loss fell; negative if it rose."""
        return self.held_before - self.held_after

    @property
    def overfitting(self) -> float:
        """O: how much the gap, held-out minus train, grew."""
        before = self.held_before - self.train_before
        return (self.held_after - self.train_after) - before


def blend_weights(
    losses: Mapping[str, HeadLosses], least: float = 1e-3
) -> dict[str, float]:
    """Loss weights of Gradient-Blend, which sum up to 1.

    ``w_k`` is proportional to ``G_k / O_k ** 2`` (Wang, Tran and Feiszli,
    CVPR 2020, arXiv:1905.12681, Proposition 1). A head whose held-out loss
    rose gets 0.

    Args:
        losses: Of each head, ``fusion`` and the modalities.
        least: ``|O|`` counts as at least this, in nats: for a head that did
            not overfit at all, O of 0, the formula has no value.

    Returns:
        A weight for each head.

    Raises:
        ValueError: If no head generalised, or a loss is not finite.
    """
    raw: dict[str, float] = {}
    for name, head in losses.items():
        if any(x != x or abs(x) == float('inf') for x in head):
            raise ValueError(
                f'G-Blend: a loss of {name!r} is not finite: {head}. Train '
                'with a lower learning rate: --cfg-options '
                'optim_wrapper.optimizer.lr=1e-4'
            )
        overfitting = max(abs(head.overfitting), least)
        raw[name] = max(head.generalization, 0.0) / overfitting**2
    total = sum(raw.values())
    if total <= 0:
        raise ValueError(
            'G-Blend: the held-out loss of no head fell '
            f'({ {n: round(h.generalization, 4) for n, h in losses.items()} }'
            '), so there is nothing to weigh. Train for fewer epochs: '
            '--epochs 5'
        )
    return {name: value / total for name, value in raw.items()}


def config_line(weights: Mapping[str, float]) -> str:
    """The line that puts weights into a config."""
    ordered = [FUSION, *(name for name in weights if name != FUSION)]
    inner = ', '.join(f'{name}={weights[name]:.4f}' for name in ordered)
    return f'model = dict(loss_weights=dict(all_active=dict({inner})))'
