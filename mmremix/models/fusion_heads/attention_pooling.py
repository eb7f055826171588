"""Fusion by attention pooling."""

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
class AttentionPoolingHead(TokenFusionHead):
    """Learnt queries gather what they need from the tokens of all modalities.

    ::

        s' = s + A(n(s), n([E_1(x_1), ..., E_K(x_K)]))
        s'' = s' + MLP(n(s'))
        scores = W n([s''_1, ..., s''_Q]) + b

    with Q learnt queries s and the embeddings E_u: pooling by multi-head
    attention (Lee et al., Set Transformer, ICML 2019, arXiv:1810.00825).
    Linear in the number of tokens. Any number of modalities.

    Tokens of an absent modality are not there: the queries attend to the
    others. Its embedding gets no gradient. Without any token the attention
    adds nothing, and the scores are constants.

    Example::

        fusion = dict(type='AttentionPoolingHead', width=128, num_queries=4)

    Args:
        in_channels: See :class:`TokenFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        width: Size of a query; a multiple of ``num_heads``.
        num_queries: Q.
        num_heads: Heads of the attention.
        mlp_ratio: Hidden width of the perceptron, in widths.
        dropout: Of attention weights and of what is added.

    Raises:
        ConfigError: If the width is no multiple of ``num_heads``, or a
            number is less than 1.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        width: int = 128,
        num_queries: int = 1,
        num_heads: int = 4,
        mlp_ratio: float = 2.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(in_channels, num_classes)
        check_counts(type(self).__name__, num_queries=num_queries)
        self.embed = ModalityEmbedding(in_channels, width)
        self.queries = learnt_tokens(num_queries, width)
        self.block = AttentionBlock(width, num_heads, mlp_ratio, dropout)
        self.fc = nn.Sequential(
            nn.LayerNorm(num_queries * width),
            nn.Linear(num_queries * width, num_classes),
        )

    def fuse(self, tokens: Mapping[str, Padded]) -> Tensor:
        everything = join(*self.embed(tokens).values())
        queries = learnt(self.queries, len(everything))
        pooled: Padded = self.block(queries, everything)
        scores: Tensor = self.fc(pooled.values.flatten(1))
        return scores
