"""Frames of a folder of images."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from mmremix.datasets.media.errors import (
    BrokenMediaError,
    cannot_open,
    check_is_file,
)
from mmremix.datasets.media.limits import check_one_size, check_picture
from mmremix.datasets.media.segment import Span, clamp_segment

if TYPE_CHECKING:
    from typing_extensions import Self

_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp')


class FrameFolder:
    """A folder of images, with the interface of :class:`VideoClip`.

    Images are taken in natural order, ``frame_2.jpg`` before
    ``frame_10.jpg``; other files are left alone.

    Args:
        path: The folder.
        frame_rate: Frames per second. Without it, times are positions: frame
            ``i`` covers ``i`` to ``i + 1``.

    Raises:
        BrokenMediaError: On entering, if the folder has no images.
        ValueError: If ``frame_rate`` is not positive.
    """

    def __init__(self, path: str, frame_rate: float | None = None) -> None:
        if frame_rate is not None and not frame_rate > 0:
            raise ValueError(f'frame_rate must be positive, got {frame_rate}.')
        self.path = str(path)
        self.frame_rate = frame_rate
        self._names: list[str] = []

    def __enter__(self) -> Self:
        try:
            names = os.listdir(self.path)
        except OSError as error:
            raise BrokenMediaError.of(
                self.path, f'no readable folder ({error})'
            ) from error
        self._names = sorted(
            (
                name
                for name in names
                if name.lower().endswith(_SUFFIXES) and name[0] != '.'
            ),
            key=_natural,
        )
        if not self._names:
            raise BrokenMediaError.of(
                self.path, f'a folder without images ({", ".join(_SUFFIXES)})'
            )
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._names = []

    @property
    def size(self) -> None:
        """Not known before an image is read; they may differ."""
        return None

    @property
    def span(self) -> Span:
        """0 to the end of the last frame, in seconds or positions."""
        return Span(0.0, len(self._names) / (self.frame_rate or 1.0))

    def segment(self, start: float | None, end: float | None) -> Span:
        """Cut a segment to this clip, see :func:`clamp_segment`.

        Raises:
            BrokenMediaError: If the segment is not inside the clip.
            ValueError: If there is a segment but no ``frame_rate``.
        """
        if self.frame_rate is None and (start, end) != (None, None):
            raise ValueError(
                f'{self.path}: a segment in seconds (start={start}, '
                f'end={end}) of a folder of images needs their rate. Set it:\n'
                "    dict(type='DecodeVideo', frame_rate=..., ...)"
            )
        return clamp_segment(self.path, start, end, self.span)

    def frames_at(self, times: Sequence[float]) -> list[np.ndarray]:
        """Frames that are on display at the given times.

        Returns:
            One uint8 RGB array (H, W, 3) for each time, none shared.

        Raises:
            BrokenMediaError: If an image cannot be read, or they are not all
                of one size.
        """
        last = len(self._names) - 1
        rate = self.frame_rate or 1.0
        # The small part is for times like 0.29 * 100.
        positions = [int(time * rate + 1e-6) for time in times]
        images = [
            read_image(
                os.path.join(
                    self.path, self._names[min(max(position, 0), last)]
                )
            )
            for position in positions
        ]
        check_one_size(self.path, images)
        return images


def read_image(path: str) -> np.ndarray:
    """An image file as uint8 RGB (H, W, 3).

    Raises:
        BrokenMediaError: If it cannot be read, or claims an absurd size.
    """
    check_is_file(path)
    try:
        # Not cv2.imread, which cannot open all names on Windows.
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise cannot_open(path, str(error)) from error
    return decode_image(data.tobytes(), path)


def decode_image(content: bytes, path: str) -> np.ndarray:
    """The same of a file's content; ``path`` names it in errors."""
    if content and _is_whole(content):
        data = np.frombuffer(content, np.uint8)
        try:
            _check_size(path, content)
            image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        except (cv2.error, OSError, SyntaxError, ValueError) as error:
            raise _damaged(path) from error
        if image is not None:
            return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    raise _damaged(path)


def _check_size(path: str, content: bytes) -> None:
    """Before memory is taken for it; only the header is read."""
    with warnings.catch_warnings():
        # Has a limit of its own, larger than ours.
        warnings.simplefilter('ignore', Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content)) as image:
                size = image.size
        except Image.DecompressionBombError as error:
            raise BrokenMediaError.of(path, str(error)) from error
    check_picture(path, *size)


def _damaged(path: str) -> BrokenMediaError:
    return cannot_open(path, 'the image is damaged')


def _is_whole(data: bytes) -> bool:
    """Whether an image has its end; OpenCV fills up what is missing."""
    if data.startswith(b'\xff\xd8'):  # JPEG: end after the last scan
        return data.rfind(b'\xff\xd9') > data.rfind(b'\xff\xda')
    if data.startswith(b'\x89PNG'):
        return b'IEND' in data
    return True


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key in which runs of digits count as numbers."""
    # Of our digits only: int() does not know all that \d and isdigit() do.
    parts = re.split('([0-9]+)', name)
    return [
        (int(part), part) if place % 2 else (-1, part)
        for place, part in enumerate(parts)
    ]
