"""ResNet-18 and -34 for frames and for spectrograms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from mmremix.models.backbones.basic_block import BasicBlock
from mmremix.models.backbones.pretrained import PretrainedBackbone
from mmremix.registry import MODELS

_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
# Torchvision's names of the same parts.
_NAMES = (
    (r'^conv1\.', 'stem.0.'),
    (r'^bn1\.', 'stem.1.'),
    (r'^layer(\d)\.', lambda found: f'stages.{int(found[1]) - 1}.'),
    (r'\.downsample\.', '.shortcut.'),
)


@MODELS.register_module()
class ResNet(PretrainedBackbone):
    """ResNet of basic blocks, of any width, from scratch or from a file.

    Initialised as in the papers that Remix builds on: convolutions
    Kaiming-normal (fan out), batch-norm weights from N(1, 0.02).

    Example::

        encoders = dict(
            video=dict(type='ResNet', depth=18, in_channels=3),
            audio=dict(type='ResNet', depth=18, in_channels=1))

    A file may be a checkpoint of a run, with a prefix, or hold the weights of
    torchvision's (and timm's) ``resnet18`` or ``resnet34``::

        video=dict(type='ResNet', pretrained='resnet18.pth'),
        audio=dict(type='ResNet', in_channels=1, stem='average',
                   pretrained='resnet18.pth')

    Args:
        depth: 18 or 34.
        in_channels: 3 for RGB frames, 1 for a spectrogram.
        base_channels: Width of the first stage; the others have 2, 4 and 8
            times as many. Defaults to 64.
        pretrained: See :class:`PretrainedBackbone`.
        init_cfg: See :class:`PretrainedBackbone`.
        stem: See :class:`PretrainedBackbone`.

    Raises:
        ValueError: On another depth.
    """

    leave_out = (r'fc\.',)

    def __init__(
        self,
        depth: int = 18,
        in_channels: int = 3,
        base_channels: int = 64,
        pretrained: str | None = None,
        init_cfg: Mapping[str, Any] | None = None,
        stem: str | None = None,
    ) -> None:
        super().__init__(pretrained, init_cfg, stem)
        if depth not in _BLOCKS:
            raise ValueError(
                f'ResNet depth must be one of {sorted(_BLOCKS)}, got {depth}. '
                "For others write: dict(type='mmaction.ResNet', depth=50)"
            )
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, base_channels, 7, 2, 3, bias=False),
            nn.BatchNorm2d(base_channels),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
        )
        self.stage_channels = tuple(base_channels << i for i in range(4))
        stages = []
        channels = base_channels
        for i, num_blocks in enumerate(_BLOCKS[depth]):
            width = self.stage_channels[i]
            blocks = [BasicBlock(channels, width, stride=1 if i == 0 else 2)]
            blocks += [BasicBlock(width, width) for _ in range(num_blocks - 1)]
            stages.append(nn.Sequential(*blocks))
            channels = width
        self.stages = nn.ModuleList(stages)
        self.out_channels = channels
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(
                    module.weight, mode='fan_out', nonlinearity='relu'
                )
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, 0.02)
                nn.init.zeros_(module.bias)

    def rename(self, key: str) -> str:
        """The name here of a weight of torchvision's."""
        for pattern, name in _NAMES:
            key = re.sub(pattern, name, key)
        return key

    def forward(self, x: Tensor) -> Tensor:
        """Encode images ``(N, C, H, W)`` to ``(N, out_channels, h, w)``."""
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return x
