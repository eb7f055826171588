"""What a clip may claim to be, before memory is taken for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmremix.datasets.media.errors import BrokenMediaError

MAX_PIXELS = 2**25
"""Pixels of a frame: 8192 x 4096, somewhat more than 8K."""

_SAMPLE_RATES = (1000, 1_000_000)
_MAX_CHANNELS = 256
_MAX_FRAME_RATE = 100_000


def check_sound(path: str, sample_rate: int, channels: int = 1) -> None:
    """Raise :class:`BrokenMediaError` on an absurd rate or many channels.

    At a billion samples a second, a second of sound is a nanosecond long,
    and resampling takes all memory there is.
    """
    low, high = _SAMPLE_RATES
    if not low <= sample_rate <= high:
        raise BrokenMediaError.of(
            path,
            f'its header claims {sample_rate} samples a second, not {low} to '
            f'{high}',
        )
    if not 1 <= channels <= _MAX_CHANNELS:
        raise BrokenMediaError.of(
            path,
            f'its header claims {channels} channels, not 1 to {_MAX_CHANNELS}',
        )


def check_picture(
    path: str, width: int, height: int, frame_rate: float | None = None
) -> None:
    """Raise :class:`BrokenMediaError` on an absurd size or frame rate."""
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise BrokenMediaError.of(
            path,
            f'its header claims frames of {width} x {height} (0: too large), '
            f'not 1 to {MAX_PIXELS} pixels',
        )
    if frame_rate is not None and frame_rate > _MAX_FRAME_RATE:
        raise BrokenMediaError.of(
            path,
            f'its header claims {frame_rate:.0f} frames a second, not up to '
            f'{_MAX_FRAME_RATE}',
        )


def check_one_size(path: str, images: Sequence[np.ndarray]) -> None:
    """Raise :class:`BrokenMediaError` unless all images have one size.

    Transforms crop all frames of a sample by the size of the first one, and
    would fail or cut wrongly, without the name of the file.
    """
    sizes = dict.fromkeys(image.shape[:2] for image in images)
    if len(sizes) > 1:
        listed = ', '.join(f'{width} x {height}' for height, width in sizes)
        raise BrokenMediaError.of(
            path,
            f'its frames differ in size ({listed})',
            'Convert it to one size, for example with ffmpeg.',
        )
