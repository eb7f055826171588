"""Frames of a clip, at which times and of which size they are packed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import av
import cv2
import numpy as np

from mmremix.datasets.media import (
    BrokenMediaError,
    FrameFolder,
    VideoClip,
    open_video,
)
from mmremix.datasets.media.container import decoding, open_container
from mmremix.datasets.media.packed import PackedVideo
from mmremix.datasets.media.segment import Span
from mmremix.datasets.packing.job import PackJob
from mmremix.datasets.packing.options import PackOptions

_EPSILON = 1e-6
_CHUNK = 32  # frames decoded at once, 200 MB of 1080p


class SourceFrames:
    """Frames of a job's segment, as the options want them.

    Args:
        job: Clip and segment.
        options: Size and rate.

    Attributes:
        span: The segment, cut to the clip.
        clip_span: First and last instant of the whole video.
        times: When each frame appears, seconds of the clip, ascending. The
            first one is on display at the start of the segment.

    Raises:
        BrokenMediaError: If the clip cannot be read.
    """

    def __init__(self, job: PackJob, options: PackOptions) -> None:
        self._job = job
        self._options = options
        with self._open() as clip:
            if isinstance(clip, PackedVideo):
                raise BrokenMediaError.of(job.clip, 'is packed already')
            self.span = clip.segment(job.start, job.end)
            self.clip_span = clip.span
        starts = self._starts(clip)
        first = np.searchsorted(starts, self.span.start + _EPSILON, 'right')
        last = np.searchsorted(starts, self.span.end - _EPSILON, 'left')
        begin = max(0, int(first) - 1)
        self.times = starts[begin : max(begin + 1, int(last))]
        following = starts[begin + 1 : begin + 1 + len(self.times)]
        if len(following) < len(self.times):
            following = np.append(following, self.clip_span.end)
        # In the middle of its time on display, a frame is beyond doubt. The
        # last one's time may end before it starts, as some containers say.
        self._middles = np.maximum(
            (self.times + following) / 2, self.times + _EPSILON
        )

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Frames, uint8 RGB (H, W, 3), all of one size."""
        shape = None
        with self._open() as clip:
            for begin in range(0, len(self), _CHUNK):
                times = self._middles[begin : begin + _CHUNK].tolist()
                for image in clip.frames_at(times):
                    resized = shrink(image, self._options.short_side)
                    shape = shape or resized.shape
                    if resized.shape != shape:
                        raise BrokenMediaError.of(
                            self._job.clip,
                            f'its frames change size, {shape} to '
                            f'{resized.shape}',
                        )
                    yield resized

    def _open(self) -> VideoClip | FrameFolder | PackedVideo:
        return open_video(self._job.clip, self._options.frame_rate)

    def _starts(self, clip: VideoClip | FrameFolder) -> np.ndarray:
        """When the frames of the whole clip appear."""
        fps = self._options.fps
        if fps is None:
            if isinstance(clip, FrameFolder):
                fps = clip.frame_rate or 1.0
            else:
                return _stamps(self._job.clip, self.clip_span)
        return _grid(self.clip_span, fps)


def shrink(image: np.ndarray, short_side: int | None) -> np.ndarray:
    """Scale an image down to a shorter side, if it is larger."""
    height, width = image.shape[:2]
    if short_side is None or min(height, width) <= short_side:
        return image
    scale = short_side / min(height, width)
    size = (round(width * scale), round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _grid(span: Span, fps: float) -> np.ndarray:
    count = max(1, math.ceil((span.end - span.start) * fps - _EPSILON))
    return span.start + np.arange(count) / fps


def _stamps(path: str, span: Span) -> np.ndarray:
    """Time stamps of all frames; nothing is decoded."""
    with open_container(path) as container, decoding(path):
        stream = next(
            stream
            for stream in container.streams.video
            # The cover picture of a song is no video.
            if not stream.disposition & av.stream.Disposition.attached_pic
        )
        if container.format.name == 'avi':
            # Says when frames are stored, not when they are shown.
            rate = stream.average_rate
            return _grid(span, float(rate) if rate else 25.0)
        origin = (container.start_time or 0) / 1e6
        tick = float(stream.time_base or 0)
        stamps = {
            packet.pts * tick - origin
            for packet in container.demux(stream)
            if packet.pts is not None and packet.size
        }
    if not stamps:
        raise BrokenMediaError.of(
            path,
            'its frames have no time stamps',
            'Pack it at a fixed rate: --fps 25.',
        )
    return np.array(sorted(stamps))
