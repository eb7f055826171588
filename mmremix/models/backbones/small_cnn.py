"""Small convolutional encoder for small pictures and spectrograms."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from mmremix.registry import MODELS


@MODELS.register_module()
class SmallCNN(nn.Module):
    """A few 3x3 convolutions, each with batch norm, ReLU and pooling by 2.

    For pictures of about 28x28, and for short clips of few pixels whose
    frames are the channels: a fraction of the time of a ResNet.

    Example::

        encoders = dict(
            image=dict(type='SmallCNN', in_channels=1),
            depth=dict(type='SmallCNN', in_channels=12))

    Args:
        in_channels: C of the pictures (B, C, H, W).
        channels: Width of each layer; the last is that of the features. So
            many times the picture is halved. Defaults to (16, 32, 64).
        dropout: Share of the channels that are dropped before each layer but
            the first, in training. Defaults to 0.

    Raises:
        ValueError: Without layers.
    """

    def __init__(
        self,
        in_channels: int = 1,
        channels: Sequence[int] = (16, 32, 64),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not channels:
            raise ValueError(
                'SmallCNN: channels has no layer. Write: channels=(16, 32, 64)'
            )
        layers: list[nn.Module] = []
        width = in_channels
        for number, size in enumerate(channels):
            if number and dropout:
                layers.append(nn.Dropout2d(dropout))
            layers += [
                nn.Conv2d(width, size, 3, padding=1, bias=False),
                nn.BatchNorm2d(size),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
            ]
            width = size
        self.layers = nn.Sequential(*layers)
        self.out_channels = width

    def forward(self, x: Tensor) -> Tensor:
        """Encode ``(N, C, H, W)`` to ``(N, out_channels, h, w)``."""
        maps: Tensor = self.layers(x)
        return maps
