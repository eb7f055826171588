"""Encoder for sound as it is."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError

_POOL = 4


@MODELS.register_module()
class WaveformCNN(nn.Module):
    """1-D convolutions over raw waveforms.

    A wide strided convolution and narrow ones, each with batch norm, ReLU and
    maximum over four steps: M5 (Dai et al., ICASSP 2017, arXiv:1610.00087),
    which has ``channels=(128, 128, 256, 512)`` for sound at 8 kHz.

    Example::

        encoders = dict(audio=dict(type='WaveformCNN', channels=(32, 32, 64)))

    Args:
        channels: Width of each layer; the last is that of the features.
            Defaults to (64, 64, 128, 256).
        kernel_size: Of the first layer, in samples. Defaults to 80.
        stride: Of the first layer. Defaults to 4.

    Raises:
        ConfigError: Without layers; on waveforms that are too short for them.
    """

    def __init__(
        self,
        channels: Sequence[int] = (64, 64, 128, 256),
        kernel_size: int = 80,
        stride: int = 4,
    ) -> None:
        super().__init__()
        if not channels:
            raise ConfigError(
                'WaveformCNN: channels has no layer. Write: channels=(64, '
                '64, 128, 256)'
            )
        layers: list[nn.Module] = []
        width = 1
        for number, size in enumerate(channels):
            kernel, step = (3, 1) if number else (kernel_size, stride)
            layers += [
                nn.Conv1d(
                    width,
                    size,
                    kernel,
                    step,
                    padding=kernel // 2,
                    bias=False,
                ),
                nn.BatchNorm1d(size),
                nn.ReLU(inplace=True),
                nn.MaxPool1d(_POOL),
            ]
            width = size
        self.layers = nn.Sequential(*layers)
        self.shortest = stride * _POOL ** len(channels)
        self.out_channels = width

    def forward(self, x: Tensor) -> Tensor:
        """Encode waveforms ``(B, T)``, or ``(B, 1, T)``.

        Returns:
            ``(B, out_channels, T')``: :class:`ModalityEncoder` averages over
            time, or each place is a token.
        """
        if x.shape[-1] < self.shortest:
            raise ConfigError(
                f'WaveformCNN: {x.shape[-1]} samples are too few for these '
                f'layers, which need {self.shortest}. Write a longer '
                "dict(type='DecodeAudio', duration=...), or fewer channels=..."
            )
        maps: Tensor = self.layers(x if x.dim() == 3 else x[:, None])
        return maps
