"""Attention over tokens some of which may not be there."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmremix.models.tokens import all_there
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded


class Attention(nn.Module):
    """Multi-head scaled dot-product attention that may find nothing.

    ``softmax(Q K^T / sqrt(d)) V`` over the keys that are there (Vaswani et
    al., NeurIPS 2017). Where none is, the result is zeros: torch's modules
    give NaN for that in some versions, and the bias of the last layer in
    others.

    Args:
        width: Size of queries, keys and results.
        num_heads: Of the attention; divides the width.
        dropout: Of the attention weights.

    Raises:
        ConfigError: If the width is no multiple of ``num_heads``.
    """

    def __init__(
        self, width: int, num_heads: int = 4, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if num_heads < 1 or width % num_heads:
            raise ConfigError(
                f'Attention: width={width} is no multiple of '
                f'num_heads={num_heads}. Write: width={4 * (width // 4 or 1)}'
                ', num_heads=4'
            )
        self.num_heads = num_heads
        self.dropout = dropout
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, queries: Tensor, keys: Padded) -> Tensor:
        """Attend.

        Args:
            queries: ``(B, Q, width)``.
            keys: Of ``(B, T, width)``.

        Returns:
            ``(B, Q, width)``.
        """
        split = (self.num_heads, -1)
        q = self.query(queries).unflatten(-1, split).transpose(1, 2)
        k, v = (
            part.unflatten(-1, split).transpose(1, 2)
            for part in self.key_value(keys.values).chunk(2, dim=-1)
        )
        found = keys.mask.any(dim=1)
        # A row of the softmax over nothing would be NaN.
        seen = keys.mask | ~found[:, None]
        mixed = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=seen[:, None, None],
            dropout_p=self.dropout if self.training else 0.0,
        )
        mixed = self.out(mixed.transpose(1, 2).flatten(2))
        return torch.where(found[:, None, None], mixed, 0)


class AttentionBlock(nn.Module):
    """Attention and a perceptron, each behind a layer norm and added.

    ``x + A(n(x), n(c))``, then ``x + W_2 gelu(W_1 n(x))``: the pre-norm block
    of a transformer (Xiong et al., ICML 2020). Of its own tokens, c = x, or
    of others.

    Args:
        width: Size of a token.
        num_heads: See :class:`Attention`.
        mlp_ratio: Width of the hidden layer, in widths of a token.
        dropout: Of the attention weights and of what is added.
    """

    def __init__(
        self,
        width: int,
        num_heads: int = 4,
        mlp_ratio: float = 2.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        hidden = max(1, round(mlp_ratio * width))
        self.norm = nn.LayerNorm(width)
        self.attention = Attention(width, num_heads, dropout)
        self.drop = nn.Dropout(dropout)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Linear(hidden, width),
            nn.Dropout(dropout),
        )

    def forward(self, tokens: Padded, context: Padded | None = None) -> Padded:
        """Update tokens.

        Args:
            tokens: Of ``(B, T, width)``.
            context: What they attend to; by default themselves.

        Returns:
            The new tokens, under the same mask.
        """
        x = tokens.values
        queries = self.norm(x)
        source = tokens if context is None else context
        keys = queries if context is None else self.norm(context.values)
        x = x + self.drop(self.attention(queries, Padded(keys, source.mask)))
        return Padded(x + self.mlp(x), tokens.mask)


def join(*parts: Padded) -> Padded:
    """Tokens one after the other, ``(B, T_1 + T_2 + ..., d)``."""
    return Padded(
        torch.cat([part.values for part in parts], dim=1),
        torch.cat([part.mask for part in parts], dim=1),
    )


def learnt(tokens: Tensor, batch: int) -> Padded:
    """Learnt tokens ``(T, d)`` for each of B samples."""
    values = tokens.expand(batch, -1, -1)
    return Padded(values, all_there(values))
