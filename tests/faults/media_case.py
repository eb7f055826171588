"""One hostile clip and what must become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BOTH = ('video', 'audio')

READ = 'read'
REFUSED = 'refused'
EITHER = 'read or refused'


@dataclass(frozen=True)
class MediaCase:
    """One hostile clip and what must become of it.

    Attributes:
        name: What is wrong with it.
        clip: The file or folder.
        expected: For each modality that is tried, :data:`READ` (frames and
            sound as in a whole clip), :data:`REFUSED` (a
            ``BrokenMediaError`` that names the file) or :data:`EITHER`.
        reason: Regular expression that the refusal matches.
        audio: File of the sound, if not in the clip.
        start: Segment, in seconds.
        end: Segment, in seconds.
        size: Height and width of the frames, if they are to be checked.
        zeros: Seconds of zeros that the sound may hold.
    """

    name: str
    clip: str
    expected: Mapping[str, str]
    reason: str = ''
    audio: str = ''
    start: float | None = None
    end: float | None = None
    size: tuple[int, int] | None = (48, 64)
    zeros: float = 0.02
