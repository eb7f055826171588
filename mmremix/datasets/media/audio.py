"""Sound of a media file."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mmremix.datasets.media.container import decoding
from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.media.limits import check_sound
from mmremix.datasets.media.media_clip import MediaClip
from mmremix.datasets.media.segment import Span
from mmremix.datasets.media.stream_span import STAMPED, format_of, is_plain
from mmremix.datasets.media.timeline import FrameGrid, Timeline
from mmremix.datasets.media.waveform import cut, frame_to_mono

# Seconds to decode before a segment: the first packets after a seek lack
# what they overlap with (AAC, MP3, Opus). Then more, if a seek went too far.
_BACK_OFF = (0.25, 2.0, 10.0)
_PRE_ROLL = 0.1  # of this much at least
_TOLD = 4  # frames that tell where all are
_NEAR = 0.5  # seconds from the start that are decoded sooner than skipped
# Time stamps may be rounded to milliseconds, and drift; below this, frames
# are one piece. Less than a frame of the common codecs is.
_JITTER = 0.018
# Containers whose time stamps tell of holes. Others only count.
_TELLING = (*STAMPED, 'mpeg', 'ogg', 'rm')
# Bare frames, counted from the start of the file on by their headers.
_COUNTED = ('mp3', 'aac', 'flac', 'amr', 'amrnb', 'amrwb')


class AudioClip(MediaClip):
    """The audio stream of a media file, read in segments.

    Sound keeps its time: of a stream that starts later than the picture, the
    time before is silence, and so are holes of less than 0.5 s (packets that
    are missing, edit lists).

    Example::

        with AudioClip('clip.mp4') as clip:
            waveform = clip.read(1.0, 2.0, sample_rate=16000)  # (16000,)
    """

    kind = 'audio'

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._grid: FrameGrid | None = None
        self._knows_grid = False

    @property
    def sample_rate(self) -> int:
        """Samples per second in the file."""
        return int(self._stream.rate)

    @property
    def channels(self) -> int:
        """Number of channels in the file; :meth:`read` gives their mean."""
        return int(self._stream.codec_context.channels)

    def read(
        self,
        start: float | None = None,
        end: float | None = None,
        sample_rate: int | None = None,
    ) -> np.ndarray:
        """Decode a segment, and no more than it needs.

        A segment lies where it is in the whole decoded file, to the sample.
        Time stamps after a seek are taken where the container stores them
        and frames lie on a grid; all else is decoded from the start on.

        Args:
            start: Seconds; None is 0.
            end: Seconds; None is the end of the stream. See
                :func:`clamp_segment` for the 0.5 s by which it may be past.
            sample_rate: Samples per second of the result. Defaults to those
                of the file.

        Returns:
            float32 waveform (T,), the mean of all channels.

        Raises:
            BrokenMediaError: If the segment is not inside the clip, the
                stream is damaged, has a hole of at least 0.5 s, at least
                0.5 s at the end or more than half of the segment is missing,
                or a sample is NaN or infinite.
        """
        segment = self.segment(start, end)
        rate = self.sample_rate
        return cut(
            self.path,
            self._samples,
            segment,
            self.span.start,
            rate,
            sample_rate or rate,
        )

    def _on_clock(self, span: Span) -> Span:
        # From 0 s on, the start of the picture; silence, if it starts later.
        return Span(0.0, span.end)

    def _open(self) -> None:
        super()._open()
        name = format_of(self._container)
        self._is_telling = name in _TELLING
        self._is_counted = (
            name in _COUNTED
            and (1 / self._stream.time_base) % self._stream.rate == 0
        )
        # Samples by which a stamp may be off that is rounded, as the first
        # one of the stream is.
        self._rate = self.sample_rate
        self._rounding = math.ceil(self._tick * self._rate) + 1
        self._jitter = int(_JITTER * self._rate)

    def _check(self) -> None:
        check_sound(self.path, self.sample_rate, self.channels)

    def _samples(self, first: int, last: int) -> np.ndarray:
        """Samples of the file ``first`` to ``last``, as far as there."""
        rate = self.sample_rate
        with decoding(self.path):
            grid = None
            if first / rate > _BACK_OFF[0] + _NEAR:
                if not self._knows_grid:
                    self._grid, self._knows_grid = self._find_grid(), True
                grid = self._grid
            for back in _BACK_OFF:
                if grid is None or not self._jump(first / rate - back):
                    break
                samples = self._decode(first, last, grid)
                if samples is not None:
                    return samples
            self._rewind()
            found = self._decode(first, last, None)
            assert found is not None
            return found

    def _find_grid(self) -> FrameGrid | None:
        """Where all frames start, if a seek can be checked by it."""
        if is_plain(self._container, self._stream):
            return FrameGrid(0, 1)
        name = format_of(self._container)
        if name not in STAMPED:
            return None
        if name == 'mov' and self._tick * self._rate == 1:
            return self._indexed_grid()
        self._rewind()
        self._at_start = False
        position, starts = None, []
        for packet in self._container.demux(self._stream):
            if packet.size == 0 or packet.is_corrupt:
                return None
            for frame in self._stream.decode(packet):
                position = self._next(position, frame)
                starts.append(position)
                position += frame.samples
            if len(starts) >= _TOLD:
                return FrameGrid.of(starts, 2 * self._rounding)
        return None

    def _indexed_grid(self) -> FrameGrid | None:
        """The same from an index that is exact."""
        index = self._stream.index_entries
        if len(index) < _TOLD:
            return None
        starts = [index[i].timestamp for i in range(_TOLD)]
        shift = round(self._origin * self._rate)
        return FrameGrid.of([start - shift for start in starts], 0)

    def _decode(
        self, first: int, last: int, grid: FrameGrid | None
    ) -> np.ndarray | None:
        """Read on up to ``last``.

        Args:
            first: First sample.
            last: After the last sample.
            grid: After a seek, where frames start; None at the start of the
                stream.

        Returns:
            The samples; None if the seek cannot be checked or went too far.
        """
        self._at_start = False
        rate = self.sample_rate
        latest = first - int(_PRE_ROLL * rate)
        skipped = first - int(_BACK_OFF[0] * rate)
        line = Timeline(self.path, rate, first, last)
        position: int | None = None  # of the next frame's first sample
        # Of plain samples, the part of a packet that is there is good.
        is_whole = not self._stream.codec_context.name.startswith('pcm_')
        for packet in self._container.demux(self._stream):
            if packet.size == 0:
                continue  # nothing to decode; not the end of the stream
            if packet.is_corrupt and is_whole:
                return line.finish()
            if (
                self._is_counted
                and packet.pts is not None
                and position is None
            ):
                end = self._seconds(packet.pts + (packet.duration or 0))
                if end * rate < skipped:
                    continue
            for frame in self._stream.decode(packet):
                if position is None and grid is not None:
                    position = self._after_seek(frame, grid)
                    if position is None or position > latest:
                        return None
                position = self._put(line, position, frame)
            if line.is_full:
                return line.finish()
        for frame in self._stream.decode(None):  # what is held back
            position = self._put(line, position, frame)
        return line.finish()

    def _put(self, line: Timeline, position: int | None, frame: Any) -> int:
        """Add a frame; position of the next one."""
        position = self._next(position, frame)
        samples: int = frame.samples
        wanted = line.place(position, samples)
        if wanted is not None:
            line.add(frame_to_mono(frame)[wanted])
        return position + samples

    def _after_seek(self, frame: Any, grid: FrameGrid) -> int | None:
        if frame.time is None:
            return None
        return grid.nearest(self._next(None, frame), self._rounding)

    def _next(self, position: int | None, frame: Any) -> int:
        """Where a frame starts that should start at ``position``."""
        rate = self._rate
        if frame.sample_rate != rate:
            raise BrokenMediaError.of(
                self.path,
                f'the sample rate changes from {rate} to '
                f'{frame.sample_rate} Hz inside the stream',
            )
        if position is not None and not self._is_telling:
            return position
        time = frame.time
        if time is None:
            return position or 0
        stamped: int = round((time - self._origin) * rate)
        if position is None:
            return stamped
        if abs(stamped - position) <= self._jitter:
            return position
        grid = FrameGrid(position, max(1, frame.samples))
        on_grid = grid.nearest(stamped, self._rounding)
        return stamped if on_grid is None else on_grid
