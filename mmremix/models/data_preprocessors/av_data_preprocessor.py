"""Stack, move and normalise a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmremix.registry import MODELS


@MODELS.register_module()
class AVDataPreprocessor(BaseDataPreprocessor):
    """Make one float tensor of each active modality.

    Example::

        data_preprocessor = dict(
            type='AVDataPreprocessor',
            normalize=dict(
                video=dict(mean=[123.675, 116.28, 103.53],
                           std=[58.395, 57.12, 57.375])))

    Args:
        normalize: ``mean`` and ``std`` of a modality, numbers or one number
            a channel, in the units of its input (0 to 255 for frames).
            Modalities not named are not normalised.
        non_blocking: Whether the copy to the device may overlap with work on
            it. Defaults to True; it does where the loader pins memory.

    Raises:
        ValueError: If the samples of a batch do not keep the same
            modalities. (mmengine's collate function would drop the surplus
            ones without a word.)
    """

    def __init__(
        self,
        normalize: Mapping[str, Mapping[str, Any]] | None = None,
        non_blocking: bool = True,
    ) -> None:
        super().__init__(non_blocking=non_blocking)
        self._normalized = tuple(normalize or {})
        for name, statistics in (normalize or {}).items():
            for key in ('mean', 'std'):
                value = torch.tensor(statistics[key], dtype=torch.float32)
                self.register_buffer(f'{name}_{key}', value, persistent=False)

    def forward(
        self, data: dict[str, Any], training: bool = False
    ) -> dict[str, Any]:
        """Prepare a collated batch.

        Args:
            data: ``inputs``, a dict from modality to a tensor a sample, and
                ``data_samples``.
            training: Not used.

        Returns:
            ``inputs``, a dict from modality to ``(B, ...)`` float32, and
            ``data_samples``.
        """
        samples = data.get('data_samples')
        if samples is not None:
            _check_pure(tuple(data['inputs']), samples)
        stacked = {
            name: torch.stack(list(value))
            for name, value in data['inputs'].items()
        }
        moved = self.cast_data({'inputs': stacked, 'data_samples': samples})
        inputs = {
            name: self._normalize(name, value)
            for name, value in moved['inputs'].items()
        }
        return {'inputs': inputs, 'data_samples': moved['data_samples']}

    def _normalize(self, name: str, value: Tensor) -> Tensor:
        value = value.float()
        if name not in self._normalized:
            return value
        # (..., C, H, W), or (B, clips, C, T, H, W).
        trailing = 3 if value.dim() == 6 else 2
        shape = (-1,) + (1,) * min(trailing, value.dim() - 1)
        mean = getattr(self, f'{name}_mean').view(shape)
        std = getattr(self, f'{name}_std').view(shape)
        return (value - mean) / std


def _check_pure(inputs: tuple[str, ...], samples: Sequence[Any]) -> None:
    for sample in samples:
        active = sample.metainfo.get('active_modalities', inputs)
        if set(active) != set(inputs):
            raise ValueError(
                f'A batch mixes active modalities: its inputs are {inputs}, '
                f'but a sample of it keeps {tuple(active)}. Batches must be '
                'modality-pure; write in train_dataloader:\n'
                "    batch_sampler=dict(type='RemixSampler'),"
            )
