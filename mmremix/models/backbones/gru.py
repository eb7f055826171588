"""Recurrent encoder for sensors, skeletons and other series."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from mmremix.models.backbones.recurrence import Scannable, scan_gru
from mmremix.models.tokens import all_there
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded


@MODELS.register_module()
class GRU(Scannable):
    """Gated recurrent units; their outputs are the tokens.

    :class:`ModalityEncoder` averages them over time. Of series of different
    lengths only the steps that are there are run, those at the beginning.

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

    takes_mask = True

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

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Padded:
        """Encode a series.

        Args:
            x: ``(B, T, C)``.
            mask: Bool ``(B, T)``, True for the steps that are there: the
                first ones of each series.

        Returns:
            Of ``(B, T, out_channels)``.

        Raises:
            ConfigError: If a step is there behind one that is not.
        """
        if mask is None:
            outputs: Tensor = self.gru(x)[0]
            return Padded(outputs, all_there(outputs))
        if self.as_scan:
            return Padded(scan_gru(self.gru, x, mask), mask)
        holes = (mask[:, 1:] & ~mask[:, :-1]).any(dim=1)
        if holes.any():
            raise ConfigError(
                f'GRU got a mask with a hole in {int(holes.sum())} of '
                f'{len(mask)} series, the first in row '
                f'{int(holes.int().argmax())} of the batch: steps that '
                'are there behind some that are not. It reads the '
                'first steps of each series. Move them to '
                'the beginning, Padded(values, lengths[:, None] > '
                "torch.arange(T)), or use dict(type='TextTransformer', ...)"
            )
        # Packing takes no series without a step; its result is masked.
        lengths = mask.sum(dim=1).clamp(min=1).cpu()
        packed = pack_padded_sequence(
            x, lengths, batch_first=True, enforce_sorted=False
        )
        outputs, _ = pad_packed_sequence(
            self.gru(packed)[0], batch_first=True, total_length=x.shape[1]
        )
        return Padded(outputs, mask)
