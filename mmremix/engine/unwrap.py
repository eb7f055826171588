"""The model under its distributed wrapper."""

from __future__ import annotations

from mmengine.model import is_model_wrapper
from torch import nn


def unwrap(model: nn.Module) -> nn.Module:
    """The model itself, wrapped for distributed training or not."""
    return model.module if is_model_wrapper(model) else model
