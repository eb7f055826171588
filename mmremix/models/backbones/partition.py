"""An encoder in parts from input to output: the stem, then the stages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from torch import nn

from mmremix.utils.errors import ConfigError

_NUMBERED = re.compile(r'^(layer|stage|block|denseblock|res|s)\d+$')
_LISTS = (
    *('stages', 'blocks', 'layers', 'layer', 'features', 'h'),
    'resblocks',
)


@dataclass(frozen=True)
class Partition:
    """Which part of an encoder each of its modules and parameters is in.

    Attributes:
        stages: Names of the stages (of a ResNet) or blocks (of a
            transformer), in their order.
        names: The part of each module and parameter by its name; 0 for the
            stem, ``i`` for the i-th stage, ``len(stages) + 1`` for what
            comes after them. Containers of several parts are not there.
    """

    stages: tuple[str, ...]
    names: dict[str, int]

    @property
    def count(self) -> int:
        """Parts in all, the one behind the last stage included."""
        return len(self.stages) + 2


def partition(backbone: nn.Module) -> Partition:
    """Split a backbone in stem, stages and rest.

    Stages are children called ``layer1``, ``layer2``, ... (ResNets), or the
    members of the first list called ``stages``, ``blocks``, ``layers``,
    ``layer`` or ``features`` (transformers, ConvNeXt, EfficientNet), whose
    first member is the stem if it is a single convolution or the like. What
    is registered before the first stage is the stem, what follows the last
    one is the rest.

    Raises:
        ConfigError: If no stages are found.
    """
    stages = _stages(backbone)
    if not stages:
        raise ConfigError(
            f'{type(backbone).__name__} has no stages that are found by name '
            '(children layer1, layer2, ..., or a list called stages, blocks, '
            'layers or features). Its first-level parts are '
            f'{[name for name, _ in backbone.named_children()]}. Write '
            "frozen=True, or in paramwise_cfg: custom_keys={'NAME': "
            'dict(lr_mult=0.1)}'
        )
    names: dict[str, int] = {}
    seen = 0
    ordered = [name for name, _ in backbone.named_modules() if name]
    for name in ordered:
        inside = _inside(name, stages)
        if inside:
            names[name] = seen = inside
        elif not _holds(name, stages):
            # Between two stages: of the one before it.
            last = seen == len(stages)
            names[name] = seen + 1 if last else seen
    for name, _ in backbone.named_parameters():
        owner = name.rpartition('.')[0]
        # A container's own parameters (tokens, positions) go before.
        names[name] = names.get(owner, 0)
    return Partition(stages, names)


def _stages(backbone: nn.Module) -> tuple[str, ...]:
    for name, module in backbone.named_modules():
        dot = f'{name}.' if name else ''
        children = [child for child, _ in module.named_children()]
        numbered = [c for c in children if _NUMBERED.match(c)]
        if len(numbered) > 1:
            return tuple(dot + c for c in numbered)
        own = name.rpartition('.')[2]
        several = isinstance(module, nn.ModuleList | nn.Sequential)
        if several and own in _LISTS and len(children) > 1:
            # `features` begins with a stem; lists of blocks do not.
            first = children[1:] if own == 'features' else children
            return tuple(dot + c for c in first)
    return ()


def _inside(name: str, stages: tuple[str, ...]) -> int:
    for number, stage in enumerate(stages, 1):
        if name == stage or name.startswith(f'{stage}.'):
            return number
    return 0


def _holds(name: str, stages: tuple[str, ...]) -> bool:
    return any(stage.startswith(f'{name}.') for stage in stages)
