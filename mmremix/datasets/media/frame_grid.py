"""Where the frames of a stream start, by which a seek is checked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


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
