"""Sound files of one signal, whose packets may be left out or changed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

Edit = Callable[[int, Any], Any]


def noise(seconds: float, rate: int) -> np.ndarray:
    """Low-passed noise, float32: no two places are alike."""
    raw = np.random.default_rng(5).standard_normal(round(seconds * rate) + 40)
    soft = np.convolve(raw, np.hanning(41), 'valid')
    return (0.4 * soft / np.abs(soft).max()).astype(np.float32)


def write_sound(
    path: Path,
    signal: np.ndarray,
    codec: str,
    rate: int,
    muxer: str | None = None,
    edit: Edit | None = None,
    layout: str = 'mono',
) -> str:
    """Write a sound file; ``edit(number, packet)`` may change or drop one."""
    options = {'strict': 'experimental'} if codec == 'vorbis' else {}
    with av.open(str(path), 'w', format=muxer) as container:
        stream: Any = container.add_stream(
            codec, rate=rate, layout=layout, options=options
        )
        context = stream.codec_context
        context.open(strict=False)
        resampler = av.AudioResampler(
            context.format, layout, rate, context.frame_size or 1024
        )
        whole = av.AudioFrame.from_ndarray(
            signal[None].copy(), format='flt', layout='mono'
        )
        whole.sample_rate, whole.pts = rate, 0
        whole.time_base = Fraction(1, rate)
        frames = [*resampler.resample(whole), *resampler.resample(None), None]
        packets = [p for frame in frames for p in stream.encode(frame)]
        for number, packet in enumerate(packets):
            changed = packet if edit is None else edit(number, packet)
            if changed is not None:
                container.mux(changed)
    return str(path)


def emptied(packet: Any) -> Any:
    """A packet of no bytes at the same place."""
    new = av.Packet(b'')
    new.stream = packet.stream
    new.pts, new.dts = packet.pts, packet.dts
    new.duration, new.time_base = packet.duration, packet.time_base
    return new


def lag(part: np.ndarray, whole: np.ndarray, expected: int) -> int:
    """By how many samples a part lies off its place in the whole."""
    size = 2 ** (len(part) + len(whole)).bit_length()
    product = np.fft.rfft(whole, size) * np.fft.rfft(part, size).conj()
    match = np.fft.irfft(product, size)[: len(whole)]
    return int(match.argmax()) - expected
