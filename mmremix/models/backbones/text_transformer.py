"""Encoder for text, trained from scratch."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mmremix.models.attention import AttentionBlock
from mmremix.models.backbones.text_embedding import TextEmbedding
from mmremix.registry import MODELS
from mmremix.utils.padded import Padded


@MODELS.register_module()
class TextTransformer(nn.Module):
    """A small transformer encoder over token numbers.

    Learnt vectors (:class:`TextEmbedding`) plus sines of the position,
    pre-norm blocks of self-attention and a layer norm (Vaswani et al.,
    NeurIPS 2017, arXiv:1706.03762). The number 0 is padding, which nothing
    attends to.

    Example::

        encoders = dict(
            sentence=dict(type='TextTransformer', vocabulary=256, width=64))

    Args:
        vocabulary: See :class:`TextEmbedding`.
        width: Size of a token; a multiple of ``num_heads``. Defaults to 64.
        depth: Number of blocks. Defaults to 2.
        num_heads: Heads of the attention. Defaults to 4.
        mlp_ratio: Hidden width of a block's perceptron, in widths.
        dropout: Of attention weights and of what a block adds.

    Raises:
        ConfigError: See :class:`TextEmbedding`; if the width is no multiple
            of ``num_heads``.
    """

    takes_mask = True

    def __init__(
        self,
        vocabulary: int,
        width: int = 64,
        depth: int = 2,
        num_heads: int = 4,
        mlp_ratio: float = 2.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.embed = TextEmbedding(vocabulary, width)
        self.blocks = nn.ModuleList(
            AttentionBlock(width, num_heads, mlp_ratio, dropout)
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.out_channels = width

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Padded:
        """Encode token numbers.

        Args:
            x: ``(B, T)``, whole numbers of any type.
            mask: Bool ``(B, T)``, True where there is a token.

        Returns:
            Of ``(B, T, width)``.
        """
        embedded: Padded = self.embed(x, mask)
        values = embedded.values
        tokens = Padded(values + positions(values), embedded.mask)
        for block in self.blocks:
            tokens = block(tokens)
        return Padded(self.norm(tokens.values), tokens.mask)


def positions(tokens: Tensor) -> Tensor:
    """Sines and cosines of the place of tokens ``(B, T, d)``, ``(T, d)``.

    Entry 2i is ``sin(t / 10000^(2i/d))``, entry 2i + 1 the cosine.
    """
    length, width = tokens.shape[1:]
    place = torch.arange(length, device=tokens.device)[:, None]
    steps = torch.arange(0, width, 2, device=tokens.device)
    angle = place * torch.exp(steps * (-math.log(10000.0) / width))
    both = torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)
    return both[:, :width].to(tokens.dtype)
