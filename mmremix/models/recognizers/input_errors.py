"""Say which modality an encoder cannot take, and what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from mmremix.models.backbones import ModalityEncoder
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded

X = TypeVar('X', bound=Any)
R = TypeVar('R')

_CHANNELS = re.compile(r'to have (\d+) channels, but got (\d+) channels')
# How torch, torchvision and timm begin to say that a shape is wrong.
_SHAPES = (
    'Expected 2D',
    'Expected 3D',
    'Expected 4D',
    'Expected 5D',
    'Expected more than 1 value per channel',
    'Given normalized_shape',
    'Input height',
    'Input width',
    'Wrong image',
    'expected input',
    'mat1 and mat2 shapes',
    'not enough values to unpack',
    'too many values to unpack',
    'Kernel size can',
    'Calculated padded input size',
    'The size of tensor a',
    'Output size is too small',
)


@contextmanager
def input_errors_explained(
    name: str, encoder: ModalityEncoder, x: Tensor | Padded
) -> Iterator[None]:
    """Raise what an encoder says about a shape as a mistake of the config.

    Args:
        name: Of the modality.
        encoder: Its encoder.
        x: Its input.

    Raises:
        ConfigError: With the modality, the shape seen and a line to write.
    """
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f'model.encoders.{name}: {error}') from error
    except (RuntimeError, ValueError, AssertionError) as error:
        text = str(error)
        if not any(part in text for part in _SHAPES):
            raise
        raise ConfigError(
            f'model.encoders.{name}: {_kind(encoder.backbone)} cannot take '
            f'its input of shape {tuple(x.shape)} (batch first). '
            f'{_line(name, x, text)}'
        ) from error


def _line(name: str, x: Tensor | Padded, text: str) -> str:
    found = _CHANNELS.search(text)
    if found:
        wanted, given = found.groups()
        return (
            f'It takes {wanted} channels, the data have {given}. Write:\n'
            f'    model = dict(encoders=dict({name}=dict('
            f'in_channels={given})))'
        )
    advice = (
        'Write a size that it takes in the pipeline (Resize, num_frames), or '
        f'an encoder for this size: model = dict(encoders=dict({name}=dict('
        'img_size=...))).'
    )
    if 'Expected more than 1 value' in text:
        advice = (
            'Batch norm needs more than one value a channel, and this batch '
            'is too small. If it is the rest of an epoch (or of a modality), '
            'leave it out:\n'
            "    train_dataloader = dict(batch_sampler=dict(tail='drop'))\n"
            'for a loader whose batch_sampler is a RemixSampler, and for one '
            'without:\n'
            '    train_dataloader = dict(drop_last=True)\n'
            'If all are so small, write larger ones:\n'
            '    train_dataloader = dict(batch_size=4)'
        )
    elif re.search(r'Expected \dD|mat1 and mat2|values to unpack', text):
        advice = (
            'Write an encoder for inputs of '
            f'{len(x.shape)} dimensions, or give it others in the pipeline.'
        )
    return f'It says: {text.splitlines()[0]}. {advice}'


def _kind(backbone: nn.Module) -> str:
    inner = getattr(backbone, 'model', None)
    kind = type(backbone).__name__
    return f'{kind} ({type(inner).__name__})' if inner is not None else kind


def run_named(
    name: str, encoder: ModalityEncoder, run: Callable[[X], R], x: X
) -> R:
    """What a part of an encoder gives, or an error that names it."""
    if torch.compiler.is_compiling():  # it traces no error
        return run(x)
    with input_errors_explained(name, encoder, x):
        return run(x)
