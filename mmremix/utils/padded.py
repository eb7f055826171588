"""Sequences of different lengths in one tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Padded:
    """Sequences, and where they are.

    Of one sample, before it is collated, without the ``B``.

    Args:
        values: ``(B, T, ...)``; what is where the mask is False has no
            meaning (:meth:`stack` makes zeros).
        mask: Bool ``(B, T)``, True for a step that is there.
    """

    values: Tensor
    mask: Tensor

    @classmethod
    def whole(cls, values: Tensor) -> Padded:
        """One sample ``(T, ...)``, all of which is there."""
        return cls(values, torch.ones(len(values), dtype=torch.bool))

    @classmethod
    def stack(cls, samples: Sequence[Padded]) -> Padded:
        """A batch, as long as the longest of its samples."""
        pad = torch.nn.utils.rnn.pad_sequence
        return cls(
            pad([sample.values for sample in samples], batch_first=True),
            pad([sample.mask for sample in samples], batch_first=True),
        )

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Any) -> Padded:
        return Padded(self.values[rows], self.mask[rows])

    @property
    def shape(self) -> torch.Size:
        """Of the values."""
        return self.values.shape

    @property
    def device(self) -> torch.device:
        """Of the values."""
        return self.values.device

    @property
    def lengths(self) -> Tensor:
        """Steps that are there, int64 ``(B,)``."""
        return self.mask.sum(dim=-1)

    def dim(self) -> int:
        """Dimensions of the values."""
        return self.values.dim()

    def to(self, *args: Any, **kwargs: Any) -> Padded:
        """To a device, as of a tensor."""
        return Padded(
            self.values.to(*args, **kwargs), self.mask.to(*args, **kwargs)
        )

    def pin_memory(self, *device: Any) -> Padded:
        """Called by torch's loader."""
        return Padded(
            self.values.pin_memory(*device), self.mask.pin_memory(*device)
        )


def zeros_like(value: Tensor | Padded) -> Tensor | Padded:
    """Zeros of the same kind; a sequence keeps its length."""
    if isinstance(value, Padded):
        return Padded(torch.zeros_like(value.values), value.mask)
    return torch.zeros_like(value)
