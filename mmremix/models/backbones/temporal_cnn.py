"""Convolutional encoder for sensors, skeletons and other series."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from mmremix.registry import MODELS


@MODELS.register_module()
class TemporalCNN(nn.Module):
    """1-D convolutions over time, then the mean over time.

    Each layer is a convolution, batch norm and ReLU; all but the first halve
    the time.

    Example::

        encoders = dict(
            inertial=dict(type='TemporalCNN', in_channels=6),
            skeleton=dict(type='TemporalCNN', in_channels=60))

    Args:
        in_channels: C of the series (B, T, C).
        channels: Width of each layer; the last is that of the features.
            Defaults to (64, 64, 128).
        kernel_size: Time steps that a convolution sees. Defaults to 5.
        dropout: Share of the channels that are dropped before each layer but
            the first, in training. Defaults to 0.

    Raises:
        ValueError: Without layers, or with an even kernel.
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int] = (64, 64, 128),
        kernel_size: int = 5,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not channels or kernel_size % 2 == 0:
            raise ValueError(
                f'TemporalCNN: got channels={tuple(channels)} and '
                f'kernel_size={kernel_size}. Write widths and an odd size: '
                'channels=(64, 64, 128), kernel_size=5'
            )
        layers: list[nn.Module] = []
        width = in_channels
        for number, size in enumerate(channels):
            if number and dropout:
                layers.append(nn.Dropout1d(dropout))
            layers += [
                nn.Conv1d(
                    width,
                    size,
                    kernel_size,
                    stride=2 if number else 1,
                    padding=kernel_size // 2,
                    bias=False,
                ),
                nn.BatchNorm1d(size),
                nn.ReLU(inplace=True),
            ]
            width = size
        self.layers = nn.Sequential(*layers)
        self.out_channels = width

    def forward(self, x: Tensor) -> Tensor:
        """Encode ``(B, T, C)`` to ``(B, out_channels)``."""
        maps: Tensor = self.layers(x.transpose(1, 2))
        return maps.mean(dim=2)
