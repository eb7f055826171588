"""Fusion of decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from mmremix.models.fusion_heads.base import BaseFusionHead
from mmremix.registry import MODELS


@MODELS.register_module()
class DecisionFusionHead(BaseFusionHead):
    """One linear classifier a modality, their scores averaged.

    ``sum_k w_k (W_k z_k + b_k)`` with weights that sum to 1; scores are
    averaged before the softmax. The classifiers are the head's own, beside
    the recognizer's unimodal heads. Any number of modalities.

    Example::

        fusion = dict(type='DecisionFusionHead')
        fusion = dict(
            type='DecisionFusionHead',
            weights=dict(video=0.3, audio=0.7),
            absent='skip')

    Args:
        in_channels: See :class:`BaseFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        weights: ``'mean'`` for equal ones; ``'learned'`` for one a modality,
            learnt, the softmax of parameters that start at 0; or a positive
            number for each modality, divided by their sum.
        absent: What an absent modality is. ``'zero'``: a zero vector, so
            that its weight matrix gets a zero gradient and ``w_k b_k`` is
            left of it. ``'skip'``: left out, the weights of the active ones
            divided by their sum; its parameters get no gradient.

    Raises:
        ValueError: On other ``weights`` or ``absent``.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        weights: Literal['mean', 'learned'] | Mapping[str, float] = 'mean',
        absent: Literal['zero', 'skip'] = 'zero',
    ) -> None:
        super().__init__(in_channels, num_classes)
        if absent not in ('zero', 'skip'):
            raise ValueError(
                "DecisionFusionHead: absent must be 'zero' or 'skip', got "
                f'{absent!r}.'
            )
        self.absent = absent
        self.fcs = nn.ModuleDict(
            {
                name: nn.Linear(size, num_classes)
                for name, size in in_channels.items()
            }
        )
        self.weights = None
        if weights == 'learned':
            self.weight_logits = nn.ParameterDict(
                {name: nn.Parameter(torch.zeros(())) for name in in_channels}
            )
        else:
            self.weights = fixed_weights(
                'DecisionFusionHead',
                weights,
                tuple(in_channels),
                ('mean', 'learned'),
            )

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        if self.absent == 'zero':
            features = self.fill(features)
        active = [name for name in self.in_channels if name in features]
        scores: Tensor = sum(
            share * self.fcs[name](features[name])
            for name, share in zip(active, self._shares(active), strict=True)
        )
        return scores

    def _shares(self, active: list[str]) -> Iterable[float | Tensor]:
        """Weights of the active modalities, summing to 1."""
        if self.weights is None:
            logits = [self.weight_logits[name] for name in active]
            return torch.stack(logits).softmax(dim=0)
        total = sum(self.weights[name] for name in active)
        return [self.weights[name] / total for name in active]


def fixed_weights(
    head: str,
    weights: str | Mapping[str, float],
    names: tuple[str, ...],
    words: tuple[str, ...],
) -> dict[str, float]:
    """Weights of a fusion head that are not learnt, as numbers.

    Args:
        head: Its name, for the message.
        weights: ``'mean'``, or a number for each modality.
        names: Of the modalities.
        words: What else ``weights`` may be, for the message.

    Raises:
        ValueError: If ``weights`` are no such.
    """
    if weights == 'mean':
        return dict.fromkeys(names, 1.0)
    if (
        not isinstance(weights, Mapping)
        or set(weights) != set(names)
        or not all(_is_positive(weight) for weight in weights.values())
    ):
        example = ', '.join(f'{name}=1.0' for name in names)
        raise ValueError(
            f'{head}: weights must be {", ".join(map(repr, words))} or a '
            f'positive number for each of {names}, got {weights!r}. Write: '
            f'weights=dict({example})'
        )
    return {name: float(weights[name]) for name in names}


def _is_positive(weight: object) -> bool:
    return isinstance(weight, int | float) and 0 < weight < float('inf')
