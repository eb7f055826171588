"""Encode clips, equal input to equal bytes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np

from mmremix.demo.classes import FPS, RATE


def pick_encoder(wanted: Iterable[str] = ('libx264', 'mpeg4')) -> str:
    """The first video encoder that this PyAV has.

    Raises:
        RuntimeError: If there is none.
    """
    wanted = list(wanted)
    for name in wanted:
        try:
            av.Codec(name, 'w')
        except ValueError:  # av.codec.codec.UnknownCodecError
            print(f'This PyAV has no encoder {name!r}.', file=sys.stderr)
            continue
        if name != wanted[0]:
            print(f'Video is written with {name!r} instead.', file=sys.stderr)
        return name
    raise RuntimeError(
        f'PyAV {av.__version__} has none of the video encoders {wanted}. '
        "Install a wheel that has: pip install --force-reinstall 'av'"
    )


def write_clip(
    path: Path, frames: np.ndarray, sound: np.ndarray, encoder: str
) -> None:
    """Encode one clip; the file appears under its name only when whole.

    Args:
        path: The MP4 file to write.
        frames: uint8, shape (T, H, W, 3).
        sound: float32 in [-1, 1], shape (samples,).
        encoder: Video encoder, as from :func:`pick_encoder`.
    """
    part = path.with_name(f'.{path.name}.part')
    # Equal input must give equal bytes: no time stamps or version strings, one
    # thread, and no macroblock tree over B frames, which lets x264's output
    # depend on what was in memory before (seen on frames as small as these).
    options = {'fflags': '+bitexact'}
    with av.open(str(part), 'w', format='mp4', options=options) as out:
        tune = {'preset': 'veryfast', 'tune': 'zerolatency', 'crf': '26'}
        if encoder != 'libx264':
            tune = {'qmin': '3', 'qmax': '6'}
        video: Any = out.add_stream(
            encoder, rate=FPS, options={'flags': '+bitexact', **tune}
        )
        video.width, video.height = frames.shape[2], frames.shape[1]
        video.pix_fmt = 'yuv420p'
        video.codec_context.thread_count = 1
        audio: Any = out.add_stream(
            'aac', rate=RATE, layout='mono', options={'flags': '+bitexact'}
        )
        audio.codec_context.bit_rate = 48000
        for index, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format='rgb24')
            frame.pts = index
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        wave = av.AudioFrame.from_ndarray(
            sound[None], format='fltp', layout='mono'
        )
        wave.sample_rate, wave.pts = RATE, 0
        out.mux(audio.encode(wave))
        out.mux(audio.encode(None))
    os.replace(part, path)
