"""Fusion by attention across modalities."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmremix.models.attention import AttentionBlock, join
from mmremix.models.fusion_heads.tokens import (
    ModalityEmbedding,
    TokenFusionHead,
    check_counts,
)
from mmremix.models.tokens import masked_mean
from mmremix.registry import MODELS
from mmremix.utils.padded import Padded


@MODELS.register_module()
class CrossAttentionFusionHead(TokenFusionHead):
    """The tokens of each modality attend to those of all others.

    For each modality u, L times::

        y_u = x_u + A_u(n(x_u), n([x_v for v != u]))
        x_u = y_u + MLP_u(n(y_u))

    from its embedded tokens on; then, over the modalities that a sample has,
    ``scores = W n(mean_u mean_t x_u) + b``. Cross-modal attention as in the
    Multimodal Transformer (Tsai et al., ACL 2019, arXiv:1906.00295), where
    each ordered pair has blocks of its own, the others' tokens stay those of
    the first layer and the results are concatenated; here u asks all others
    at once, so that any set of them will do. Any number of modalities.

    Tokens of an absent modality are not there: nobody attends to them, and
    it is left out of the mean. Embedding and blocks of the absent one get no
    gradient. One modality alone attends to nothing: its attention adds
    zeros. Without any token the mean is zeros, and the scores are constants.

    Example::

        fusion = dict(type='CrossAttentionFusionHead', width=128, depth=1)

    Args:
        in_channels: See :class:`TokenFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        width: Size of a token in the blocks; a multiple of ``num_heads``.
        depth: L, the number of blocks of each modality.
        num_heads: Heads of the attention.
        mlp_ratio: Hidden width of a block's perceptron, in widths.
        dropout: Of attention weights and of what a block adds.

    Raises:
        ConfigError: If the width is no multiple of ``num_heads``, or a
            number is less than 1.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        width: int = 128,
        depth: int = 1,
        num_heads: int = 4,
        mlp_ratio: float = 2.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(in_channels, num_classes)
        check_counts(type(self).__name__, depth=depth)
        self.embed = ModalityEmbedding(in_channels, width)
        self.layers = nn.ModuleList(
            nn.ModuleDict(
                {
                    name: AttentionBlock(width, num_heads, mlp_ratio, dropout)
                    for name in in_channels
                }
            )
            for _ in range(depth)
        )
        self.fc = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, num_classes)
        )

    def fuse(self, tokens: Mapping[str, Padded]) -> Tensor:
        x = self.embed(tokens)
        for layer in self.layers:
            assert isinstance(layer, nn.ModuleDict)
            x = {name: layer[name](x[name], _others(x, name)) for name in x}
        scores: Tensor = self.fc(mean_of_present(x, masked_means(x)))
        return scores


def masked_means(x: Mapping[str, Padded]) -> dict[str, Tensor]:
    """Mean of each modality's tokens, ``(B, d)``; of none, zeros."""
    return {name: masked_mean(tokens) for name, tokens in x.items()}


def mean_of_present(
    x: Mapping[str, Padded], vectors: Mapping[str, Tensor]
) -> Tensor:
    """Mean of vectors over the modalities that a sample has tokens of.

    Args:
        x: Tokens of each modality.
        vectors: ``(B, d)`` of the same modalities.

    Returns:
        ``(B, d)``; zeros for a sample without tokens.
    """
    there = torch.stack([x[name].mask.any(dim=1) for name in vectors])
    stacked = torch.stack([*vectors.values()])
    count = there.sum(dim=0).clamp(min=1).to(stacked.dtype)
    total = torch.where(there[..., None], stacked, 0).sum(dim=0)
    return total / count[:, None]


def _others(x: Mapping[str, Padded], name: str) -> Padded:
    others = [tokens for other, tokens in x.items() if other != name]
    if others:
        return join(*others)
    # Nothing to attend to: one token that is not there.
    own = x[name]
    return Padded(own.values[:, :1], torch.zeros_like(own.mask[:, :1]))
