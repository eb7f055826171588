"""Fusion by the outer product of all modalities."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmremix.models.fusion_heads.base import BaseFusionHead
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError

LARGEST = 2**16


@MODELS.register_module()
class TensorFusionHead(BaseFusionHead):
    """A linear classifier of the products of all modalities' features.

    ``W vec([p_1; 1] x ... x [p_K; 1]) + b`` with ``p_u = P_u z_u`` and x the
    outer product: the tensor fusion network (Zadeh et al., EMNLP 2017,
    arXiv:1707.07250), on features that are first made narrow. The tensor has
    ``(width + 1)^K`` entries; for more than three modalities take
    :class:`LowRankFusionHead`.

    An absent modality is a zero vector: its factor is ``[0; 1]``, and what
    is left is the tensor of the others. Its ``P_u`` gets a zero gradient.

    Example::

        fusion = dict(type='TensorFusionHead', width=16)

    Args:
        in_channels: See :class:`BaseFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        width: Size of each ``p_u``.

    Raises:
        ConfigError: If the tensor would have more than 65536 entries.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        width: int = 16,
    ) -> None:
        super().__init__(in_channels, num_classes)
        count = len(in_channels)
        entries = (width + 1) ** count
        if width < 1 or entries > LARGEST:
            raise ConfigError(
                f'TensorFusionHead: width={width} and {count} modalities make '
                f'a tensor of {entries} entries; there may be {LARGEST}, and '
                'the width is at least 1. Write a width of at most '
                f'{int(LARGEST ** (1 / count)) - 1}, or '
                "fusion=dict(_delete_=True, type='LowRankFusionHead')"
            )
        self.projections = nn.ModuleDict(
            {
                # Without a bias: zeros stay zeros.
                name: nn.Linear(size, width, bias=False)
                for name, size in in_channels.items()
            }
        )
        self.fc = nn.Linear(entries, num_classes)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        filled = self.fill(features)
        product = next(iter(filled.values())).new_ones(1, 1)
        for name, project in self.projections.items():
            factor = project(filled[name])
            factor = torch.cat([factor, torch.ones_like(factor[:, :1])], dim=1)
            product = (product[:, :, None] * factor[:, None]).flatten(1)
        scores: Tensor = self.fc(product)
        return scores
