"""Opening of media files with PyAV."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import av

from mmremix.datasets.media.errors import BrokenMediaError

if TYPE_CHECKING:
    from av.container import InputContainer

# Odd bytes in a title are no reason to refuse a clip. PyAV 19 has no such
# option any more and does not refuse them.
_OPEN_OPTIONS: dict[str, Any] = (
    {'metadata_errors': 'ignore'}
    if int(av.__version__.split('.')[0]) < 19
    else {}
)
# Opening decodes until all streams are known, which for the pictures may cost
# more than decoding the sound does. Where streams and their times are known
# from headers, decoders can be barred: in MP4 those of all that is not read
# and of pictures, in Flash those of pictures while sound is read. (Matroska
# needs them for the start of a late stream, Flash for lengths of frames.)
_MP4 = (b'ftyp', b'moov', b'mdat', b'wide', b'free')  # from the 5th byte on
_FLASH = b'FLV'
_LFS_HEADER = b'version https://git-lfs'
# FFmpeg takes a WAV or AVI file that is cut off for a shorter one.
_RIFF = ('wav', 'avi')
_RIFF_SLACK = 4096  # bytes; not all writers count alike
_RIFF_UNKNOWN = 0x7FFFFF00  # and more: written as a stream
_PULL = "Fetch the file itself with 'git lfs pull'."


@contextmanager
def open_container(
    path: str, kind: str | None = None
) -> Iterator[InputContainer]:
    """Open a media file and close it at the end of the ``with`` block.

    Args:
        path: The file.
        kind: ``'audio'`` or ``'video'`` if only streams of this kind are to
            be read; those of others may then lack details. None looks into
            all.

    Raises:
        BrokenMediaError: If it cannot be opened, with the cause: missing, a
            folder, empty, a Git LFS pointer, cut off, or FFmpeg's message.
    """
    try:
        container = av.open(path, options=_bars(path, kind), **_OPEN_OPTIONS)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise cannot_open(path, f'{type(error).__name__}: {error}') from error
    try:
        if container.format.name in _RIFF:
            _check_whole(path)
        yield container
    finally:
        container.close()


@contextmanager
def decoding(path: str) -> Iterator[None]:
    """Turn errors of FFmpeg and PyAV while they read ``path`` into ours."""
    try:
        yield
    except av.FFmpegError as error:
        raise BrokenMediaError.of(
            path,
            f'damaged or cut off, decoding fails ({error})',
        ) from error
    except (IndexError, TypeError, ValueError) as error:
        # PyAV itself: a stream that turns up in the middle of the file, a
        # sample format that numpy has no type for.
        raise BrokenMediaError.of(
            path,
            f'damaged, or of a kind that PyAV cannot read ({error})',
        ) from error


def _bars(path: str, kind: str | None) -> dict[str, str]:
    if kind is None:
        return {}
    try:
        with open(path, 'rb') as file:
            head = file.read(8)
    except OSError:
        return {}  # FFmpeg says why
    is_mp4 = head[4:] in _MP4
    if kind == 'video' and is_mp4:
        return {'codec_whitelist': 'none'}
    if kind == 'audio' and (is_mp4 or head.startswith(_FLASH)):
        return {'codec_whitelist': _sound_decoders()}
    return {}


@cache
def _sound_decoders() -> str:
    names = []
    for name in av.codecs_available:
        try:
            codec = av.Codec(name, 'r')
        except ValueError:  # an encoder
            continue
        if codec.type == 'audio':
            names.append(name)
    return ','.join(sorted(names))


def _check_whole(path: str) -> None:
    with open(path, 'rb') as file:
        head = file.read(8)
    declared = int.from_bytes(head[4:8], 'little') + 8
    size = os.path.getsize(path)
    if head[:4] == b'RIFF' and size + _RIFF_SLACK < declared < _RIFF_UNKNOWN:
        raise BrokenMediaError.of(
            path, f'cut off, has {size} of the {declared} bytes it declares'
        )


def cannot_open(path: str, detail: str) -> BrokenMediaError:
    """Find out why a file cannot be read and build the error.

    Args:
        path: The file.
        detail: What the reader said, used where nothing simpler is found.
    """
    if os.path.isdir(path):
        return BrokenMediaError.of(path, 'a folder, not a media file')
    if not os.path.exists(path):
        return BrokenMediaError.of(path, 'no such file')
    if os.path.getsize(path) == 0:
        return BrokenMediaError.of(path, 'empty (0 bytes)')
    try:
        with open(path, 'rb') as file:
            head = file.read(len(_LFS_HEADER))
    except OSError as error:
        return BrokenMediaError.of(path, f'cannot be read ({error})')
    if head == _LFS_HEADER:
        return BrokenMediaError.of(path, 'a Git LFS pointer', _PULL)
    return BrokenMediaError.of(
        path, f'not readable as media, or cut off ({detail})'
    )
