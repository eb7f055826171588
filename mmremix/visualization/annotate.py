"""Copies of clips with a prediction below the picture."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.media.container import decoding, open_container
from mmremix.datasets.media.source_frames import SourceFrames

_TICKS = 90000  # per second
_WIDTH = 320  # pixels, at least
_SHORT_SIDE = 480  # pixels, at most
_JITTER = 0.05  # seconds by which sound may seem late
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def annotate_clip(entry: Mapping[str, Any], target: str | Path) -> None:
    """Write the whole clip, with its sound and its prediction.

    A panel below the picture shows the first class of each prediction, for
    a segment only while it lasts. Pictures are scaled to be readable.

    Args:
        entry: Prediction as ``AVInferencer`` gives it.
        target: ``.mp4`` file to write; it is there whole or not at all.

    Raises:
        BrokenMediaError: If the clip is no media file with a video, or
            cannot be read to its end.
    """
    clip = entry['clip']
    if os.path.isdir(clip):
        raise BrokenMediaError.of(clip, 'a folder, which has no rate')
    source = SourceFrames(clip, short_side=_SHORT_SIDE)
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f'.{target.name}.tmp')
    try:
        with av.open(str(unfinished), 'w', format='mp4') as container:
            _write(container, source, entry)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def prediction_lines(entry: Mapping[str, Any]) -> list[str]:
    """What the panel says: a line for each prediction."""
    lines = [
        f'{name}: {best[0]["class"]}  {best[0]["score"]:.0%}'
        for name, best in entry['topk'].items()
    ]
    return lines + [f'{name}: missing' for name in entry['missing']]


def _write(
    container: Any, source: SourceFrames, entry: Mapping[str, Any]
) -> None:
    frames = iter(source)
    image = next(frames)
    lines = prediction_lines(entry)
    scale = math.ceil(_WIDTH / image.shape[1])
    width = image.shape[1] * scale // 2 * 2
    shown = _panel(lines, width)
    hidden = np.zeros_like(shown)
    length = source.span.end - source.span.start
    video = container.add_stream(
        'libx264',
        rate=Fraction(len(source) / max(length, 1e-3)).limit_denominator(1001),
    )
    video.width, video.pix_fmt = width, 'yuv420p'
    video.height = image.shape[0] * scale // 2 * 2 + len(shown)
    video.codec_context.time_base = Fraction(1, _TICKS)
    video.codec_context.max_b_frames = 0
    sound = _Sound(entry, container)
    pts = -1
    for time in source.times:
        # Two frames at one time, or before the start, would not be muxed.
        pts = max(pts + 1, round(float(time) * _TICKS))
        begin, end = entry.get('start', -math.inf), entry.get('end', math.inf)
        panel = shown if begin <= time < end else hidden
        container.mux(video.encode(_frame(image, scale, panel, pts)))
        image = next(frames, image)
    container.mux(video.encode())
    for packets in sound:
        container.mux(packets)


class _Sound:
    """Encode the sound of a clip anew; nothing if it has none."""

    def __init__(self, entry: Mapping[str, Any], container: Any) -> None:
        self._path = entry.get('audio') or entry['clip']
        self._stream: Any = None
        if self._path.lower().endswith('.npy') or 'audio' in entry['missing']:
            return
        with open_container(self._path) as source:
            if not source.streams.audio:
                return
            found = source.streams.audio[0]
            rate = found.rate if found.rate in _AAC_RATES else 48000
            layout = 'mono' if found.layout.nb_channels == 1 else 'stereo'
        self._stream = container.add_stream('aac', rate=rate, layout=layout)

    def __iter__(self) -> Iterator[Sequence[Any]]:
        if self._stream is None:
            return
        context = self._stream.codec_context
        resampler = av.AudioResampler(
            format=context.format,
            layout=context.layout.name,
            rate=context.sample_rate,
            frame_size=context.frame_size or 1024,
        )
        with open_container(self._path) as source, decoding(self._path):
            origin = (source.start_time or 0) / 1e6
            following = 0
            for frame in source.decode(source.streams.audio[0]):
                following = _count_in_samples(frame, origin, following)
                for piece in resampler.resample(frame):
                    yield self._stream.encode(piece)
            for piece in resampler.resample(None):
                yield self._stream.encode(piece)
            yield self._stream.encode()


def _count_in_samples(
    frame: av.AudioFrame, origin: float, following: int
) -> int:
    """Give a frame of sound its place in samples, and return where it ends.

    Containers count in units as coarse as a frame (MP3 in AVI) or a
    millisecond: frames cut from these anew would share a time, which the
    muxer refuses. What is about where the frame before it ends begins there.

    Args:
        frame: Of the decoder; its time is changed.
        origin: Seconds at which the container starts.
        following: Where the frame before it ends.
    """
    rate = frame.sample_rate
    place = following
    if frame.pts is not None and frame.time_base is not None:
        told = round((frame.pts * float(frame.time_base) - origin) * rate)
        if told > following + _JITTER * rate or following == 0:
            place = max(told, following)
    frame.pts, frame.time_base = place, Fraction(1, rate)
    return place + int(frame.samples)


def _frame(
    image: np.ndarray, scale: int, panel: np.ndarray, pts: int
) -> av.VideoFrame:
    enlarged = image.repeat(scale, axis=0).repeat(scale, axis=1)
    enlarged = enlarged[: len(enlarged) // 2 * 2, : panel.shape[1]]
    frame = av.VideoFrame.from_ndarray(
        np.concatenate([enlarged, panel]), format='rgb24'
    )
    frame.pts = pts
    frame.time_base = Fraction(1, _TICKS)
    return frame


def _panel(lines: Sequence[str], width: int) -> np.ndarray:
    """White text on black, (H, width, 3), H even."""
    from matplotlib import get_data_path

    # Has more letters than OpenCV's fonts; matplotlib brings it along.
    file = Path(get_data_path(), 'fonts', 'ttf', 'DejaVuSans.ttf')
    size = max(14, width // 24)
    font = ImageFont.truetype(str(file), size)
    while size > 8 and max(map(font.getlength, lines)) > width - size:
        size -= 1
        font = ImageFont.truetype(str(file), size)
    step = size * 4 // 3
    height = (len(lines) * step + size) // 2 * 2
    image = Image.new('RGB', (width, height))
    draw = ImageDraw.Draw(image)
    for i, line in enumerate(lines):
        draw.text((size // 2, size // 2 + i * step), line, 'white', font)
    return np.asarray(image)
