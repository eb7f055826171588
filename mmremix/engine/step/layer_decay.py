"""Smaller learning rates for the layers near an encoder's input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.logging import print_log
from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn

from mmremix.models import ModalityEncoder
from mmremix.models.backbones.partition import partition
from mmremix.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmremix.utils.errors import ConfigError

_KEY = 'layer_decay'


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerDecayConstructor(DefaultOptimWrapperConstructor):
    r"""mmengine's constructor, with learning rates that fall with the depth.

    Part i of an encoder (0 its stem, 1 to L its stages or blocks, L + 1 what
    follows them) has the rate :math:`\eta\,\gamma^{L + 1 - i}`, as in BEiT
    (arXiv:2106.08254); fusion and heads have :math:`\eta`.

    Example::

        optim_wrapper = dict(
            constructor='LayerDecayConstructor',
            paramwise_cfg=dict(layer_decay=dict(video=0.75, audio=1.0)))

    Args:
        optim_wrapper_cfg: As mmengine gives it.
        paramwise_cfg: mmengine's (``custom_keys``, ``norm_decay_mult``, ...,
            which multiply), with ``layer_decay``: gamma of all encoders, or
            by the modality, where those not named have 1.

    Raises:
        ConfigError: Without ``layer_decay``, on one that is not in (0, 1], or
            for a modality or an encoder that cannot have one.
    """

    def __init__(
        self,
        optim_wrapper_cfg: dict[str, Any],
        paramwise_cfg: dict[str, Any] | None = None,
    ) -> None:
        paramwise = dict(paramwise_cfg or {})
        self._decay: Any = paramwise.pop(_KEY, None)
        if self._decay is None:
            raise ConfigError(
                f'LayerDecayConstructor: paramwise_cfg={paramwise} has no '
                f'{_KEY}. Write:\n    optim_wrapper = dict(paramwise_cfg='
                f'dict({_KEY}=0.75))'
            )
        # Not empty: mmengine then makes a group of every parameter.
        paramwise.setdefault('custom_keys', {})
        super().__init__(optim_wrapper_cfg, paramwise)

    def add_params(
        self,
        params: list[dict[str, Any]],
        module: nn.Module,
        prefix: str = '',
        **kwargs: Any,
    ) -> None:
        """Add groups as mmengine does, and scale their rates at the end."""
        super().add_params(params, module, prefix=prefix, **kwargs)
        if prefix:
            return
        if self.base_lr is None:
            raise ConfigError(
                'LayerDecayConstructor needs a learning rate. Write:\n'
                '    optim_wrapper = dict(optimizer=dict(lr=1e-3))'
            )
        base = float(self.base_lr)
        scales = self._scales(module)
        for group in params:
            scale = scales.get(id(group['params'][0]), 1.0)
            if scale != 1.0:
                group['lr'] = float(group.get('lr', base)) * scale
        found = sorted(set(scales.values()) | {1.0})
        print_log(
            f'Learning rates are {len(found)} multiples of {self.base_lr}: '
            f'{found[0]:.3g} to 1.',
            'current',
        )

    def _scales(self, model: nn.Module) -> dict[int, float]:
        """Factor of each parameter of an encoder, by its id."""
        encoders = {
            name.rpartition('.')[2]: part
            for name, part in model.named_modules()
            if isinstance(part, ModalityEncoder)
            and not name.startswith('methods.')
        }
        scales: dict[int, float] = {}
        for name, decay in self._by_modality(encoders).items():
            if decay == 1:
                continue
            backbone = encoders[name].backbone
            parts = partition(backbone)
            for key, parameter in backbone.named_parameters():
                depth = parts.count - 1 - parts.names[key]
                scales[id(parameter)] = decay**depth
        return scales

    def _by_modality(self, encoders: Mapping[str, Any]) -> dict[str, float]:
        given = self._decay
        if not isinstance(given, Mapping):
            given = dict.fromkeys(encoders, given)
        wrong = [
            v
            for v in given.values()
            if not isinstance(v, int | float) or not 0 < v <= 1
        ]
        unknown = [name for name in given if name not in encoders]
        if wrong or unknown or not encoders:
            raise ConfigError(
                f'{_KEY}={self._decay!r} must be a number in (0, 1], or one '
                f'for some of the modalities {list(encoders)}. Write:\n'
                f'    optim_wrapper = dict(paramwise_cfg=dict({_KEY}=0.75))'
            )
        return {name: float(value) for name, value in given.items()}
