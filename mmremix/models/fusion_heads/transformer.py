"""Fusion by a transformer over the tokens of all modalities."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from mmremix.models.attention import AttentionBlock, join, learnt
from mmremix.models.fusion_heads.tokens import (
    ModalityEmbedding,
    TokenFusionHead,
    check_counts,
    learnt_tokens,
)
from mmremix.registry import MODELS
from mmremix.utils.padded import Padded


@MODELS.register_module()
class TransformerFusionHead(TokenFusionHead):
    """A transformer over all tokens, behind the encoders.

    ::

        x = [c, E_1(x_1), ..., E_K(x_K)]
        x = block_L(... block_1(x))
        scores = W n(x_0) + b

    with E_u the embedding of modality u, c a learnt class token and pre-norm
    blocks of self-attention: the encoder of Vaswani et al., NeurIPS 2017
    (arXiv:1706.03762), read out as in ViT (Dosovitskiy et al., ICLR 2021),
    over several modalities as in VisualBERT and its kin. Any number of
    modalities.

    Tokens of an absent modality are not there: no token attends to them. Its
    embedding gets no gradient. Without any token the scores are those of the
    class token alone, constants.

    Example::

        fusion = dict(
            type='TransformerFusionHead', width=128, depth=2, num_heads=4)

    Args:
        in_channels: See :class:`TokenFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        width: Size of a token in the blocks; a multiple of ``num_heads``.
        depth: L, the number of blocks.
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
        num_heads: int = 4,
        mlp_ratio: float = 2.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(in_channels, num_classes)
        check_counts(type(self).__name__, depth=depth)
        self.embed = ModalityEmbedding(in_channels, width)
        self.class_token = learnt_tokens(1, width)
        self.blocks = nn.ModuleList(
            AttentionBlock(width, num_heads, mlp_ratio, dropout)
            for _ in range(depth)
        )
        self.fc = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, num_classes)
        )

    def fuse(self, tokens: Mapping[str, Padded]) -> Tensor:
        embedded = self.embed(tokens)
        batch = len(next(iter(tokens.values())))
        x = join(learnt(self.class_token, batch), *embedded.values())
        for block in self.blocks:
            x = block(x)
        scores: Tensor = self.fc(x.values[:, 0])
        return scores
