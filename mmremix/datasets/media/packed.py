"""Clips packed as plain arrays, see :mod:`mmremix.datasets.packing`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.media.limits import check_picture, check_sound
from mmremix.datasets.media.packed_file import PackedFile, number, whole
from mmremix.datasets.media.segment import (
    EDGE_TOLERANCE,
    Span,
    clamp_segment,
)
from mmremix.datasets.media.waveform import cut

if TYPE_CHECKING:
    from typing_extensions import Self

_EPSILON = 1e-6
_SAMPLES = ('int16', 'float16', 'float32')
_LOUDEST = 1e6  # of what a sample of 1 stands for


class PackedClip(ABC):
    """One stream of a packed file; a base class and a context manager.

    Times are those of the clip it was made from, so that an annotation's
    segments stay as they are.

    Args:
        path: The packed file.

    Raises:
        BrokenMediaError: On entering, if the file is damaged or was packed
            without this stream.
    """

    kind: ClassVar[str]

    def __init__(self, path: str) -> None:
        self.path = str(path)
        self._arrays: dict[str, np.ndarray] = {}

    def __enter__(self) -> Self:
        self._file = PackedFile(self.path)
        header = self._file.header.get(self.kind)
        if header is None:
            raise BrokenMediaError.of(
                self.path,
                f'was packed without {self.kind}',
                f'Pack it again with --modalities ... {self.kind}, or drop '
                'the modality.',
            )
        with self._file.parsing():
            self.span = _span(header['span'])
            self._clip_span = _span(header['clip_span'])
            if (
                self.span.start < self._clip_span.start - EDGE_TOLERANCE
                or self.span.end > self._clip_span.end + EDGE_TOLERANCE
            ):
                raise ValueError(f'{self.span} is not in {self._clip_span} s')
            self._parse(header)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._arrays.clear()  # they keep the file open
        del self._file

    @abstractmethod
    def _parse(self, header: dict[str, Any]) -> None:
        """Take what the stream needs from the header."""

    def segment(self, start: float | None, end: float | None) -> Span:
        """Cut a segment to the clip; None is where the packed part ends.

        Raises:
            BrokenMediaError: If the segment is not inside the clip (see
                :func:`clamp_segment`), or not inside the packed part of it.
        """
        first = self.span.start if start is None else start
        last = self.span.end if end is None else end
        # Against the clip and not against what is packed of it: whoever
        # widens a segment must not silently get the narrow one.
        wanted = clamp_segment(
            self.path,
            None if first == self._clip_span.start else first,
            last,
            self._clip_span,
        )
        self._check_packed(*wanted)
        return Span(
            max(wanted.start, self.span.start), min(wanted.end, self.span.end)
        )

    def _check_packed(self, first: float, last: float) -> None:
        if (
            first < self.span.start - _EPSILON
            and self.span.start > self._clip_span.start
        ) or (
            last > self.span.end + _EPSILON
            and self.span.end < self._clip_span.end
        ):
            raise BrokenMediaError.of(
                self.path,
                f'only {self.span} s of the clip are packed, '
                f'{Span(first, last)} s are asked for',
                'Pack it again with a larger --margin.',
            )


class PackedVideo(PackedClip):
    """Frames of a packed clip, with the interface of ``VideoClip``."""

    kind = 'video'

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frames, in pixels."""
        height, width = self._arrays['frames'].shape[1:3]
        return int(width), int(height)

    @property
    def frame_rate(self) -> None:
        """Not kept: each packed frame has its own time."""
        return None

    def frames_at(self, times: Sequence[float]) -> list[np.ndarray]:
        """Frames on display; see ``VideoClip.frames_at``."""
        for time in times:
            if time >= self.span.end + EDGE_TOLERANCE:
                raise BrokenMediaError.of(
                    self.path,
                    f'the video ends at {self.span.end:.3f} s, a frame at '
                    f'{time:.3f} s is needed',
                )
            self._check_packed(time, time)
        positions = self._positions(times)
        frames = self._arrays['frames']
        return [frames[i].copy() for i in positions]

    def flow_at(
        self, times: Sequence[float], method: str, gap: float, bound: float
    ) -> np.ndarray | None:
        """Packed optical flow of the pairs that start at these times.

        Returns:
            float32 (N, 2, H, W) in pixels; None if none was packed, or of
            another method, gap or bound, or not as far as these times.
        """
        packed = self._file.header.get('flow')
        if packed != {'method': method, 'gap': gap, 'bound': bound}:
            return None
        positions = self._positions(times)
        frames, flow = self._arrays['frames'], self._file['flow']
        with self._file.parsing():
            height, width = frames.shape[1:3]
            if (
                flow.dtype != np.uint8
                or flow.shape[1:] != (2, height, width)
                or len(flow) > len(frames)
            ):
                raise ValueError(f'flow {flow.dtype} {flow.shape}')
        if max(positions) >= len(flow):
            return None
        levels = np.stack([flow[i] for i in positions]).astype(np.float32)
        return (levels - 128) * np.float32(bound / 127)

    def _parse(self, header: dict[str, Any]) -> None:
        frames, times = self._file['frames'], self._file['times']
        if (
            frames.dtype != np.uint8
            or frames.ndim != 4
            or frames.shape[3] != 3
            or times.shape != frames.shape[:1]
            or not frames.size
            or times.dtype != np.float64
        ):
            raise ValueError(
                f'frames {frames.dtype} {frames.shape}, times {times.dtype} '
                f'{times.shape}'
            )
        self._file.check('times')  # few bytes
        if (
            not np.isfinite(times).all()
            or (np.diff(times) <= 0).any()
            or times[0] >= self.span.end + EDGE_TOLERANCE
            or times[-1] >= self.span.end + EDGE_TOLERANCE
        ):
            raise ValueError(f'frames at other times than {self.span} s')
        check_picture(self.path, frames.shape[2], frames.shape[1])
        self._arrays.update(frames=frames, times=times)

    def _positions(self, times: Sequence[float]) -> list[int]:
        starts = self._arrays['times']
        found = np.searchsorted(starts, np.asarray(times) + _EPSILON, 'right')
        return [max(0, int(i) - 1) for i in found]


class PackedAudio(PackedClip):
    """Sound of a packed clip, with the interface of ``AudioClip``."""

    kind = 'audio'

    sample_rate: int
    """Samples per second in the file."""

    @property
    def channels(self) -> int:
        """1; packing keeps the mean of the clip's channels."""
        return 1

    def read(
        self,
        start: float | None = None,
        end: float | None = None,
        sample_rate: int | None = None,
    ) -> np.ndarray:
        """Read a segment; arguments and errors as of ``AudioClip.read``."""
        return cut(
            self.path,
            self._samples,
            self.segment(start, end),
            self._first / self.sample_rate,
            self.sample_rate,
            sample_rate or self.sample_rate,
        )

    def _samples(self, begin: int, end: int) -> np.ndarray:
        first = self._first
        stored = self._arrays['samples']
        piece = stored[max(0, begin - first) : max(0, end - first)]
        return piece.astype(np.float32) * self._scale

    def _parse(self, header: dict[str, Any]) -> None:
        self.sample_rate = whole(header['sample_rate'], 1)
        check_sound(self.path, self.sample_rate)
        self._first = whole(header['first'], 0)
        scale = number(header['scale'])
        samples = self._file['samples']
        if (
            not 0 < scale < _LOUDEST
            or samples.ndim != 1
            or samples.dtype.name not in _SAMPLES
        ):
            raise ValueError(
                f'samples {samples.dtype} {samples.shape}, scale {scale}'
            )
        start = self._first / self.sample_rate
        end = start + len(samples) / self.sample_rate
        if (
            abs(start - self.span.start) >= EDGE_TOLERANCE
            or end <= self.span.end - EDGE_TOLERANCE
            or 2 * (end - start) < self.span.end - self.span.start
        ):
            raise ValueError(
                f'samples of {start:.3f}-{end:.3f} s for {self.span} s'
            )
        self._scale = np.float32(scale)
        self._arrays['samples'] = samples


def _span(value: Sequence[object]) -> Span:
    start, end = map(number, value)
    if not 0 <= start < end:
        raise ValueError(f'from {start} to {end} s')
    return Span(start, end)
