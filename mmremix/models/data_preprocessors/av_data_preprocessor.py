"""Stack, move and normalise a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmremix.registry import MODELS, TRANSFORMS
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded
from mmremix.utils.sample_batch import loaded_of


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
            a channel, in the units of its input (0 to 255 for frames). The
            channels of features (B, C) and of series (B, T, C) are the last
            dimension, those of pictures (..., C, H, W) the third from last.
            Modalities not named are not normalised.
        on_device: Transforms of a modality's whole batch, after its copy to
            the device and before ``normalize``, in place of the same ones in
            the pipeline: ``dict(audio=[dict(type='LogSTFT')])``, where
            :class:`ForModality` gives ``output='waveform'``. So the raw sound
            crosses, and the workers have less to do. A transform can be here
            if it has a method ``batch``.
        non_blocking: Whether the copy to the device may overlap with work on
            it. Defaults to True; it does where the loader pins memory.

    Raises:
        ConfigError: On a transform that takes no batches, and on sequences
            of several lengths for one.
        ValueError: If an input of a sample is missing. (mmengine's collate
            function drops those that the first sample lacks.)
    """

    def __init__(
        self,
        normalize: Mapping[str, Mapping[str, Any]] | None = None,
        non_blocking: bool = True,
        on_device: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    ) -> None:
        super().__init__(non_blocking=non_blocking)
        self._on_device = {
            name: [_batch_transform(name, cfg) for cfg in steps]
            for name, steps in (on_device or {}).items()
        }
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
            data: ``inputs``, a dict from modality to a tensor ``(B, ...)``
                or to a tensor a sample, and ``data_samples``.
            training: Not used.

        Returns:
            ``inputs``, a dict from modality to ``(B, ...)`` float32, or to a
            :class:`~mmremix.utils.padded.Padded` for sequences that differ
            in length; and ``data_samples`` as they came, on the CPU.
        """
        samples = data.get('data_samples')
        if samples is not None:
            _check_complete(data['inputs'], samples)
        # Where they are apart they are moved one by one, since the loader pins
        # them one by one. The labels stay: moving each by itself would wait B
        # times.
        inputs = {
            name: self.normalize(
                name,
                self._move(value)
                if isinstance(value, Tensor)
                else self._stack(name, list(value)),
            )
            for name, value in data['inputs'].items()
        }
        return {'inputs': inputs, 'data_samples': samples}

    def _move(self, value: Tensor) -> Tensor:
        return value.to(self.device, non_blocking=self._non_blocking)

    def _stack(
        self, name: str, values: list[Tensor | Padded]
    ) -> Tensor | Padded:
        """One modality's inputs on the device, in one tensor."""
        sequences = [x for x in values if isinstance(x, Padded)]
        if sequences:
            together = Padded.stack(sequences)
            return together.to(self.device, non_blocking=self._non_blocking)
        shapes = {tuple(x.shape) for x in values}
        if len(shapes) > 1:
            raise ConfigError(
                f'The inputs of {name} differ in shape, {sorted(shapes)[:4]}, '
                'and make no batch. Crop or pad them with the transform '
                'FixLength, or keep their lengths: in an ArrayDataset '
                f"padded=['{name}'], in a TableDataset modalities=dict({name}"
                '=dict(length=None)), or length=128 for one length'
            )
        stacked: Tensor = torch.stack(self.cast_data(values))
        return stacked

    @overload
    def normalize(self, name: str, value: Tensor) -> Tensor: ...

    @overload
    def normalize(
        self, name: str, value: Tensor | Padded
    ) -> Tensor | Padded: ...

    def normalize(self, name: str, value: Tensor | Padded) -> Tensor | Padded:
        """One modality's inputs as float32, transformed and normalised."""
        steps = self._on_device.get(name, ())
        if isinstance(value, Padded):
            if steps:
                raise ConfigError(
                    f'on_device: the sequences of {name} differ in length. '
                    "Give them one, as with dict(type='DecodeAudio', "
                    "duration=3.0, padding='zero')"
                )
            there = value.mask[(...,) + (None,) * (value.dim() - 2)]
            numbers = self.normalize(name, value.values)
            return Padded(torch.where(there, numbers, 0), value.mask)
        value = value.float()
        for step in steps:
            value = step(value)
        if name not in self._normalized:
            return value
        # (B, C), (B, T, C); (..., C, H, W); (B, clips, C, T, H, W).
        trailing = {6: 3, 3: 0, 2: 0}.get(value.dim(), 2)
        shape = (-1,) + (1,) * trailing
        mean: Tensor = getattr(self, f'{name}_mean').view(shape)
        std: Tensor = getattr(self, f'{name}_std').view(shape)
        return (value - mean) / std


def _batch_transform(
    name: str, cfg: Mapping[str, Any]
) -> Callable[[Tensor], Tensor]:
    transform = TRANSFORMS.build(dict(cfg))
    batch: Callable[[Tensor], Tensor] | None = getattr(
        transform, 'batch', None
    )
    if batch is None:
        raise ConfigError(
            f'on_device: {cfg["type"]} of {name} works on single samples. '
            'Leave it in the pipeline, and here write one that has a method '
            f"batch: on_device=dict({name}=[dict(type='LogSTFT')])"
        )
    return batch


def _check_complete(
    inputs: Mapping[str, Sequence[Tensor]], samples: Sequence[Any]
) -> None:
    """Compare the inputs with what the samples say they loaded."""
    loaded = loaded_of(samples, inputs)
    names = dict.fromkeys(n for each in (inputs, *loaded) for n in each)
    for name in names:
        wanted = sum(name in each for each in loaded)
        found = len(inputs.get(name, ()))
        if wanted != found:
            raise ValueError(
                f'A batch holds {found} inputs of {name} for {wanted} samples '
                'that loaded it. Batches must hold the same modalities for '
                'all their samples, so write in train_dataloader:\n'
                "    batch_sampler=dict(type='RemixSampler'),\n"
                'or, if they are mixed on purpose:\n'
                "    collate_fn=dict(type='mmremix.multimodal_collate'),"
            )
