"""Fusion of what one classifier says of each modality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from mmremix.models.fusion_heads.base import BaseFusionHead
from mmremix.models.fusion_heads.decision import fixed_weights
from mmremix.registry import MODELS


@MODELS.register_module()
class SharedHeadFusion(BaseFusionHead):
    """One linear classifier for all modalities, their scores averaged.

    ``sum_k w_k (W z_k + b)`` with weights that sum to 1: the head of MLA
    (Zhang et al., CVPR 2024, arXiv:2311.10707). Features smaller than the
    largest one are first brought to its size, each modality's by a linear
    layer of its own (the paper's encoders agree in size). Any number of
    modalities; an absent one is left out, and the weights of the others are
    divided by their sum.

    With ``unimodal='fusion'`` it is also each modality's own classifier::

        model = dict(
            fusion=dict(type='SharedHeadFusion', weights='entropy'),
            unimodal='fusion')

    Args:
        in_channels: See :class:`BaseFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        weights: ``'mean'`` for equal ones; a positive number for each
            modality; or ``'entropy'``, for each sample the softmax over the
            modalities of ``-H_k``, the negative entropy (in nats) of what
            the classifier makes of ``z_k``; these pass no gradient.

    Raises:
        ValueError: On other ``weights``.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        weights: Literal['mean', 'entropy'] | Mapping[str, float] = 'mean',
    ) -> None:
        super().__init__(in_channels, num_classes)
        size = max(in_channels.values())
        self.fit = nn.ModuleDict(
            {n: nn.Linear(z, size) for n, z in in_channels.items() if z < size}
        )
        self.fc = nn.Linear(size, num_classes)
        self.weights = None
        if weights != 'entropy':
            self.weights = fixed_weights(
                'SharedHeadFusion',
                weights,
                tuple(in_channels),
                ('mean', 'entropy'),
            )

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        active = [name for name in self.in_channels if name in features]
        scores = torch.stack(
            [self.fc(self.fitted(name, features[name])) for name in active]
        )
        if len(active) == 1:
            return scores[0]
        return (self._shares(active, scores) * scores).sum(dim=0)

    def fitted(self, name: str, feature: Tensor) -> Tensor:
        """What the classifier gets of a modality's feature.

        Args:
            name: Of the modality.
            feature: ``(B, in_channels[name])``.

        Returns:
            ``(B, max(in_channels.values()))``.
        """
        if name not in self.fit:
            return feature
        fitted: Tensor = self.fit[name](feature)
        return fitted

    def _shares(self, active: list[str], scores: Tensor) -> Tensor:
        """Weights ``(K, 1 or B, 1)`` that sum to 1 over the modalities."""
        if self.weights is not None:
            fixed = scores.new_tensor([self.weights[n] for n in active])
            return (fixed / fixed.sum())[:, None, None]
        return entropy_weights(scores.detach()).to(scores.dtype)


def entropy_weights(scores: Tensor) -> Tensor:
    """Softmax over the modalities of their negative entropies.

    Args:
        scores: Before the softmax, ``(K, B, M)``.

    Returns:
        ``(K, B, 1)``, float32.
    """
    log_p = scores.float().log_softmax(dim=2)
    negative = (log_p.exp() * log_p).sum(dim=2, keepdim=True)
    return negative.softmax(dim=0)
