"""Recurrent encoder for sensors, skeletons and other series."""

from __future__ import annotations

from torch import Tensor, nn

from mmremix.registry import MODELS


@MODELS.register_module()
class GRU(nn.Module):
    """Gated recurrent units, then the mean of their outputs over time.

    Example::

        encoders = dict(
            inertial=dict(type='GRU', in_channels=6, hidden_channels=64))

    Args:
        in_channels: C of the series (B, T, C).
        hidden_channels: Width of the state. Defaults to 64.
        num_layers: Layers, one on top of the other. Defaults to 1.
        bidirectional: Whether a second one reads backwards; the features
            are twice as wide then. Defaults to False.
        dropout: Between layers, in training. Defaults to 0.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int = 64,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.gru = nn.GRU(
            in_channels,
            hidden_channels,
            num_layers,
            batch_first=True,
            dropout=dropout,
            bidirectional=bidirectional,
        )
        self.out_channels = hidden_channels * (1 + bidirectional)

    def forward(self, x: Tensor) -> Tensor:
        """Encode ``(B, T, C)`` to ``(B, out_channels)``."""
        outputs: Tensor = self.gru(x)[0]
        return outputs.mean(dim=1)
