"""The model under its distributed wrapper."""

from __future__ import annotations

from typing import Any

from mmengine.model import is_model_wrapper
from torch import nn


def unwrap(model: nn.Module) -> Any:
    """The model itself, wrapped for distributed training or not.

    Of no known type, like ``runner.model``: who calls says what it must be.
    """
    return model.module if is_model_wrapper(model) else model
