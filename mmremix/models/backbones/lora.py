"""Low-rank adapters (LoRA), through peft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from mmremix.models.backbones.optional import import_optional
from mmremix.utils.errors import ConfigError


def add_lora(backbone: nn.Module, options: Mapping[str, Any]) -> None:
    """Put adapters beside layers of a backbone, and freeze all else.

    ``W x`` becomes ``W x + alpha / r B A x`` with A of r rows and B zero at
    the start (LoRA, arXiv:2106.09685), so the first step's features are
    those of the backbone.

    Args:
        backbone: Changed in place. The names of its weights get a
            ``base_layer``; pre-trained ones still find their places.
        options: Arguments of ``peft.LoraConfig``: ``r``, ``lora_alpha``,
            ``lora_dropout``, ``target_modules``.

    Raises:
        ConfigError: If no module has one of the ``target_modules``' names.
        ImportError: Without peft.
    """
    peft = import_optional('peft', 'peft')
    targets = options.get('target_modules')
    if not targets:
        raise ConfigError(
            f'lora={dict(options)} does not say beside which layers. Write: '
            f'lora=dict(r=8, target_modules={_suggested(backbone)})'
        )
    try:
        config = peft.LoraConfig(**options)
        peft.inject_adapter_in_model(config, backbone)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f'lora={dict(options)}: {error}\nLayers of '
            f'{type(backbone).__name__} are for example: '
            f'target_modules={_suggested(backbone)}'
        ) from error


def merge_lora(module: nn.Module) -> nn.Module:
    """Add the adapters to the weights beside them, in place.

    Afterwards the layers are ordinary ones under their ordinary names. Does
    nothing where there are no adapters.
    """
    for name, part in list(module.named_modules()):
        if hasattr(part, 'lora_A') and hasattr(part, 'get_base_layer'):
            layer: Any = part
            layer.merge(safe_merge=True)
            owner, _, child = name.rpartition('.')
            setattr(module.get_submodule(owner), child, layer.get_base_layer())
    return module


def _suggested(backbone: nn.Module) -> list[str]:
    found = [
        name.rpartition('.')[2]
        for name, part in backbone.named_modules()
        if isinstance(part, nn.Linear)
    ] or [
        name.rpartition('.')[2]
        for name, part in backbone.named_modules()
        if isinstance(part, nn.Conv2d)
    ]
    return list(dict.fromkeys(found))[:4]
