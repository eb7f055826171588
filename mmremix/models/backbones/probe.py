"""Find what an encoder puts out by running it once, on shapes alone."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from mmremix.utils.errors import ConfigError

_SIDE, _FRAMES, _SAMPLES = 224, 16, 16000


def output_size(module: nn.Module) -> int:
    """Channels that a backbone gives, from an input of zeros.

    It runs in evaluation mode, on torch's ``meta`` device if it can: there
    tensors have shapes and no numbers, so a large one costs nothing.

    Args:
        module: Gives ``(N, C, ...)``, or a tuple whose last element is that.

    Raises:
        ConfigError: If it runs on none of the usual inputs.
    """
    failures = []
    for shape in _shapes(module):
        for device in ('meta', 'cpu'):
            try:
                features = _dry(module, shape, device)
            # A backbone may raise anything at a shape it is not for.
            except Exception as error:
                failures.append(f'{shape}: {error}')
                continue
            if isinstance(features, tuple | list):
                features = features[-1]
            if isinstance(features, Tensor) and features.dim() >= 2:
                return _channels(features, module, shape)
            failures.append(f'{shape}: gives a {type(features).__name__}')
    tried = '; '.join(failures) or 'it has no convolution or linear layer'
    raise ConfigError(
        f'{type(module).__name__} does not say how many channels it puts '
        f'out, and could not be tried ({tried[:300]}). Write: dict('
        "type='ModalityEncoder', out_channels=..., backbone=dict(...))"
    )


def _channels(features: Tensor, module: nn.Module, shape: object) -> int:
    known: Any = getattr(getattr(module, 'model', None), 'num_features', None)
    if known in (features.shape[1], features.shape[-1]):
        return int(known)
    if features.dim() == 3:
        raise ConfigError(
            f'{type(module).__name__} gives {tuple(features.shape)} for an '
            f'input of {shape}: whether that is (B, C, T) or (B, T, C) '
            "cannot be seen. Write: dict(type='ModalityEncoder', "
            'out_channels=..., backbone=dict(...))'
        )
    return int(features.shape[1])


def _dry(module: nn.Module, shape: tuple[int, ...], device: str) -> object:
    there = torch.device(device)
    run = module
    if device == 'meta':
        # Weights that are views of nothing: no copy of a large model.
        memo: dict[int, object] = {}
        for tensor in (*module.parameters(), *module.buffers()):
            empty = torch.empty_like(tensor, device=there)
            memo[id(tensor)] = (
                nn.Parameter(empty, tensor.requires_grad)
                if isinstance(tensor, nn.Parameter)
                else empty
            )
        run = copy.deepcopy(module, memo)
    flags = [(part, part.training) for part in run.modules()]
    run.eval()
    try:
        with torch.no_grad():
            found: object = run(torch.zeros(shape, device=there))
        return found
    finally:
        for part, training in flags:
            part.training = training


def _shapes(module: nn.Module) -> Iterator[tuple[int, ...]]:
    """Inputs that the first layer with weights can take."""
    settings = getattr(getattr(module, 'model', None), 'pretrained_cfg', None)
    side = list((settings or {}).get('input_size') or (3, _SIDE, _SIDE))[1:]
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            yield (2, part.in_channels, *side)
            yield (2, part.in_channels, 64, 64)
            yield (2, part.in_channels, 299, 299)
            return
        if isinstance(part, nn.Conv3d):
            for sides in ((_SIDE, _SIDE), (112, 112)):
                yield (2, part.in_channels, _FRAMES, *sides)
            return
        if isinstance(part, nn.Conv1d):
            yield (2, part.in_channels, _SAMPLES)
            return
        if isinstance(part, nn.Linear):
            yield (2, part.in_features)
            yield (2, 7, part.in_features)
            return
