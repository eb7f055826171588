"""Fusion by concatenation."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmremix.models.fusion_heads.base import BaseFusionHead
from mmremix.registry import MODELS


@MODELS.register_module()
class ConcatFusionHead(BaseFusionHead):
    """One linear layer over the concatenated features.

    An absent modality is a zero vector, so its columns of the weight add
    nothing and get a zero gradient: with modality k alone the scores are
    ``W_k z_k + b`` (Eq. 10 of the paper).

    Example::

        fusion = dict(type='ConcatFusionHead')

    Args:
        in_channels: See :class:`BaseFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
    """

    def __init__(
        self, in_channels: Mapping[str, int], num_classes: int
    ) -> None:
        super().__init__(in_channels, num_classes)
        self.fc = nn.Linear(sum(in_channels.values()), num_classes)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        filled = self.fill(features)
        scores: Tensor = self.fc(torch.cat(list(filled.values()), dim=1))
        return scores
