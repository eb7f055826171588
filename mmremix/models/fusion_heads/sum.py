"""Fusion by summation."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from mmremix.models.fusion_heads.base import BaseFusionHead
from mmremix.registry import MODELS


@MODELS.register_module()
class SumFusionHead(BaseFusionHead):
    """One linear layer a modality, their scores summed.

    ``sum_k (W_k z_k + b_k)``, the summation of OGM-GE (Peng et al., CVPR
    2022). Any number of modalities.

    An absent modality is a zero vector through its layer: its weight adds
    nothing and gets a zero gradient, its bias stays. With modality k alone
    the scores are ``W_k z_k`` plus all biases.

    Example::

        fusion = dict(type='SumFusionHead')

    Args:
        in_channels: See :class:`BaseFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
    """

    def __init__(
        self, in_channels: Mapping[str, int], num_classes: int
    ) -> None:
        super().__init__(in_channels, num_classes)
        self.fcs = nn.ModuleDict(
            {
                name: nn.Linear(size, num_classes)
                for name, size in in_channels.items()
            }
        )

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        filled = self.fill(features)
        scores: Tensor = sum(self.fcs[name](z) for name, z in filled.items())
        return scores
