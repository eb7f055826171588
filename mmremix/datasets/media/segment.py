"""Segments of clips, in seconds."""

from __future__ import annotations

import math
from typing import NamedTuple

from mmremix.datasets.media.errors import BrokenMediaError

# By how much a segment may reach past its clip, and a decoded stream may stay
# short of what its container declares. Tracks of one clip often differ by
# some frames; annotations are rounded.
EDGE_TOLERANCE = 0.5


class Span(NamedTuple):
    """From ``start`` up to, not including, ``end``."""

    start: float
    end: float

    def __str__(self) -> str:
        return f'{self.start:.3f}-{self.end:.3f}'


def clamp_segment(
    path: str, start: float | None, end: float | None, clip: Span
) -> Span:
    """Cut a segment to the clip it lies in.

    A segment may reach past the clip by less than :data:`EDGE_TOLERANCE`
    (0.5 s) on either side; that part is cut off. None stands for the clip's
    own start or end.

    Raises:
        BrokenMediaError: On a segment that is not a span of time (negative,
            not finite, no length), that lies outside of the clip, or that
            reaches past it by more than the tolerance.
    """
    first = clip.start if start is None else float(start)
    last = clip.end if end is None else float(end)
    segment = Span(first, last)
    if not math.isfinite(first) or not math.isfinite(last):
        cause = 'has a bound that is not finite'
    elif start is not None and first < 0:
        cause = 'starts before 0'
    elif start is not None and first >= clip.end:
        cause = 'starts after the end of the clip'
    elif last <= first:
        cause = 'has no length'
    elif last <= clip.start:
        cause = 'ends before the clip starts'
    elif first <= clip.start - EDGE_TOLERANCE:
        cause = f'starts {clip.start - first:.3f} s before the clip'
    elif last >= clip.end + EDGE_TOLERANCE:
        cause = f'ends {last - clip.end:.3f} s after the clip'
    else:
        return Span(max(first, clip.start), min(last, clip.end))
    raise BrokenMediaError.of(
        path,
        f'the segment {segment} s {cause}, which spans {clip} s',
        "Correct 'start' and 'end' of this sample, in seconds; they may be "
        f'past the clip by less than {EDGE_TOLERANCE} s.',
    )
