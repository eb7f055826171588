"""Really encoded clips whose content tells the position in the clip.

The upper half of frame ``i`` shows ``i`` in binary, as eight black or white
blocks; the lower half is red on the left and blue on the right. The sound is
a chirp, at each instant of another frequency.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np


def coded_frame(number: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """RGB image (H, W, 3) of a frame number below 256."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    for bit in range(8):
        left, right = bit * width // 8, (bit + 1) * width // 8
        image[: height // 2, left:right] = 255 * (number >> bit & 1)
    image[height // 2 :, : width // 2, 0] = 255
    image[height // 2 :, width // 2 :, 2] = 255
    return image


def frame_number(image: np.ndarray) -> int:
    """Number that an image shows; fails unless the colours are right."""
    height, width = image.shape[:2]
    left = image[3 * height // 4, width // 4].astype(int)
    right = image[3 * height // 4, 3 * width // 4].astype(int)
    assert left[0] > 180 > 80 > left[2], f'not red: {left}'
    assert right[2] > 180 > 80 > right[0], f'not blue: {right}'
    columns = (2 * np.arange(8) + 1) * width // 16
    bits = image[height // 4, columns].mean(axis=1) > 127
    return int((bits << np.arange(8)).sum())


def chirp(times: np.ndarray) -> np.ndarray:
    """Sound of all clips at times in seconds, float32, amplitude 0.5."""
    phase = 2 * np.pi * (200 * times + 300 * times**2)
    sound: np.ndarray = (0.5 * np.sin(phase)).astype(np.float32)
    return sound


def shift(waveform: np.ndarray, rate: int, start: float) -> float:
    """By how many seconds a piece of the chirp lies off its place."""
    step = max(1, len(waveform) // 3000)  # some will do, from end to end
    times = (start + np.arange(len(waveform)) / rate)[::step]
    waveform = waveform[::step]
    # Least squares of chirp(t + d) against the waveform, over a fine grid.
    tries = np.linspace(-0.005, 0.005, 201)
    errors = [np.square(waveform - chirp(times + d)).mean() for d in tries]
    assert min(errors) < 0.01, 'the waveform is no chirp'
    return float(tries[int(np.argmin(errors))])


def write_clip(
    path: str | Path,
    *,
    fps: int = 25,
    size: tuple[int, int] = (64, 48),
    seconds: float = 2.0,
    with_video: bool = True,
    with_audio: bool = True,
    video_codec: str = 'libx264',
    audio_codec: str = 'aac',
    sample_rate: int = 16000,
    layout: str = 'mono',
    gop: int = 12,
    b_frames: int = 2,
    rotation: int = 0,
    frame_times: Sequence[float] | None = None,
    audio_start: float = 0.0,
    audio_seconds: float | None = None,
    muxer_options: dict[str, str] | None = None,
) -> str:
    """Write a clip and return its path.

    Args:
        frame_times: When each frame appears, for a variable rate.
        audio_start: By how much the sound starts later.
        audio_seconds: Length of the sound, if not that of the video.
    """
    options = muxer_options or {}
    with av.open(str(path), 'w', options=options) as container:
        video: Any = None
        audio: Any = None
        if with_video:
            video = container.add_stream(video_codec, rate=fps)
            video.width, video.height = size
            video.pix_fmt = 'yuv420p'
            video.codec_context.gop_size = gop
            video.codec_context.max_b_frames = b_frames
            if video_codec == 'libx264':
                video.options = {
                    'sc_threshold': '0',
                    'preset': 'veryfast',
                    # With AVX-512 it makes now and then another file.
                    'mbtree': '0',
                }
            if frame_times is not None:
                video.codec_context.time_base = Fraction(1, 1000)
            if rotation:
                video.set_display_rotation(rotation)
        if with_audio:
            audio = container.add_stream(
                audio_codec, rate=sample_rate, layout=layout
            )
        if video is not None:
            _encode_video(container, video, fps, size, seconds, frame_times)
        if audio is not None:
            length = seconds if audio_seconds is None else audio_seconds
            _encode_audio(container, audio, sample_rate, audio_start, length)
    return str(path)


def _encode_video(
    container: Any,
    stream: Any,
    fps: int,
    size: tuple[int, int],
    seconds: float,
    frame_times: Sequence[float] | None,
) -> None:
    if frame_times is None:
        ticks = list(range(round(seconds * fps)))
        base = Fraction(1, fps)
    else:
        ticks = [round(1000 * time) for time in frame_times]
        base = Fraction(1, 1000)
    for number, tick in enumerate(ticks):
        frame = av.VideoFrame.from_ndarray(
            coded_frame(number, size), format='rgb24'
        )
        frame.pts = tick
        frame.time_base = base
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _encode_audio(
    container: Any, stream: Any, rate: int, start: float, seconds: float
) -> None:
    context = stream.codec_context
    times = start + np.arange(round(seconds * rate)) / rate
    samples = np.tile(chirp(times), (context.layout.nb_channels, 1))
    frame = av.AudioFrame.from_ndarray(
        samples, format='fltp', layout=context.layout.name
    )
    frame.sample_rate = rate
    frame.pts = round(start * rate)
    frame.time_base = Fraction(1, rate)
    resampler = av.AudioResampler(
        format=context.format,
        layout=context.layout.name,
        rate=rate,
        frame_size=context.frame_size or 1024,
    )
    for piece in (*resampler.resample(frame), *resampler.resample(None)):
        container.mux(stream.encode(piece))
    container.mux(stream.encode())
