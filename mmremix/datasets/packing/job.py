"""One packed file to be made."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from mmremix.datasets.media.source_frames import SourceFrames
from mmremix.datasets.packing.options import PackOptions


@dataclass(frozen=True)
class PackJob:
    """A clip, or a segment of one, and the name of its packed copy.

    Args:
        clip: Media file or folder of images.
        audio: File with the sound, if it is not in the clip.
        start: Seconds; None is the start of the clip.
        end: Seconds; None is its end.
        root: Folder that names are relative to.
    """

    clip: str
    audio: str | None = None
    start: float | None = None
    end: float | None = None
    root: str = ''

    @property
    def name(self) -> str:
        """Path of the copy below the output folder, without its ending.

        Tells all that a job is made of, so that two jobs never share a file:
        ``speaker/a.mp4_0.5-1.25``.
        """
        name = _inside(self.clip, self.root)
        if (self.start, self.end) != (None, None):
            name += f'_{_number(self.start)}-{_number(self.end)}'
        if self.audio:
            audio = _inside(self.audio, self.root)
            name += '_' + hashlib.sha256(audio.encode()).hexdigest()[:8]
        return name

    @property
    def sources(self) -> list[str]:
        """Files (or image folders) that the copy is made from."""
        return [self.clip, self.audio] if self.audio else [self.clip]

    def frames(self, options: PackOptions) -> SourceFrames:
        """Frames of the segment, as the options want them.

        Raises:
            BrokenMediaError: If the clip cannot be read, or is packed.
        """
        return SourceFrames(
            *(self.clip, self.start, self.end),
            short_side=options.short_side,
            fps=options.fps,
            frame_rate=options.frame_rate,
        )


def _inside(path: str, root: str) -> str:
    relative = os.path.relpath(path, root or '.').replace(os.sep, '/')
    # Nothing is written outside of the output folder.
    return relative.replace('../', '__/')


def _number(value: float | None) -> str:
    return '' if value is None else repr(round(value, 6))
