"""Fusion through a few tokens that the modalities share."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmremix.models.attention import AttentionBlock, join, learnt
from mmremix.models.fusion_heads.cross_attention import mean_of_present
from mmremix.models.fusion_heads.tokens import (
    ModalityEmbedding,
    TokenFusionHead,
    check_counts,
    learnt_tokens,
)
from mmremix.registry import MODELS
from mmremix.utils.padded import Padded


@MODELS.register_module()
class BottleneckFusionHead(TokenFusionHead):
    """Modalities exchange what they know through a few bottleneck tokens.

    Each modality u has a class token and, in each of L layers, a block of its
    own; they share Q bottleneck tokens z::

        [x_u, z_u] = block_u([x_u, z])
        z = mean of z_u

    and ``scores = mean_u (W n(x_u[class]) + b)``, both means over the
    modalities that a sample has: the attention bottlenecks of MBT (Nagrani et
    al., NeurIPS 2021, arXiv:2107.00135), behind the encoders. What passes
    between modalities is Q tokens, so the cost is that of self-attention in
    each. Any number of modalities.

    Tokens of an absent modality are not there, and neither are its z_u: the
    means are over the others. Embedding, class token and blocks of the absent
    one get no gradient. Without any token the scores are 0.

    Example::

        fusion = dict(
            type='BottleneckFusionHead', width=128, depth=2, num_tokens=4)

    Args:
        in_channels: See :class:`TokenFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        width: Size of a token in the blocks; a multiple of ``num_heads``.
        depth: L, the number of layers.
        num_tokens: Q.
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
        depth: int = 2,
        num_tokens: int = 4,
        num_heads: int = 4,
        mlp_ratio: float = 2.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(in_channels, num_classes)
        check_counts(type(self).__name__, depth=depth, num_tokens=num_tokens)
        self.embed = ModalityEmbedding(in_channels, width)
        self.class_tokens = nn.ParameterDict(
            {name: learnt_tokens(1, width) for name in in_channels}
        )
        self.bottleneck = learnt_tokens(num_tokens, width)
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
        embedded = self.embed(tokens)
        batch = len(next(iter(tokens.values())))
        x = {
            name: join(learnt(self.class_tokens[name], batch), own)
            for name, own in embedded.items()
        }
        shared = learnt(self.bottleneck, batch)
        count = shared.shape[1]
        for layer in self.layers:
            assert isinstance(layer, nn.ModuleDict)
            told = {}
            for name, own in x.items():
                both = layer[name](join(own, shared))
                x[name] = Padded(both.values[:, :-count], own.mask)
                told[name] = both.values[:, -count:].flatten(1)
            # Where nobody is there, the mean is zeros.
            mean = mean_of_present(embedded, told)
            values = torch.unflatten(mean, 1, (count, -1))
            shared = Padded(values, shared.mask)
        scores = {name: self.fc(own.values[:, 0]) for name, own in x.items()}
        return mean_of_present(embedded, scores)
