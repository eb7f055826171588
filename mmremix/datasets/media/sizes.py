"""Sizes of the frames of one clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmremix.datasets.media.errors import BrokenMediaError


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
