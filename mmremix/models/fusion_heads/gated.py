"""Fusion by a gate."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from mmremix.models.fusion_heads.base import BaseFusionHead
from mmremix.models.fusion_heads.film import choose_pair
from mmremix.registry import MODELS


@MODELS.register_module()
class GatedFusionHead(BaseFusionHead):
    """One modality gates the features of the other.

    ``W (sigmoid(U z_a + c) * (V z_v + d)) + b``: gated fusion (Kiela et al.,
    AAAI 2018), as in OGM-GE (Peng et al., CVPR 2022). Two modalities only.

    An absent modality is a zero vector. Without the gating ``z_a``, the gate
    is the constant ``sigmoid(c)`` and the head is a linear classifier of
    ``z_v``; ``U`` gets a zero gradient. Without ``z_v``, what is gated is
    the constant ``d``, and ``V`` gets a zero gradient.

    Example::

        fusion = dict(type='GatedFusionHead', gated='video')

    Args:
        in_channels: See :class:`BaseFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        gated: Name of the modality that is gated; the other one makes the
            gate. Defaults to the first.
        width: Number of gates. Defaults to the feature size of ``gated``.

    Raises:
        ValueError: If there are not two modalities, or ``gated`` is neither.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        gated: str | None = None,
        width: int | None = None,
    ) -> None:
        super().__init__(in_channels, num_classes)
        self.gated, self.gating = choose_pair(
            'GatedFusionHead', tuple(in_channels), gated=gated
        )
        width = in_channels[self.gated] if width is None else width
        self.fc_gate = nn.Linear(in_channels[self.gating], width)
        self.fc_gated = nn.Linear(in_channels[self.gated], width)
        self.fc = nn.Linear(width, num_classes)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        filled = self.fill(features)
        gate = self.fc_gate(filled[self.gating]).sigmoid()
        scores: Tensor = self.fc(gate * self.fc_gated(filled[self.gated]))
        return scores
