"""One stream of a media file."""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

import av

from mmremix.datasets.media import container as containers
from mmremix.datasets.media.segment import (
    EDGE_TOLERANCE,
    Span,
    clamp_segment,
)
from mmremix.datasets.media.stream_span import (
    SECOND,
    find_span,
    format_of,
    measure,
    tick_of,
)

if TYPE_CHECKING:
    from typing_extensions import Self

# Not in all versions of PyAV.
_DISCARD: Any = getattr(av.stream, 'Discard', None)


class MediaClip(ABC):
    """The first video or audio stream of a media file; a base class.

    Only this stream is decoded. A context manager: the file is open inside
    the ``with`` block only.

    Args:
        path: The media file.

    Raises:
        BrokenMediaError: On entering, if the file cannot be opened, has no
            such stream, or claims what no clip has (a size, a rate).
    """

    kind: ClassVar[str]

    def __init__(self, path: str) -> None:
        self.path = str(path)
        self._stack = ExitStack()
        self._span: Span | None = None

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    @property
    def span(self) -> Span:
        """First and last instant of the stream, in seconds."""
        if self._span is None:
            with containers.decoding(self.path):
                self._span = self._on_clock(
                    find_span(
                        self.path, self.kind, self._container, self._stream
                    )
                )
        return self._span

    def segment(self, start: float | None, end: float | None) -> Span:
        """Cut a segment to this clip, see :func:`clamp_segment`.

        Raises:
            BrokenMediaError: If the segment is not inside the clip.
        """
        known = self.span
        late = (start or 0.0) >= known.end
        if late or (end or 0.0) >= known.end + EDGE_TOLERANCE:
            # Before it is refused: some containers declare too little.
            state = os.stat(self.path)
            measured, _ = measure(
                self.path, self.kind, (state.st_size, state.st_mtime_ns)
            )
            longest = max(known, measured, key=lambda span: span.end)
            self._span = self._on_clock(longest)
        return clamp_segment(self.path, start, end, self.span)

    def _on_clock(self, span: Span) -> Span:
        """Without what is before 0 s, as the start of an MP3 by rounding."""
        return Span(max(0.0, span.start), span.end)

    def _open(self) -> None:
        """Open the file, again if it is open, to read from its start."""
        self._stack.close()
        with containers.decoding(self.path):
            self._container, self._stream = self._stack.enter_context(
                containers.open_stream(self.path, self.kind)
            )
            self._pass_over_others()
            self._tick = tick_of(self._stream)
            self._origin = (self._container.start_time or 0) / SECOND
            self._check()
        self._at_start = True

    def _pass_over_others(self) -> None:
        """Skip the bytes of other streams, where an index says where."""
        if _DISCARD is None or format_of(self._container) != 'mov':
            return
        for other in self._container.streams:
            if other.index != self._stream.index:
                other.discard = _DISCARD.all

    @abstractmethod
    def _check(self) -> None:
        """Refuse what no clip has."""

    def _seconds(self, ticks: int) -> float:
        return ticks * self._tick - self._origin

    def _ticks(self, seconds: float) -> int:
        # Down, but not where a float is just below a whole number.
        return math.floor((seconds + self._origin) / self._tick + 1e-3)

    def _rewind(self) -> None:
        """Read on from the start of the file."""
        if not self._at_start:
            self._open()

    def _jump(self, time: float) -> bool:
        """Read on from a key frame before ``time``; False if it cannot.

        The caller checks where this leads: not all containers have an index.
        """
        try:
            self._container.seek(self._ticks(time), stream=self._stream)
        except (av.FFmpegError, OverflowError):
            return False
        self._at_start = False
        return True
