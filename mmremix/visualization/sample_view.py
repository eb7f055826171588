"""What the pipeline of a config makes of its clips, ready to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmremix.datasets.bases import Compose
from mmremix.datasets.labels import label_indices
from mmremix.datasets.multimodal_dataset import MultimodalDataset
from mmremix.datasets.remix_index import RemixIndex, sample_seed
from mmremix.datasets.stand_ins import REPLACES
from mmremix.datasets.transforms import (
    ForModality,
    KaldiFbank,
    LoadSpectrogram,
)
from mmremix.utils.padded import Padded

_TURNED = (KaldiFbank, LoadSpectrogram)  # (time, frequency)


@dataclass
class SampleView:
    """What is drawn of one sample.

    Attributes:
        info: Lines of text.
        pictures: For each modality of images, RGB or grey (H, W[, 3]),
            0 to 255.
        waveform: Samples and rate, as they were before the spectrogram.
        spectrogram: (frequency, time).
    """

    info: list[str] = field(default_factory=list)
    pictures: dict[str, list[np.ndarray]] = field(default_factory=dict)
    waveform: tuple[np.ndarray, int] | None = None
    spectrogram: np.ndarray | None = None


def view_samples(
    dataset: MultimodalDataset,
    indices: Sequence[int],
    seed: int = 0,
    active: tuple[str, ...] | None = None,
) -> list[SampleView]:
    """Load samples through the data set's pipeline and keep what to draw.

    Args:
        dataset: With its pipeline; left as it was.
        indices: Which samples.
        seed: Of the augmentation.
        active: Modalities that the samples keep. Defaults to all.

    Raises:
        IndexError: If there is no such sample.
    """
    kept: dict[str, dict[str, Any]] = {}
    parts = [
        part
        for part in dataset.pipeline.transforms
        if isinstance(part, ForModality)
    ]
    originals = [part.transforms for part in parts]
    outputs = {part.modality: (part.output, part.transforms) for part in parts}
    try:
        for part, original in zip(parts, originals, strict=True):
            part.transforms = Compose(
                [*original.transforms, _recording(part.modality, kept)]
            )
        views = []
        for index in indices:
            if not 0 <= index < len(dataset):
                raise IndexError(
                    f'no sample {index}: the data set has {len(dataset)}, '
                    'counted from 0.'
                )
            kept.clear()
            key = RemixIndex(index, active, sample_seed(seed, 0, index))
            data = dataset[key]
            views.append(_view(dataset, index, data, kept, outputs))
        return views
    finally:
        for part, original in zip(parts, originals, strict=True):
            part.transforms = original


def _recording(
    modality: str, kept: dict[str, dict[str, Any]]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A last step that keeps what the others made."""

    def run(results: dict[str, Any]) -> dict[str, Any]:
        kept[modality] = results
        return results

    return run


def _view(
    dataset: MultimodalDataset,
    index: int,
    data: dict[str, Any],
    kept: dict[str, dict[str, Any]],
    outputs: dict[str, tuple[str, Any]],
) -> SampleView:
    sample = data['data_samples']
    meta = sample.metainfo
    view = SampleView([f'#{index}  {_short(str(meta.get("clip", "")))}'])
    if 'gt_label' in sample:
        classes = dataset.metainfo.get('classes') or ()
        for label in label_indices(sample.gt_label.numpy()):
            name = classes[label] if label < len(classes) else ''
            view.info.append(f'label {label}: {name}')
    info = dataset.get_data_info(index)
    if 'start' in info or 'end' in info:
        begin, end = (
            f'{info[key]:.2f}' if key in info else ''
            for key in ('start', 'end')
        )
        view.info.append(f'segment {begin} - {end} s')
    view.info.append(
        f'active: {", ".join(meta.get("active_modalities", data["inputs"]))}'
    )
    if REPLACES in meta:
        view.info.append(f'stands in for broken #{meta[REPLACES][0]}')
    for modality, (output, steps) in outputs.items():
        local = kept.get(modality)
        if local is None:
            continue
        if 'waveform' in local:
            view.waveform = (local['waveform'], local['sample_rate'])
        loaded = data['inputs'][modality]
        value = np.asarray(
            loaded.values if isinstance(loaded, Padded) else loaded
        )
        if output == 'spectrogram':
            image = value.reshape(value.shape[-2:])
            if any(isinstance(step, _TURNED) for step in steps.transforms):
                image = image.T
            view.spectrogram = image
        elif value.ndim >= 2:
            view.pictures[modality] = to_pictures(
                value, local.get('img_norm_cfg')
            )
        else:
            view.info.append(f'{modality}: {value.shape}')
    return view


def to_pictures(
    value: np.ndarray, norm: dict[str, Any] | None = None
) -> list[np.ndarray]:
    """Pictures of an input, ready to be shown.

    Args:
        value: (N, C, H, W), (N, C, T, H, W), or (C, H, W) and (H, W), whose
            channels are pictures of their own. Values outside of 0 to 255,
            or not above 1, are stretched: 0 keeps its grey level in all
            pictures of the sample.
        norm: ``img_norm_cfg`` of ``mmaction.Normalize``, to be undone.
    """
    values = value.astype(np.float32)
    if values.ndim == 5:  # frames first
        values = values.transpose(0, 2, 1, 3, 4)
        values = values.reshape(-1, *values.shape[2:])
    if values.ndim == 4 and values.shape[1] == 3:
        values = values.transpose(0, 2, 3, 1)
    else:
        values = values.reshape(-1, *values.shape[-2:])
    if norm is not None and values.ndim == 4:
        values = values * np.float32(norm['std']) + np.float32(norm['mean'])
    elif values.min() < 0 or values.max() <= 1 or values.max() > 256:
        reach = float(np.abs(values).max()) or 1.0
        values = 127.5 + 127.5 * values / reach
    return list(values.round().clip(0, 255).astype(np.uint8))


def _short(path: str) -> str:
    parts = path.replace('\\', '/').split('/')
    return '/'.join(parts[-2:])
