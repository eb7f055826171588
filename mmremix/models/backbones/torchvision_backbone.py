"""Encoders of torchvision by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from mmremix.models.backbones.optional import import_optional, no_model
from mmremix.models.backbones.pretrained import PretrainedBackbone
from mmremix.models.backbones.probe import output_size
from mmremix.registry import MODELS

_AUXILIARY = ('aux1', 'aux2', 'AuxLogits')


@MODELS.register_module()
class TorchvisionBackbone(PretrainedBackbone):
    """A model of torchvision without its last layer.

    Images or frames for the models of images, clips for those of videos
    (``r3d_18``, ``mvit_v1_b``). Example::

        encoders = dict(
            video=dict(type='torchvision.resnet18', pretrained='FILE'),
            audio=dict(type='torchvision.resnet18', in_channels=1,
                       pretrained='FILE', stem='average'))

    ``FILE`` is what torchvision publishes for the model, or a checkpoint of
    a run with a prefix. The output size is found with an input of zeros.

    Args:
        name: A name of ``torchvision.models.list_models()``. In a config it
            may stand in the type, ``torchvision.<name>``.
        in_channels: Channels of the input; another number than the model's
            own replaces its first convolution.
        pretrained: See :class:`PretrainedBackbone`.
        init_cfg: See :class:`PretrainedBackbone`.
        stem: See :class:`PretrainedBackbone`.
        options: Arguments of the model.

    Raises:
        ConfigError: If there is no such model.
        ImportError: Without torchvision.
    """

    def __init__(
        self,
        name: str,
        in_channels: int | None = None,
        pretrained: str | None = None,
        init_cfg: Mapping[str, Any] | None = None,
        stem: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(pretrained, init_cfg, stem)
        models = import_optional('torchvision.models', 'torchvision')
        names = models.list_models()
        if name not in names:
            raise no_model('torchvision', name, names)
        self.model: nn.Module = models.get_model(name, weights=None, **options)
        last = _last_layer(self.model)
        removed = [last]
        for auxiliary in _AUXILIARY:
            if getattr(self.model, auxiliary, None) is not None:
                setattr(self.model, auxiliary, None)
                removed.append(auxiliary)
        if hasattr(self.model, 'aux_logits'):
            self.model.aux_logits = False
        _set(self.model, last, nn.Identity())
        self.leave_out = tuple(rf'{part}\.' for part in removed)
        if in_channels is not None:
            _set_in_channels(self.model, in_channels)
        self.out_channels = output_size(self)

    def rename(self, key: str) -> str:
        """The name here of a weight of torchvision's."""
        return key if key.startswith('model.') else f'model.{key}'

    def forward(self, x: Tensor) -> Tensor:
        """Encode ``(N, C, H, W)`` or ``(N, C, T, H, W)``."""
        features: Tensor = self.model(x)
        return features


def _last_layer(model: nn.Module) -> str:
    """Name of the layer that gives the class scores."""
    layers: list[str] = [
        name
        for name, part in model.named_modules()
        if isinstance(part, nn.Linear | nn.Conv2d)
        and name.split('.')[0] not in _AUXILIARY
    ]
    return layers[-1]


def _set(model: nn.Module, name: str, new: nn.Module) -> None:
    owner, _, child = name.rpartition('.')
    setattr(model.get_submodule(owner), child, new)


def _set_in_channels(model: nn.Module, in_channels: int) -> None:
    for name, part in model.named_modules():
        if isinstance(part, nn.Conv2d | nn.Conv3d):
            if part.in_channels != in_channels:
                cls: Any = type(part)
                new = cls(
                    in_channels,
                    part.out_channels,
                    part.kernel_size,
                    part.stride,
                    part.padding,
                    part.dilation,
                    bias=part.bias is not None,
                )
                _set(model, name, new)
            return
