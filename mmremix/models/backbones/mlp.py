"""Encoder for vectors of features and tables."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from mmremix.registry import MODELS


@MODELS.register_module()
class MLP(nn.Module):
    """Linear layers, each with layer norm and ReLU.

    Example::

        encoders = dict(
            pix=dict(type='MLP', in_channels=240, channels=(64, 64)))

    Args:
        in_channels: Numbers of a sample; dimensions after the first are
            flattened.
        channels: Width of each layer; the last is that of the features.
            Defaults to (128, 64).
        dropout: Share of the outputs of each layer but the last that are
            dropped in training. Defaults to 0.

    Raises:
        ValueError: Without layers.
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int] = (128, 64),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not channels:
            raise ValueError(
                'MLP: channels has no layer. Write: channels=(128, 64)'
            )
        layers: list[nn.Module] = []
        width = in_channels
        for number, size in enumerate(channels):
            if number and dropout:
                layers.append(nn.Dropout(dropout))
            layers += [
                nn.Linear(width, size),
                # Batch norm could not train on a batch of one sample, which
                # is what a modality may be left with.
                nn.LayerNorm(size),
                nn.ReLU(inplace=True),
            ]
            width = size
        self.layers = nn.Sequential(*layers)
        self.out_channels = width

    def forward(self, x: Tensor) -> Tensor:
        """Encode ``(B, ...)`` to ``(B, out_channels)``."""
        features: Tensor = self.layers(x.flatten(1))
        return features
