"""When a stream starts and ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import av

from mmremix.datasets.media import container as containers
from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.media.segment import EDGE_TOLERANCE, Span

SECOND = 1e6
"""Of a container's times."""

STAMPED = ('mov', 'matroska', 'flv', 'mpegts', 'asf', 'nut')
"""Containers that store when each packet is, so that a seek can be checked;
the times of others are counted by FFmpeg, and wrong after a seek."""

# Samples of one size in one piece: a place in the file is a time.
_PLAIN = ('wav', 'w64', 'aiff', 'au', 'caf')
# Where a stream that is shorter than its header says is cut off. Of other
# files FFmpeg only guesses how long they are.
_CLAIMING = (*STAMPED, 'flac', 'caf', 'w64', 'aiff')
_XING = (b'Xing', b'Info', b'VBRI')  # headers of MP3 with a length
_XING_REACH = 2**16  # bytes; tags come before
# Always guessed, by the last time stamp.
_GUESSED = ('mpegts', 'mpeg')
# Bytes of a file that may be gone through to find the end of a stream.
_SMALL = 32 * 2**20
# Seconds. Headers within this know better: of what is cut off when decoding.
_AGREEING = 0.1
_TAIL = 1.0


def tick_of(timed: Any) -> float:
    """Seconds of a stream's or packet's unit of time."""
    base = timed.time_base
    # Ten times as fast as float(), which goes by way of abstract numbers.
    return float(base.numerator / base.denominator)


def format_of(container: Any) -> str:
    """First name of a container's format, ``'mov'`` for MP4."""
    name: str = container.format.name
    return name.split(',')[0]


def is_plain(container: Any, stream: Any) -> bool:
    """Whether samples lie in the file one by one, and exactly in time."""
    name: str = stream.codec_context.name
    return (
        name.startswith('pcm_')
        and format_of(container) in (*_PLAIN, 'mov')
        and stream.time_base * stream.rate == 1
    )


def find_span(path: str, kind: str, container: Any, stream: Any) -> Span:
    """First and last instant of a stream, in seconds from the file's start.

    Taken from the header only where that is an index or a size; the end of
    others is looked for.

    Raises:
        BrokenMediaError: If the stream is empty or has no time stamps.
    """
    name = format_of(container)
    declared, is_own = _declared(container, stream)
    if declared is not None and (name == 'mov' or is_plain(container, stream)):
        index = stream.index_entries
        last = index[-1].timestamp if len(index) else 0
        if _seconds(container, stream, last) <= declared.end:
            return declared
    state = os.stat(path)
    identity = state.st_size, state.st_mtime_ns
    if declared is not None and name in (*STAMPED, 'flac'):
        end = _tail(path, kind, identity, declared.end)
        if end > declared.end - EDGE_TOLERANCE:
            return _corrected(name, declared, Span(declared.start, end))
    if declared is not None and state.st_size > _SMALL:
        return declared
    measured, last = measure(path, kind, identity)
    if declared is None:
        return measured
    reached = measured.end if is_own else last
    is_short = reached <= declared.end - EDGE_TOLERANCE
    if is_short and (
        name in _CLAIMING or (name == 'mp3' and _has_length(path))
    ):
        return declared  # the reader will find it cut off
    return _corrected(name, declared, measured)


def _corrected(name: str, declared: Span, measured: Span) -> Span:
    off = abs(declared.end - measured.end)
    agree = name not in _GUESSED and off <= _AGREEING
    return declared if agree else measured


def _has_length(path: str) -> bool:
    with open(path, 'rb') as file:
        head = file.read(_XING_REACH)
    return any(name in head for name in _XING)


def _seconds(container: Any, stream: Any, ticks: int) -> float:
    origin = (container.start_time or 0) / SECOND
    return ticks * tick_of(stream) - origin


def _declared(container: Any, stream: Any) -> tuple[Span | None, bool]:
    """Span by the header, and whether it is this stream's own."""
    origin = (container.start_time or 0) / SECOND
    is_own = True
    start = 0.0
    if stream.start_time is not None:
        start = _seconds(container, stream, stream.start_time)
    if stream.duration:
        end = start + stream.duration * tick_of(stream)
    elif 'DURATION' in stream.metadata:  # Matroska
        end = _clock(stream.metadata['DURATION']) - origin
    elif container.duration:  # of the longest stream
        end = container.duration / SECOND
        is_own = False
    else:
        return None, True
    return (Span(start, end) if end > start else None), is_own


@lru_cache(maxsize=2**16)
def measure(
    path: str, kind: str, identity: tuple[int, int]
) -> tuple[Span, float]:
    """Span of a stream and end of the file; nothing is decoded.

    Args:
        path: The file.
        kind: ``'audio'`` or ``'video'``.
        identity: Its size and time of change.

    Raises:
        BrokenMediaError: If the stream is empty, has no time stamps, or if
            those of sound run back.
    """
    starts: list[float] = []
    ends: list[float] = []
    last = 0.0
    with (
        containers.open_stream(path, kind) as (container, stream),
        containers.decoding(path),
    ):
        for is_own, start, end in _packets(container, stream):
            last = max(last, end)
            if is_own:
                back = ends[-1] - start if ends else 0.0
                if kind == 'audio' and back >= EDGE_TOLERANCE:
                    raise BrokenMediaError.of(
                        path,
                        f'its sound jumps from {ends[-1]:.3f} back to '
                        f'{start:.3f} s, as in files put one after another',
                        'Convert the file, for example to .mp4 with ffmpeg.',
                    )
                starts.append(start)
                ends.append(end)
    if not starts:
        raise BrokenMediaError.of(
            path,
            f'its {kind} stream is empty or has no time stamps',
            'Convert the file, for example to .mp4 with ffmpeg.',
        )
    return Span(min(starts), max(ends)), last


@lru_cache(maxsize=2**16)
def _tail(
    path: str, kind: str, identity: tuple[int, int], declared: float
) -> float:
    """End of a stream, looked for near the declared end; 0 if not there."""
    with (
        containers.open_stream(path, kind) as (container, stream),
        containers.decoding(path),
    ):
        origin = (container.start_time or 0) / SECOND
        wanted = max(0.0, declared - _TAIL) + origin
        try:
            container.seek(int(wanted / tick_of(stream)), stream=stream)
        except (av.FFmpegError, OverflowError):
            return 0.0
        found = _packets(container, stream)
        return max((end for is_own, _, end in found if is_own), default=0.0)


def _packets(
    container: Any, stream: Any
) -> Iterator[tuple[bool, float, float]]:
    """Whether it is the stream's, start and end of each packet."""
    origin = (container.start_time or 0) / SECOND
    for packet in container.demux():
        if packet.pts is None or packet.time_base is None:
            continue
        tick = tick_of(packet)
        start = packet.pts * tick - origin
        length = (packet.duration or 0) * tick
        yield packet.stream_index == stream.index, start, start + length


def _clock(text: str) -> float:
    """Seconds of ``hours:minutes:seconds``, 0 if it is something else."""
    try:
        hours, minutes, seconds = map(float, text.split(':'))
    except ValueError:
        return 0.0
    return 3600 * hours + 60 * minutes + seconds
