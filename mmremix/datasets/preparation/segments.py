"""Where a segment lies in the file that was found for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_TRIMMED = 0.5  # seconds that a trimmed file may be longer than its segment
_ENDS = 1.0  # seconds that a whole video may be shorter than a segment's end


class Listed(NamedTuple):
    """A segment of a video, as a list names it.

    Attributes:
        start: Seconds from the start of the whole video.
        end: Seconds from there.
        by_name: Whether the file is named after the segment, and not after
            the video alone.
        of: How many segments of this video the lists name.
    """

    start: float
    end: float
    by_name: bool = False
    of: int = 1


def settle(
    listed: Listed, duration: float | None
) -> tuple[dict[str, float], str | None]:
    """Tell a trimmed file from the whole video, by its duration.

    - As long as the segment or shorter, up to 0.5 s more: the file was cut
      already, and is taken as a whole. If its name is that of the video, and
      the lists have several segments of it, it cannot be told which.
    - Longer, and it reaches the end of the segment (less 1 s, as lists are
      rounded): the whole video; the segment is cut out of it.
    - Longer than the segment and too short for its end: a file named after
      its segment was cut loosely, and is taken as a whole; another one
      cannot be used.

    Args:
        listed: What the list says.
        duration: Of the file, in seconds, measured.

    Returns:
        ``start`` and ``end`` in the file, empty for all of it; and the
        reason why the file cannot be used, or None.
    """
    length = listed.end - listed.start
    if duration is None or duration <= length + _TRIMMED:
        if listed.of > 1 and not listed.by_name:
            return {}, (
                f'which of the {listed.of} segments of the video this is '
                'cannot be told from its name'
            )
        return {}, None
    if duration >= listed.end - _ENDS:
        end = min(listed.end, duration)
        return {'start': listed.start, 'end': end}, None
    if listed.by_name:
        return {}, None
    return {}, (
        f'lasts {duration:g} s, too long for the segment of {length:g} s and '
        f'too short for the whole video, of which it ends at {listed.end:g} s'
    )


def outside(row: Mapping[str, Any], duration: float | None) -> str | None:
    """Why a segment is not in its clip; half a second is let pass."""
    for key in ('start', 'end'):
        time = float(row.get(key) or 0)
        if duration is not None and time > duration + 0.5 * (key == 'end'):
            return f'{key} at {time} s is after the end at {duration} s'
    return None
