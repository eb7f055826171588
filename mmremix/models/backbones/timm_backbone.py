"""Encoders of timm by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from mmremix.models.backbones.optional import import_optional, no_model
from mmremix.models.backbones.pretrained import PretrainedBackbone
from mmremix.models.backbones.probe import output_size
from mmremix.registry import MODELS


@MODELS.register_module()
class TimmBackbone(PretrainedBackbone):
    """A model of timm without its classifier, pooled as timm does.

    Example::

        encoders = dict(
            video=dict(type='timm.resnet18', pretrained='FILE'),
            audio=dict(type='timm.vit_tiny_patch16_224', in_channels=1,
                       img_size=(256, 192), pretrained=None))

    ``FILE`` is a ``.pth`` or ``.safetensors`` that timm publishes for the
    model, or a checkpoint of a run with a prefix. The output size is found
    with an input of zeros.

    Args:
        name: A name of ``timm.list_models()``. In a config it may stand in
            the type, ``timm.<name>``.
        in_channels: Channels of the input, timm's ``in_chans``.
        pretrained: See :class:`PretrainedBackbone`. A file: ``True``, which
            would download, is refused.
        init_cfg: See :class:`PretrainedBackbone`.
        stem: See :class:`PretrainedBackbone`.
        options: Arguments of ``timm.create_model``.

    Raises:
        ConfigError: If there is no such model.
        ImportError: Without timm.
    """

    def __init__(
        self,
        name: str,
        in_channels: int = 3,
        pretrained: str | None = None,
        init_cfg: Mapping[str, Any] | None = None,
        stem: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(pretrained, init_cfg, stem)
        timm = import_optional('timm', 'timm')
        if not timm.is_model(name):
            raise no_model('timm', name, timm.list_models())
        self.model: nn.Module = timm.create_model(
            name,
            pretrained=False,
            num_classes=0,
            in_chans=in_channels,
            **options,
        )
        settings = getattr(self.model, 'pretrained_cfg', None) or {}
        classifier = settings.get('classifier') or ()
        if isinstance(classifier, str):
            classifier = (classifier,)
        self.leave_out = tuple(rf'{re.escape(n)}\.' for n in classifier)
        self.out_channels = output_size(self)

    def rename(self, key: str) -> str:
        """The name here of a weight of timm's."""
        return key if key.startswith('model.') else f'model.{key}'

    def forward(self, x: Tensor) -> Tensor:
        """Encode ``(N, C, H, W)``."""
        features: Tensor = self.model(x)
        return features
