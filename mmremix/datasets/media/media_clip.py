"""One stream of a media file."""

from __future__ import annotations

import math
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

import av

from mmremix.datasets.media import container as containers
from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.media.segment import (
    EDGE_TOLERANCE,
    Span,
    clamp_segment,
)

if TYPE_CHECKING:
    from typing_extensions import Self

_SECOND = 1e6  # of a container's times
# Bytes of a file that may be gone through to find the end of a stream.
_SMALL = 32 * 2**20
# MPEG program streams stamp few packets, after a seek wrongly.
_NO_SEEK = ('mpeg',)


class MediaClip:
    """The first video or audio stream of a media file; a base class.

    Only this stream is decoded. A context manager: the file is open inside
    the ``with`` block only.

    Args:
        path: The media file.

    Raises:
        BrokenMediaError: On entering, if the file cannot be opened or has no
            such stream.
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
            self._span = _from_zero(
                self._declared_span() or self._measure()[0]
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
            measured, _ = self._measure()
            longest = max(known, measured, key=lambda span: span.end)
            self._span = _from_zero(longest)
        return clamp_segment(self.path, start, end, self.span)

    def _open(self) -> None:
        """Open the file, again if it is open, to read from its start."""
        self._stack.close()
        self._enter(self.kind)
        if not self._is_described():
            self._stack.close()
            self._enter(None)
        self._stream: Any = self._pick_stream()
        self._tick = float(self._stream.time_base)
        self._origin = (self._container.start_time or 0) / _SECOND
        self._at_start = True
        self._seekable = self._container.format.name not in _NO_SEEK

    def _enter(self, kind: str | None) -> None:
        self._container = self._stack.enter_context(
            containers.open_container(self.path, kind)
        )

    def _is_described(self) -> bool:
        streams = self._own_streams()
        if not streams or streams[0].codec_context is None:
            return False
        context = streams[0].codec_context
        return bool(
            context.sample_rate if self.kind == 'audio' else context.width
        )

    def _own_streams(self) -> list[Any]:
        return [
            stream
            for stream in self._container.streams
            if stream.type == self.kind
            # The cover picture of a song is no video.
            and not stream.disposition & av.stream.Disposition.attached_pic
        ]

    def _pick_stream(self) -> Any:
        streams = self._own_streams()
        if not streams:
            raise BrokenMediaError.of(
                self.path,
                f'has no {self.kind} stream',
                'Take the sample out of the annotation or, if this is meant, '
                f"drop the modality '{self.kind}'.",
            )
        if streams[0].codec_context is None:
            raise BrokenMediaError.of(
                self.path, f'FFmpeg has no decoder for its {self.kind}'
            )
        return streams[0]

    def _seconds(self, ticks: int) -> float:
        return ticks * self._tick - self._origin

    def _ticks(self, seconds: float) -> int:
        # Down, but not where a float is just below a whole number.
        return math.floor((seconds + self._origin) / self._tick + 1e-3)

    def _go_to(self, time: float) -> None:
        """Read on from a key frame at or before ``time``, if possible.

        The caller checks where this leads: not all containers have an index.
        """
        if self._seekable and time > self.span.start and self._jump(time):
            self._at_start = False
        elif not self._at_start:
            self._open()

    def _jump(self, time: float) -> bool:
        """Whether the container can go there."""
        try:
            self._container.seek(self._ticks(time), stream=self._stream)
        except av.FFmpegError:
            return False
        return True

    def _declared_span(self) -> Span | None:
        stream, container = self._stream, self._container
        start = 0.0
        if stream.start_time is not None:
            start = self._seconds(stream.start_time)
        if stream.duration:
            end = start + stream.duration * self._tick
        elif 'DURATION' in stream.metadata:  # Matroska
            end = _clock(stream.metadata['DURATION']) - self._origin
        elif container.duration:
            end = container.duration / _SECOND
            small = os.path.getsize(self.path) <= _SMALL
            if small and len(container.streams) > 1:
                # That of the longest stream (Flash, some WebM). If the file
                # is all there, then this stream ends where its packets do.
                measured, last = self._measure()
                if last > end - EDGE_TOLERANCE:
                    return measured
        else:
            return None
        return Span(start, end) if end > start else None

    def _measure(self) -> tuple[Span, float]:
        """Span of the stream and end of the file; nothing is decoded."""
        if not self._at_start:
            self._open()
        starts, ends, last = [], [], 0.0
        with containers.decoding(self.path):
            for packet in self._container.demux():
                if packet.pts is None or packet.time_base is None:
                    continue
                tick = float(packet.time_base)
                end = (packet.pts + (packet.duration or 0)) * tick
                last = max(last, end - self._origin)
                if packet.stream_index == self._stream.index:
                    starts.append(packet.pts * tick - self._origin)
                    ends.append(end - self._origin)
        self._open()
        if not starts:
            raise BrokenMediaError.of(
                self.path,
                f'its {self.kind} stream is empty or has no time stamps',
                'Convert the file, for example to .mp4 with ffmpeg.',
            )
        return Span(min(starts), max(ends)), last


def _from_zero(span: Span) -> Span:
    """Without what is before 0 s, as the start of an MP3 by rounding."""
    return Span(max(0.0, span.start), span.end)


def _clock(text: str) -> float:
    """Seconds of ``hours:minutes:seconds``, 0 if it is something else."""
    try:
        hours, minutes, seconds = map(float, text.split(':'))
    except ValueError:
        return 0.0
    return 3600 * hours + 60 * minutes + seconds
