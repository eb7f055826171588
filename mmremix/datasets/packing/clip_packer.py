"""Encode clips anew, small, as ``.mp4``."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np

from mmremix.datasets.media import open_audio
from mmremix.datasets.media.container import open_container
from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.media.source_frames import SourceFrames
from mmremix.datasets.packing.job import PackJob
from mmremix.datasets.packing.options import PackOptions

_TICKS = 90000  # per second; MPEG's own, holds usual rates exactly
_LATE = 0.005  # seconds
_RECIPE = 'mmremix-pack '


def pack_clip(job: PackJob, options: PackOptions, target: str) -> None:
    """Read a job's segment and encode it; it starts at 0 s in the copy.

    Args:
        job: Clip and segment.
        options: What to keep and how to encode it.
        target: ``.mp4`` file to write.

    Raises:
        BrokenMediaError: If the clip cannot be read.
    """
    # Both tracks count from the start of the segment. A track that starts
    # later than the clip does so in the copy too.
    begin = job.start or 0.0
    source = sound = None
    if 'video' in options.modalities:
        source = job.frames(options)
    if 'audio' in options.modalities:
        sound = _Sound(job, options)
    starts = [source.span.start] if source is not None else []
    starts += [sound.start] if sound is not None else []
    if min(starts) - begin > _LATE:
        # Containers have no empty start: readers would count from there.
        raise BrokenMediaError.of(
            job.clip,
            f'what is packed starts {min(starts) - begin:.3f} s after the '
            'clip or segment, which .mp4 cannot say',
            "Pack it with --format array, or correct 'start'.",
        )
    with av.open(target, 'w') as container:
        container.metadata['comment'] = _RECIPE + options.digest()
        frames = iter(source) if source is not None else iter(())
        image = next(frames, None)
        video: Any = None
        if image is not None and source is not None:
            video = _video_stream(container, image, source, options)
        audio: Any = None
        if sound is not None:
            audio = container.add_stream(
                options.audio_codec, rate=sound.rate, layout='mono'
            )
            if options.audio_codec == 'aac':
                audio.bit_rate = options.audio_bit_rate
        if video is not None and source is not None:
            ticks = [
                # What is on display at the start is so from the start.
                round(max(0.0, time - begin) * _TICKS)
                for time in source.times
            ]
            ends = [*ticks[1:], round((source.span.end - begin) * _TICKS)]
            lengths = dict(zip(ticks, np.subtract(ends, ticks), strict=True))
            for tick in ticks:
                packets = video.encode(_frame(image, tick))
                container.mux(_timed(packets, lengths))
                image = next(frames, None)
            container.mux(_timed(video.encode(), lengths))
        if sound is not None:
            _encode_sound(container, audio, sound, sound.start - begin)


def recipe_of(path: str) -> str | None:
    """Digest of the options that a packed ``.mp4`` was made with."""
    try:
        with open_container(path) as container:
            comment = container.metadata.get('comment', '')
    except BrokenMediaError:
        return None
    if not comment.startswith(_RECIPE):
        return None
    return comment[len(_RECIPE) :]


class _Sound:
    """Waveform of a job's segment."""

    def __init__(self, job: PackJob, options: PackOptions) -> None:
        with open_audio(
            job.audio or job.clip, options.npy_sample_rate
        ) as clip:
            self.start, end = clip.segment(job.start, job.end)
            self.rate = options.sample_rate or clip.sample_rate
            self.waveform = clip.read(self.start, end, self.rate)


def _video_stream(
    container: Any,
    image: np.ndarray,
    source: SourceFrames,
    options: PackOptions,
) -> Any:
    length = source.span.end - source.span.start
    rate = options.fps or max(1.0, len(source) / length)
    # Only a hint for the encoder; the time stamps count.
    stream = container.add_stream(
        'libx264', rate=Fraction(rate).limit_denominator(1001)
    )
    height, width = _even(image).shape[:2]
    stream.width, stream.height, stream.pix_fmt = width, height, 'yuv420p'
    context = stream.codec_context
    context.time_base = Fraction(1, _TICKS)
    context.gop_size = options.gop
    # With B-frames, .mp4 gives streams of uneven times a wrong length.
    context.max_b_frames = 0
    # One thread, so that the copy is the same on any machine; and no
    # macroblock tree, which with AVX-512 gives small pictures other bytes
    # in one of 50 runs.
    context.thread_count = 1
    stream.options = {
        'crf': str(options.crf),
        'preset': 'medium',
        'mbtree': '0',
    }
    return stream


def _timed(packets: list[Any], lengths: dict[int, Any]) -> list[Any]:
    """Say how long frames are shown; else the last one has no length."""
    for packet in packets:
        packet.duration = max(1, int(lengths.get(packet.pts, 1)))
    return packets


def _frame(image: np.ndarray | None, tick: int) -> av.VideoFrame:
    assert image is not None  # as many images as times
    planes = _to_yuv(_even(image))
    frame = av.VideoFrame.from_ndarray(planes, format='yuv420p')
    frame.pts = tick
    frame.time_base = Fraction(1, _TICKS)
    return frame


def _to_yuv(image: np.ndarray) -> np.ndarray:
    """Planes (3 * H / 2, W) of an RGB image, ITU-R BT.601, 16 to 235.

    Not FFmpeg's conversion, whose rounding depends on where in memory the
    image lies: copies would differ from run to run.
    """
    height, width = image.shape[:2]
    red, green, blue = np.moveaxis(image.astype(np.float32), 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = [16 + luma * np.float32(219 / 255)]
    for colour, weight in ((blue, 0.114), (red, 0.299)):
        scaled = (colour - luma) * np.float32(112 / 255 / (1 - weight))
        blocks = scaled.reshape(height // 2, 2, width // 2, 2)
        planes.append(128 + blocks.mean(axis=(1, 3)))
    flat = np.concatenate([plane.ravel() for plane in planes])
    levels: np.ndarray = np.rint(flat).astype(np.uint8)
    levels = levels.reshape(height * 3 // 2, width)
    return levels


def _even(image: np.ndarray) -> np.ndarray:
    """Without the last row and column where 4:2:0 colours do not allow it."""
    height, width = image.shape[:2]
    cut = image[: max(2, height // 2 * 2), : max(2, width // 2 * 2)]
    return np.ascontiguousarray(cut)


def _encode_sound(
    container: Any, stream: Any, sound: _Sound, delay: float
) -> None:
    context = stream.codec_context
    waveform = sound.waveform[None].clip(-1.0, 1.0)
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(waveform), format='flt', layout='mono'
    )
    frame.sample_rate = sound.rate
    frame.time_base = Fraction(1, sound.rate)
    frame.pts = round(max(0.0, delay) * sound.rate)
    resampler = av.AudioResampler(
        format=context.format,
        layout='mono',
        rate=sound.rate,
        frame_size=context.frame_size or 1024,
    )
    for piece in (*resampler.resample(frame), *resampler.resample(None)):
        container.mux(stream.encode(piece))
    container.mux(stream.encode())
