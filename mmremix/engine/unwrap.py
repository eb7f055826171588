"""The model under its distributed wrapper."""

from __future__ import annotations

from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from mmremix.models import AVRecognizer


def unwrap(model: nn.Module) -> Any:
    """The model itself, wrapped for distributed training or not.

    Of no known type, like ``runner.model``: who calls says what it must be.
    """
    return model.module if is_model_wrapper(model) else model


def recognizer(runner: Runner, asked_by: str, least: int = 1) -> AVRecognizer:
    """The model of a run, which must be an :class:`AVRecognizer`.

    Args:
        runner: The runner.
        asked_by: Class name of the hook that needs it, for the error.
        least: How many modalities it must have.

    Raises:
        ValueError: If it is another model, or has fewer modalities.
    """
    model = unwrap(runner.model)
    if isinstance(model, AVRecognizer) and len(model.modalities) >= least:
        return model
    names = tuple(getattr(model, 'modalities', ()))
    raise ValueError(
        f'{asked_by} needs an AVRecognizer with at least {least} modalities, '
        f'got {type(model).__name__} with {names}. Turn the method off: '
        'method_<name> = None'
    )
