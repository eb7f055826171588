"""Where decoded frames of sound start, and the sound put together of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.media.segment import EDGE_TOLERANCE

# Seconds of silence before sound that starts later than the picture. More is
# a time stamp that is wrong.
_LONGEST_LEAD = 60.0


class FrameGrid(NamedTuple):
    """Where frames start: at ``phase``, and every ``length`` samples."""

    phase: int
    length: int

    @classmethod
    def of(cls, starts: Sequence[int], shortest: int) -> FrameGrid | None:
        """Grid of the first frames, if they are on one.

        The first frame does not count, it may have lost its start.
        """
        length = starts[2] - starts[1]
        lengths = {b - a for a, b in pairwise(starts[1:])}
        if lengths != {length} or length <= shortest:
            return None
        return cls(starts[1], length)

    def nearest(self, position: int, tolerance: int) -> int | None:
        """Start of a frame at a position that was rounded, if it is one."""
        number = round((position - self.phase) / self.length)
        start = self.phase + number * self.length
        return start if abs(start - position) <= tolerance else None


class Timeline:
    """Samples ``first`` up to, not including, ``last`` of a stream.

    Where no frame is, there is silence: before sound that starts late, and in
    holes (packets that are missing, edit lists). Frames that overlap what is
    there already lose that part.

    Args:
        path: The file, for messages.
        rate: Samples per second.
        first: Samples after 0 s.
        last: Samples after 0 s.

    Attributes:
        end: Up to which sample all is known; None before the first frame.
    """

    def __init__(self, path: str, rate: int, first: int, last: int) -> None:
        self.end: int | None = None
        self._path = path
        self._rate = rate
        self._first = first
        self._last = last
        self._pieces = [np.zeros(0, np.float32)]
        self._in_holes = 0
        self._frames = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing more is needed.

        The second frame shows whether the first one's time is true.
        """
        return (
            self._frames > 1
            and self.end is not None
            and self.end >= self._last
        )

    def place(self, begin: int, length: int) -> slice | None:
        """Note a frame; what of it is to be added, None if nothing is.

        Args:
            begin: Its first sample.
            length: Its number of samples.

        Raises:
            BrokenMediaError: On a hole of at least 0.5 s in what is wanted,
                or if the frame starts at least 0.5 s before the last one
                ended.
        """
        if begin != self.end:
            self._skip_to(begin)
        assert self.end is not None
        self._frames += 1
        known = max(self._first, self.end)
        self.end = max(self.end, begin + length)
        wanted = slice(max(0, known - begin), self._last - begin)
        return wanted if wanted.start < min(wanted.stop, length) else None

    def add(self, samples: np.ndarray) -> None:
        """Add what :meth:`place` asked for."""
        self._pieces.append(samples)

    def finish(self) -> np.ndarray:
        """The samples, float32 (T,); fewer if the stream ends earlier."""
        if 2 * self._in_holes > self._last - self._first:
            raise BrokenMediaError.of(
                self._path,
                f'{self._in_holes} of {self._last - self._first} samples at '
                f'{self._first / self._rate:.3f} s are missing',
            )
        return np.concatenate(self._pieces)

    def _skip_to(self, begin: int) -> None:
        if self.end is None:
            if begin > max(self._first, _LONGEST_LEAD * self._rate):
                raise BrokenMediaError.of(
                    self._path,
                    f'its sound starts {begin / self._rate:.3f} s late',
                    "Set 'start' of this sample to where its sound starts.",
                )
            self._fill(self._first, begin)
            self.end = begin
            return
        off = begin - self.end
        is_wanted = self.end < self._last and begin > self._first
        if off <= -EDGE_TOLERANCE * self._rate or (
            off >= EDGE_TOLERANCE * self._rate and is_wanted
        ):
            raise BrokenMediaError.of(
                self._path,
                f'its sound jumps from {self.end / self._rate:.3f} to '
                f'{begin / self._rate:.3f} s: packets are missing, or their '
                'time stamps are wrong',
                "Set 'start' and 'end' of this sample to a part without.",
            )
        if off > 0:
            self._in_holes += self._fill(max(self._first, self.end), begin)
            self.end = begin

    def _fill(self, begin: int, end: int) -> int:
        """Add silence; how many samples of it are wanted."""
        length = max(0, min(end, self._last) - begin)
        self._pieces.append(np.zeros(length, np.float32))
        return length
