"""Sound stored as a numpy array."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmremix.datasets.media.errors import (
    BrokenMediaError,
    cannot_open,
    check_is_file,
)
from mmremix.datasets.media.segment import Span, clamp_segment
from mmremix.datasets.media.waveform import cut, to_float

if TYPE_CHECKING:
    from typing_extensions import Self


class WaveformFile:
    """A waveform in a ``.npy`` file, with the interface of ``AudioClip``.

    Args:
        path: File with a 1-D array: floats, or 8, 16 or 32-bit integers,
            which are scaled to -1..1.
        sample_rate: Its samples per second; the file does not say.

    Raises:
        BrokenMediaError: On entering, if the file holds something else.
        ValueError: If ``sample_rate`` is missing.
    """

    def __init__(self, path: str, sample_rate: int | None) -> None:
        self.path = str(path)
        if sample_rate is None:
            raise ValueError(
                f'{path}: a .npy file does not say its sample rate. Set it:\n'
                "    dict(type='DecodeAudio', npy_sample_rate=..., ...)"
            )
        self.sample_rate = int(sample_rate)

    def __enter__(self) -> Self:
        array = load_npy(self.path)
        if array.ndim != 1 or not array.size:
            raise BrokenMediaError.of(
                self.path,
                f'a waveform is 1-D and not empty, this array has the shape '
                f'{array.shape}',
                "Read 2-D features with dict(type='LoadSpectrogram').",
            )
        try:
            to_float(array[:1])
        except TypeError as error:
            raise BrokenMediaError.of(
                self.path, f'not a waveform, it has {error}'
            ) from error
        self._array = array
        return self

    def __exit__(self, *exc_info: object) -> None:
        del self._array

    @property
    def channels(self) -> int:
        """1; a waveform is 1-D."""
        return 1

    @property
    def span(self) -> Span:
        """0 to the end of the last sample, in seconds."""
        return Span(0.0, len(self._array) / self.sample_rate)

    def segment(self, start: float | None, end: float | None) -> Span:
        """Cut a segment to this waveform, see :func:`clamp_segment`."""
        return clamp_segment(self.path, start, end, self.span)

    def read(
        self,
        start: float | None = None,
        end: float | None = None,
        sample_rate: int | None = None,
    ) -> np.ndarray:
        """Read a segment; arguments and errors as of ``AudioClip.read``.

        Returns:
            float32 waveform (T,).
        """
        return cut(
            self.path,
            lambda first, last: to_float(self._array[first:last]),
            self.segment(start, end),
            0.0,
            self.sample_rate,
            sample_rate or self.sample_rate,
        )


def load_npy(path: str) -> np.ndarray:
    """Map a ``.npy`` file into memory; only what is used gets read.

    Raises:
        BrokenMediaError: If it is no such file or holds pickled objects.
    """
    check_is_file(path)
    try:
        with np.errstate(over='ignore'):  # of a shape that is refused
            array = np.load(path, mmap_mode='r', allow_pickle=False)
    except Exception as error:
        # numpy parses the header as Python: damage raises almost anything.
        raise cannot_open(path, str(error)) from error
    if not isinstance(array, np.ndarray):
        raise BrokenMediaError.of(path, 'an archive of arrays, not one array')
    return array
