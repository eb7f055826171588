"""Inputs of the sizes that a test pipeline makes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from torch import Tensor

from mmremix.apis.clip_pipeline import ClipPipeline
from mmremix.apis.row_pipeline import build_rows, has_rows
from mmremix.datasets.remix_index import RemixIndex, sample_seed
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded

_SECONDS, _FPS, _RATE = 12, 10, 48000
_LOOK_AT = 16  # rows, for those of several lengths
_SIZE = (256, 340)  # height and width


def example_inputs(
    dataset_cfg: Mapping[str, Any],
    modalities: Sequence[str],
    clip: Mapping[str, Any] | None = None,
) -> dict[str, Tensor | Padded]:
    """Two samples as the pipeline makes them of a clip.

    Args:
        dataset_cfg: The config's ``test_dataloader.dataset``.
        modalities: Those of the model.
        clip: As for ``AVInferencer``. Defaults to noise of 12 s, 340x256. Of
            arrays and tables, none: the first row with all modalities.

    Returns:
        ``(2, ...)`` for each modality; ``Padded`` where samples keep their
        length.

    Raises:
        ValueError: If the pipeline cannot make them of this clip.
        ConfigError: If rows have no size of their own, or none is complete.
    """
    if has_rows(dataset_cfg):
        if clip:
            raise ConfigError(
                f'clip={dict(clip)}: the config tests on rows of arrays or '
                'of a table, whose first row gives the sizes. Leave it out '
                '(on the command line, --clip).'
            )
        return _row_inputs(dataset_cfg, modalities)
    pipeline = ClipPipeline(dataset_cfg, modalities, blank_is_missing=False)
    with tempfile.TemporaryDirectory() as folder:
        given = dict(clip or {'clip': _noise_clip(Path(folder, 'noise.mp4'))})
        sample = pipeline(given)
    missing = sample['data_samples'].metainfo['missing']
    error = sample['data_samples'].metainfo.get('error')
    if missing or error:
        reasons = '; '.join(f'{k}: {v}' for k, v in missing.items()) or error
        raise ValueError(
            f'The test pipeline cannot make its inputs of '
            f'{given["clip"] if clip else "a made-up .mp4 clip"}: {reasons}. '
            'Name a clip of the data: clip=dict(clip=..., audio=...), on the '
            'command line --clip and --audio.'
        )
    return {
        name: torch.stack([value, value])
        for name, value in sample['inputs'].items()
    }


def _row_inputs(
    dataset_cfg: Mapping[str, Any], modalities: Sequence[str]
) -> dict[str, Tensor | Padded]:
    dataset = build_rows(dataset_cfg, modalities)
    presence = dataset.presence()
    rows = np.arange(len(dataset))
    if presence is not None:
        columns = [dataset.modalities.index(name) for name in modalities]
        rows = np.flatnonzero(presence[:, columns].all(axis=1))
    if not len(rows):
        raise ConfigError(
            f'{dataset.ann_file}: no row of the test data has all of '
            f'{list(modalities)}, so the sizes of inputs are not known. Name '
            "a file with one: test_dataloader=dict(dataset=dict(ann_file='"
            "...'))"
        )
    samples = [
        dataset[RemixIndex(int(i), tuple(modalities), sample_seed(0, 0, 0))]
        for i in rows[:_LOOK_AT]
    ]
    made: dict[str, Tensor | Padded] = {}
    for name in modalities:
        values = [sample['inputs'][name] for sample in samples]
        sequences = [value for value in values if isinstance(value, Padded)]
        if sequences:
            # Two lengths, if there are.
            ends = sorted(sequences, key=len)
            made[name] = Padded.stack([ends[-1], ends[0]])
            continue
        shapes = {tuple(value.shape) for value in values}
        if len(shapes) > 1:
            raise ConfigError(
                f'{dataset.ann_file}: rows of {name!r} are of several '
                'lengths, and make no batch. Give them a length: in a '
                f'TableDataset modalities=dict({name}=dict(length=128)), or '
                'length=None with an encoder that takes a mask; in an '
                f'ArrayDataset padded=[{name!r}], with such an encoder too.'
            )
        made[name] = torch.stack([values[0], values[0]])
    return made


def random_inputs(
    example: Mapping[str, Tensor | Padded], batch: int, seed: int
) -> dict[str, Tensor | Padded]:
    """Random samples like the example's, in size, type and spread.

    Sequences are of several lengths, the longest of a length that depends on
    the batch; behind their ends are random numbers too.
    """
    generator = torch.Generator().manual_seed(seed)
    made: dict[str, Tensor | Padded] = {}
    for name, value in example.items():
        if isinstance(value, Padded):
            steps = max(2, value.shape[1] + batch - 2)
            values = _random(
                value.values[value.mask],
                (batch, steps, *value.shape[2:]),
                generator,
            )
            ends = torch.randint(1, steps + 1, (batch,), generator=generator)
            ends[0] = steps
            made[name] = Padded(values, torch.arange(steps) < ends[:, None])
        else:
            shape = (batch, *value.shape[1:])
            made[name] = _random(value, shape, generator)
    return made


def _random(
    like: Tensor, shape: tuple[int, ...], generator: torch.Generator
) -> Tensor:
    if like.is_floating_point():
        noise = torch.randn(shape, generator=generator, dtype=like.dtype)
        return like.mean() + (like.std() + 1e-3) * noise
    low, high = int(like.min()), int(like.max())
    return torch.randint(
        *(low, high + 1, shape), generator=generator, dtype=like.dtype
    )


def _noise_clip(path: Path) -> str:
    rng = np.random.default_rng(0)
    with av.open(str(path), 'w') as container:
        video = container.add_stream('libx264', rate=_FPS)
        video.height, video.width = _SIZE
        video.pix_fmt = 'yuv420p'
        video.options = {'preset': 'ultrafast'}
        audio = container.add_stream('aac', rate=_RATE, layout='mono')
        for i in range(_SECONDS * _FPS):
            image = rng.integers(0, 256, (*_SIZE, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format='rgb24')
            frame.pts, frame.time_base = i, Fraction(1, _FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        for first in range(0, _SECONDS * _RATE, 1024):
            noise = rng.uniform(-0.5, 0.5, (1, 1024)).astype(np.float32)
            sound = av.AudioFrame.from_ndarray(noise, 'fltp', 'mono')
            sound.sample_rate, sound.pts = _RATE, first
            sound.time_base = Fraction(1, _RATE)
            container.mux(audio.encode(sound))
        container.mux(audio.encode())
    return str(path)
