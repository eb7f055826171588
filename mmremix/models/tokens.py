"""What goes into a fusion: a vector a sample, or tokens and their mask."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from mmremix.utils.padded import Padded

Feature = Tensor | Padded
"""Of one modality: a vector ``(B, d)``, or tokens, a ``Padded`` of ``(B, T,
d)`` and the mask ``(B, T)`` of those that are there."""


F = TypeVar('F', Tensor, Padded, Tensor | Padded)


def one_token(vector: Tensor) -> Padded:
    """A vector ``(B, d)`` as one token, which is there."""
    tokens = vector[:, None]
    return Padded(tokens, all_there(tokens))


def all_there(tokens: Tensor) -> Tensor:
    """The mask ``(B, T)`` of tokens ``(B, T, d)`` without padding."""
    return torch.ones_like(tokens[..., 0], dtype=torch.bool)


def on_values(function: Callable[[Tensor], Tensor], feature: F) -> F:
    """Apply a function of single numbers to a vector or to tokens."""
    if isinstance(feature, Padded):
        return Padded(function(feature.values), feature.mask)
    return function(feature)


def leave_out(feature: Feature, keep: Tensor) -> Feature:
    """Leave the modality out of some samples.

    Args:
        feature: Vectors, which become zeros; or tokens, which are not there
            any more.
        keep: Bool ``(B,)``, True for samples that keep it.
    """
    if isinstance(feature, Padded):
        return Padded(feature.values, feature.mask & keep[:, None])
    return torch.where(keep[:, None], feature, 0)


def repeat_first(feature: Feature, batch: int) -> Feature:
    """The feature of the first sample, for a whole batch."""
    if isinstance(feature, Padded):
        return Padded(
            feature.values[:1].expand(batch, -1, -1),
            feature.mask[:1].expand(batch, -1),
        )
    return feature[:1].expand(batch, -1)


def masked_mean(tokens: Padded) -> Tensor:
    """Mean of the tokens that are there, ``(B, d)``; of none, zeros."""
    there = tokens.mask[..., None]
    count = tokens.mask.sum(dim=1, keepdim=True).clamp(min=1)
    total = torch.where(there, tokens.values, 0).sum(dim=1)
    return total / count.to(total.dtype)
