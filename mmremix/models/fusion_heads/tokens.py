"""What a fusion of tokens is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmremix.models.fusion_heads.base import BaseFusionHead
from mmremix.models.tokens import one_token
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded


class TokenFusionHead(BaseFusionHead):
    """From the tokens of the active modalities to fused class scores.

    The contract: ``tokens`` holds the active modalities only, with a mask of
    the tokens that are there. A modality whose tokens are all masked, for a
    sample, counts as one that is not in the dict: the scores are the same.
    A head must answer for every non-empty set of modalities, and finitely
    also for a sample without any token.

    An encoder without tokens gives one, its feature vector.

    Args:
        in_channels: See :class:`BaseFusionHead`; also the size of a token.
        num_classes: See :class:`BaseFusionHead`.
    """

    @abstractmethod
    def fuse(self, tokens: Mapping[str, Padded]) -> Tensor:
        """Fuse.

        Args:
            tokens: Of ``(B, T, in_channels[name])`` for each active modality,
                at least one. T may differ.

        Returns:
            Class scores before the softmax, shape ``(B, num_classes)``.
        """

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Fuse vectors, ``(B, in_channels[name])``: one token each."""
        return self.fuse({n: one_token(z) for n, z in features.items()})


class ModalityEmbedding(nn.Module):
    """Brings the tokens of all modalities to one size, and marks whose.

    ``W_u n(x) + b_u``, n a layer norm; b_u is what marks modality u. The
    order of the tokens is the encoder's to mark.

    Args:
        in_channels: Size of the tokens of each modality.
        width: Size of the results.
    """

    def __init__(self, in_channels: Mapping[str, int], width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(
            {
                name: nn.Sequential(nn.LayerNorm(size), nn.Linear(size, width))
                for name, size in in_channels.items()
            }
        )

    def forward(self, tokens: Mapping[str, Padded]) -> dict[str, Padded]:
        """Embed what is there, in the order of the encoders."""
        return {
            name: Padded(layer(tokens[name].values), tokens[name].mask)
            for name, layer in self.layers.items()
            if name in tokens
        }


def check_counts(kind: str, **counts: int) -> None:
    """Refuse numbers of layers or of tokens that are less than 1.

    Raises:
        ConfigError: With the lines to write.
    """
    for name, count in counts.items():
        if count < 1:
            raise ConfigError(
                f'{kind}: {name} must be at least 1, got {count}. Write: '
                f'fusion=dict(type={kind!r}, {name}=1)'
            )


def learnt_tokens(count: int, width: int) -> nn.Parameter:
    """Parameters for tokens that every sample gets, ``(count, width)``."""
    return nn.Parameter(0.02 * torch.randn(count, width))
