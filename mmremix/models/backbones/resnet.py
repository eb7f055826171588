"""ResNet-18 and -34 for frames and for spectrograms."""

from __future__ import annotations

from torch import Tensor, nn

from mmremix.models.backbones.basic_block import BasicBlock
from mmremix.registry import MODELS

_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


@MODELS.register_module()
class ResNet(nn.Module):
    """ResNet of basic blocks, from scratch, of any width.

    Initialised as in the papers that Remix builds on: convolutions
    Kaiming-normal (fan out), batch-norm weights from N(1, 0.02).

    Example::

        encoders = dict(
            video=dict(type='ResNet', depth=18, in_channels=3),
            audio=dict(type='ResNet', depth=18, in_channels=1))

    Args:
        depth: 18 or 34.
        in_channels: 3 for RGB frames, 1 for a spectrogram.
        base_channels: Width of the first stage; the others have 2, 4 and 8
            times as many. Defaults to 64.

    Raises:
        ValueError: On another depth.
    """

    def __init__(
        self,
        depth: int = 18,
        in_channels: int = 3,
        base_channels: int = 64,
    ) -> None:
        super().__init__()
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

    def forward(self, x: Tensor) -> Tensor:
        """Encode images ``(N, C, H, W)`` to ``(N, out_channels, h, w)``."""
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return x
