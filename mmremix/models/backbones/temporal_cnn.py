"""Convolutional encoder for sensors, skeletons and other series."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmremix.models.tokens import all_there
from mmremix.registry import MODELS
from mmremix.utils.padded import Padded


@MODELS.register_module()
class TemporalCNN(nn.Module):
    """1-D convolutions over time; what they give are the tokens.

    Each layer is a convolution, batch norm and ReLU; all but the first halve
    the time. :class:`ModalityEncoder` averages over time. Of series of
    different lengths, what is behind the end is zeros for every convolution,
    as behind the end of a whole one, and has no part in the statistics of the
    batch norm: padding changes nothing.

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

    takes_mask = True

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
        # torch.export sets dimensions of one number apart.
        self.shortest = 2 ** (len(channels) - 1) + 1

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Padded:
        """Encode a series.

        Args:
            x: ``(B, T, C)``.
            mask: Bool ``(B, T)``, True for the steps that are there: the
                first ones of each series.

        Returns:
            Of ``(B, T', out_channels)``.
        """
        maps = x.transpose(1, 2)
        if mask is None:
            values = self.layers(maps).transpose(1, 2)
            return Padded(values, all_there(values))
        maps = torch.where(mask[:, None], maps, 0)
        for layer in self.layers:
            if isinstance(layer, nn.BatchNorm1d):
                maps = _normalized(layer, maps, mask)
                continue
            maps = layer(maps)
            if isinstance(layer, nn.Conv1d):
                # By the number of outputs, so that any can be exported.
                steps = torch.arange(maps.shape[2], device=mask.device)
                mask = mask[:, steps * layer.stride[0]]
        # Else torch.export cannot tell how the tokens lie in memory.
        return Padded(maps.transpose(1, 2).contiguous(), mask)


def _normalized(norm: nn.BatchNorm1d, maps: Tensor, mask: Tensor) -> Tensor:
    """Batch norm of ``(B, C, T)`` over the steps that are there; 0 else."""
    steps = maps.transpose(1, 2)
    if not norm.training:
        # The statistics are fixed; and this can be exported.
        return torch.where(mask[:, None], norm(maps), 0)
    filled = torch.zeros_like(steps)
    filled[mask] = norm(steps[mask]).to(steps.dtype)
    return filled.transpose(1, 2)
