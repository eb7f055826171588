"""Sample formats, sample rates and cutting of waveforms."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np
from av.filter import Graph

from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.media.segment import EDGE_TOLERANCE, Span

_FLOATS = ('flt', 'fltp')
_FILTER_REACH = 64  # samples
# The resampler is given so many at a time; of 10 s in one piece it takes
# three times as long.
_PIECE = 2**15
# Full scale and zero of the integer sample formats, by numpy dtype.
_FULL_SCALE = {'uint8': (2**7, 2**7), 'int16': (2**15, 0), 'int32': (2**31, 0)}


def to_float(samples: np.ndarray) -> np.ndarray:
    """Samples as float32, full scale 1; also of 8, 16 and 32-bit integers.

    Raises:
        TypeError: On another type.
    """
    if samples.dtype.kind == 'f':
        with np.errstate(over='ignore'):  # is refused as infinite
            return samples.astype(np.float32)
    if samples.dtype.name not in _FULL_SCALE:
        raise TypeError(f'samples of type {samples.dtype}')
    scale, zero = _FULL_SCALE[samples.dtype.name]
    return ((samples.astype(np.float64) - zero) / scale).astype(np.float32)


def frame_to_mono(frame: av.AudioFrame) -> np.ndarray:
    """Mean of all channels of a decoded frame, float32 (T,).

    The mean, not FFmpeg's own down-mix, which makes equal channels of float
    samples louder by 3 dB.
    """
    if frame.layout.nb_channels == 1 and frame.format.name in _FLOATS:
        # A view; to_ndarray takes longer than decoding.
        plane = memoryview(frame.planes[0])
        return np.frombuffer(plane, np.float32, frame.samples)
    samples = frame.to_ndarray()
    if not frame.format.is_planar:  # (1, T * C), channels alternate
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    floats = to_float(samples)
    if len(floats) == 1:
        first: np.ndarray = floats[0]
        return first
    with np.errstate(over='ignore', invalid='ignore'):
        mono: np.ndarray = floats.mean(axis=0)
    return mono


def resample(waveform: np.ndarray, old_rate: int, new_rate: int) -> np.ndarray:
    """Change the sample rate with FFmpeg's resampler.

    Args:
        waveform: float32 (T,).
        old_rate: Its samples per second.
        new_rate: Those of the result.

    Returns:
        float32, about ``T * new_rate / old_rate`` samples; the first one is
        at the time of the first one of ``waveform``.
    """
    if old_rate == new_rate or not len(waveform):
        return waveform
    samples = np.ascontiguousarray(waveform)[None]
    time_base = Fraction(1, old_rate)
    # What av.AudioResampler does, without its thread for each processor.
    graph = Graph()
    graph.threads = 1
    source = graph.add_abuffer(
        sample_rate=old_rate,
        format='flt',
        layout='mono',
        time_base=time_base,
    )
    resampler = graph.add('aresample', str(new_rate))
    graph.link_nodes(source, resampler, graph.add('abuffersink')).configure()
    pieces = [waveform[:0]]
    for first in range(0, len(waveform), _PIECE):
        frame = av.AudioFrame.from_ndarray(
            samples[:, first : first + _PIECE], format='flt', layout='mono'
        )
        frame.sample_rate, frame.pts = old_rate, first
        frame.time_base = time_base
        graph.push(frame)
        _drain(graph, pieces)
    graph.push(None)
    _drain(graph, pieces)
    return np.concatenate(pieces)


def _drain(graph: Graph, pieces: list[np.ndarray]) -> None:
    # Until it waits for more (BlockingIOError) or is at its end.
    with suppress(av.EOFError, av.BlockingIOError):
        while True:
            pieces.append(graph.pull().to_ndarray()[0])


def check_finite(
    path: str, waveform: np.ndarray, start: float, rate: int
) -> None:
    """Raise :class:`BrokenMediaError` on NaN or infinite samples.

    Args:
        path: The file.
        waveform: float32 (T,).
        start: When it starts in the file, in seconds.
        rate: Its samples per second.
    """
    is_bad = ~np.isfinite(waveform)
    if is_bad.any():
        time = start + int(is_bad.argmax()) / rate
        raise BrokenMediaError.of(
            path,
            f'{int(is_bad.sum())} of {waveform.size} samples are NaN or '
            f'infinite, the first at {time:.3f} s',
        )


def cut(
    path: str,
    fetch: Callable[[int, int], np.ndarray],
    segment: Span,
    clip_start: float,
    old_rate: int,
    new_rate: int,
) -> np.ndarray:
    """Cut a segment out of a source of samples and resample it.

    Args:
        path: The file, for messages.
        fetch: ``fetch(first, last)`` gives samples ``first`` up to, not
            including, ``last``, those of them that there are. Sample 0 is at
            0 s.
        segment: What to cut, in seconds.
        clip_start: Where the source starts, in seconds.
        old_rate: Samples per second of the source.
        new_rate: Samples per second of the result.

    Returns:
        float32 (T,), ``round(length * new_rate)`` samples; fewer if the
        source ends earlier.

    Raises:
        BrokenMediaError: If at least 0.5 s or more than half of the segment
            is missing, or a sample is not finite.
    """
    length = segment.end - segment.start
    first = round(segment.start * old_rate)
    last = first + math.ceil(length * old_rate)
    before = after = 0
    if old_rate != new_rate:
        # The filter looks at neighbours on both sides. A whole number of
        # samples at either rate, so that the grid stays.
        unit = old_rate // math.gcd(old_rate, new_rate)
        after = unit * math.ceil(_FILTER_REACH / unit)
        available = max(0, first - round(clip_start * old_rate))
        before = min(after, available // unit * unit)
    samples = fetch(first - before, last + after)
    begin = max(first - before, round(clip_start * old_rate)) / old_rate
    check_finite(path, samples, begin, old_rate)
    skip = before * new_rate // old_rate
    wanted = round(length * new_rate)
    waveform = resample(samples, old_rate, new_rate)[skip : skip + wanted]
    if old_rate != new_rate:
        # Sums of samples near the largest float.
        check_finite(path, waveform, segment.start, new_rate)
    missing = wanted - len(waveform)
    if wanted == 0 or (
        missing >= EDGE_TOLERANCE * new_rate or missing > wanted / 2
    ):
        raise BrokenMediaError.of(
            path,
            f'cut off: {len(waveform)} of {wanted} samples of the segment '
            f'{segment} s are there, at {new_rate} Hz',
        )
    return waveform
