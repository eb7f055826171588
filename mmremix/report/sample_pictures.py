"""Frames and spectrograms of training samples, as data addresses."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib import colormaps
from mmengine.config import Config
from PIL import Image

from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.registry import DATASETS
from mmremix.report.run_data import RunData
from mmremix.utils.errors import ConfigError
from mmremix.utils.plain_config import check_types
from mmremix.visualization.sample_view import SampleView, view_samples

_MAX_FRAMES = 6
_HEIGHT = 96  # pixels
_SPANS = 160


@dataclass
class SamplePictures:
    """Pictures of one sample; absent ones are empty.

    Attributes:
        frames: For each modality of images, a strip of frames.
        spectrogram: Frequency upwards, time to the right.
        waveform: Lowest and highest sample of equal spans of time, and the
            seconds in all.
    """

    frames: dict[str, str] = field(default_factory=dict)
    spectrogram: str = ''
    waveform: tuple[np.ndarray, np.ndarray, float] | None = None


def load_pictures(
    run: RunData, indices: Sequence[int], data_root: str | None = None
) -> tuple[dict[int, SamplePictures], str]:
    """Load samples as they are scored, through the run's own config.

    Args:
        run: With records.
        indices: Which samples.
        data_root: Where the data set is on this machine. Defaults to the
            place in the config.

    Returns:
        The pictures, and why some are missing (empty if none is).
    """
    try:
        wanted = _scoring_dataset(run.config, data_root)
        if not run.trusted:
            source = str(run.config.filename or run.work_dir)
            check_types(wanted, source, 'train_dataloader.dataset')
        dataset = DATASETS.build(wanted)
    except (OSError, ValueError, TypeError, LookupError, ImportError) as error:
        # A file that is not there is no mistake in the config.
        is_missing = isinstance(error, FileNotFoundError)
        if isinstance(error, ConfigError) and not is_missing:
            return {}, f'No samples are shown: {error}'
        return {}, (
            'The clips are not on this machine, or not where the config says '
            f'(--data-root names another place): {_first_line(error)}'
        )
    if run.records and dataset.fingerprint() != run.records.fingerprint:
        return {}, (
            'The data set that the config names is no longer the one that '
            'the run was trained on (its samples, labels or classes differ): '
            'no pictures are shown.'
        )
    pictures, problem = {}, ''
    for index in indices:
        try:
            (view,) = view_samples(dataset, [index])
        except (BrokenMediaError, OSError, ValueError) as error:
            problem = f'Sample #{index}: {_first_line(error)}'
            continue
        if any(line.startswith('stands in') for line in view.info):
            problem = f'Sample #{index} is broken and was skipped.'
            continue
        pictures[index] = _encode(view)
    return pictures, problem


def _scoring_dataset(cfg: Config, data_root: str | None) -> dict[str, Any]:
    """The training samples with the evaluation pipeline."""
    dataset = dict(cfg['train_dataloader']['dataset'])
    for name in ('val_dataloader', 'test_dataloader'):
        loader = cfg.get(name) or {}
        if 'pipeline' in (loader.get('dataset') or {}):
            dataset['pipeline'] = loader['dataset']['pipeline']
            break
    dataset['test_mode'] = True
    if data_root is not None:
        dataset['data_root'] = data_root
    return dataset


def _encode(view: SampleView) -> SamplePictures:
    found = SamplePictures()
    for name, frames in view.pictures.items():
        keep = np.linspace(0, len(frames) - 1, min(len(frames), _MAX_FRAMES))
        shown = [frames[round(i)] for i in keep]
        found.frames[name] = _address(np.concatenate(shown, axis=1))
    if view.spectrogram is not None:
        values = np.asarray(view.spectrogram, dtype=float)
        low, high = np.nanpercentile(values, [1, 99])
        scaled = (values - low) / ((high - low) or 1.0)
        colours = colormaps['magma'](np.clip(scaled[::-1], 0, 1))
        found.spectrogram = _address((255 * colours[..., :3]).astype('u1'))
    if view.waveform is not None and len(view.waveform[0]):
        samples, rate = view.waveform
        spans = np.array_split(samples, min(_SPANS, len(samples)))
        found.waveform = (
            np.array([span.min() for span in spans]),
            np.array([span.max() for span in spans]),
            len(samples) / rate,
        )
    return found


def _address(picture: np.ndarray) -> str:
    image = Image.fromarray(picture)
    if image.height > _HEIGHT:
        width = max(round(image.width * _HEIGHT / image.height), 1)
        image = image.resize((width, _HEIGHT))
    data = io.BytesIO()
    image.save(data, 'JPEG', quality=85)
    return 'data:image/jpeg;base64,' + base64.b64encode(
        data.getvalue()
    ).decode('ascii')


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
