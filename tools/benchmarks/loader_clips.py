"""Clips for the loader benchmark: made up, given, and their packed copies."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from mmremix.datasets.packing import PackJob, PackOptions, pack_all
from mmremix.datasets.packing.packer import target

_FPS = 30
_RATE = 44100


def write_clips(
    folder: Path, num: int, size: tuple[int, int], seconds: float
) -> None:
    """H.264 and AAC clips (30 fps, 44.1 kHz mono) of a moving picture.

    Width and height, and the length, are those of CREMA-D's clips (480x360,
    about 2.5 s) by default. The picture has texture, motion and a little
    noise, so that it does not decode faster than a camera's.
    """
    for number in range(num):
        rng = np.random.default_rng(number)
        with av.open(str(folder / f'{number:03d}.mp4'), 'w') as container:
            video = container.add_stream('libx264', rate=_FPS)
            video.width, video.height = size
            video.pix_fmt = 'yuv420p'
            video.options = {'preset': 'veryfast'}
            audio = container.add_stream('aac', rate=_RATE, layout='mono')
            for i, image in enumerate(_pictures(rng, size, seconds)):
                frame = av.VideoFrame.from_ndarray(image, format='rgb24')
                frame.pts, frame.time_base = i, Fraction(1, _FPS)
                container.mux(video.encode(frame))
            container.mux(video.encode())
            for sound in _sound(rng, seconds):
                container.mux(audio.encode(sound))
            container.mux(audio.encode())


def _pictures(
    rng: np.random.Generator, size: tuple[int, int], seconds: float
) -> Any:
    width, height = size
    coarse = rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    scene = cv2.resize(coarse, (width + 64, height + 64))
    for i in range(round(seconds * _FPS)):
        left = round(32 + 20 * np.sin(i / 9))
        top = round(32 + 12 * np.cos(i / 7))
        image = scene[top : top + height, left : left + width].copy()
        mouth = (width // 10, 1 + round(height / 20 * (1 + np.sin(i / 2))))
        centre = (width // 2, 5 * height // 8)
        cv2.ellipse(image, centre, mouth, 0, 0, 360, (140, 30, 40), -1)
        noisy = image + rng.normal(0, 2, (height, width, 1))
        yield np.clip(noisy, 0, 255).astype(np.uint8)


def _sound(rng: np.random.Generator, seconds: float) -> list[av.AudioFrame]:
    times = np.arange(round(seconds * _RATE)) / _RATE
    tone = np.sin(2 * np.pi * (200 * times + 150 * times**2))
    samples = 0.3 * tone + 0.1 * rng.standard_normal(len(times))
    frame = av.AudioFrame.from_ndarray(
        samples.astype(np.float32)[None], format='fltp', layout='mono'
    )
    frame.sample_rate, frame.pts = _RATE, 0
    frame.time_base = Fraction(1, _RATE)
    resampler = av.AudioResampler('fltp', 'mono', _RATE, frame_size=1024)
    return [*resampler.resample(frame), *resampler.resample(None)]


def describe(path: str) -> dict[str, Any]:
    """Size, rate, length and codecs of a clip."""
    with av.open(path) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        if video.average_rate is None:
            raise SystemExit(f'{path} does not say its frame rate')
        return {
            'picture': f'{video.width}x{video.height}',
            'fps': round(float(video.average_rate), 2),
            'seconds': round((container.duration or 0) / 1e6, 2),
            'codecs': [video.codec_context.name, audio.codec_context.name],
            'sample_rate': audio.rate,
            'kilobytes': Path(path).stat().st_size // 1000,
        }


def pack(
    samples: list[dict[str, Any]], options: PackOptions, folder: str
) -> list[dict[str, Any]]:
    """The samples with their packed copies instead.

    Raises:
        SystemExit: If one of the clips is broken.
    """
    jobs = [
        PackJob(s['clip'], s.get('audio'), s.get('start'), s.get('end'))
        for s in samples
    ]
    report = pack_all(jobs, options, folder, progress=False)
    if report.broken:
        raise SystemExit(f'broken clips: {report.broken}')
    packed = []
    for sample, job in zip(samples, jobs, strict=True):
        new: dict[str, Any] = {
            'clip': target(job, options, folder),
            'label': sample['label'],
        }
        # An .mp4 copy holds the segment and starts at 0.
        if options.format == 'array':
            for key in ('start', 'end'):
                if key in sample:
                    new[key] = sample[key]
        packed.append(new)
    return packed
