"""Fusion by a tensor of low rank."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmremix.models.fusion_heads.base import BaseFusionHead
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError


@MODELS.register_module()
class LowRankFusionHead(BaseFusionHead):
    """Products of linear maps of the modalities, summed over a rank.

    ``sum_r a_r (W_1^r [z_1; 1] * ... * W_K^r [z_K; 1]) + b``, * entry by
    entry: low-rank multimodal fusion (Liu et al., ACL 2018,
    arXiv:1806.00064), the tensor classifier of :class:`TensorFusionHead` with
    weights of rank R, at a cost that is linear in the number of modalities.

    An absent modality is a zero vector: its factor is the constant
    ``W_u^r [0; 1]``, which starts at 1, so that the others pass. The rest of
    its ``W_u`` gets a zero gradient.

    Example::

        fusion = dict(type='LowRankFusionHead', rank=4)

    Args:
        in_channels: See :class:`BaseFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        rank: R.

    Raises:
        ConfigError: If the rank is less than 1.
    """

    def __init__(
        self, in_channels: Mapping[str, int], num_classes: int, rank: int = 4
    ) -> None:
        super().__init__(in_channels, num_classes)
        if rank < 1:
            raise ConfigError(
                f'LowRankFusionHead: rank must be at least 1, got {rank}. '
                "Write: dict(type='LowRankFusionHead', rank=4)"
            )
        self.factors = nn.ModuleDict(
            {
                name: nn.Linear(size, rank * num_classes)
                for name, size in in_channels.items()
            }
        )
        for factor in self.factors.values():
            assert isinstance(factor, nn.Linear)
            nn.init.ones_(factor.bias)
        self.ranks = nn.Parameter(torch.randn(rank) / rank**0.5)
        self.bias = nn.Parameter(torch.zeros(num_classes))

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        filled = self.fill(features)
        product: Tensor | None = None
        for name, factor in self.factors.items():
            part = factor(filled[name])
            product = part if product is None else product * part
        assert product is not None
        parts = torch.unflatten(product, 1, (len(self.ranks), -1))
        return (self.ranks[:, None] * parts).sum(dim=1) + self.bias
