"""Sequences of different lengths in one tensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Padded:
    """Sequences, and where they are.

    Args:
        values: ``(B, T, ...)``; what is where the mask is False has no
            meaning.
        mask: Bool ``(B, T)``, True for a step that is there.
    """

    values: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Any) -> Padded:
        return Padded(self.values[rows], self.mask[rows])

    @property
    def shape(self) -> torch.Size:
        """Of the values."""
        return self.values.shape
