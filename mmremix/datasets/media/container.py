"""Opening of media files with PyAV."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import av

from mmremix.datasets.media.errors import (
    BrokenMediaError,
    cannot_open,
    check_is_file,
)
from mmremix.datasets.media.known_sound import KnownSound
from mmremix.datasets.media.limits import MAX_PIXELS

if TYPE_CHECKING:
    from av.container import InputContainer

# Odd bytes in a title are no reason to refuse a clip. PyAV 19 has no such
# option any more and does not refuse them.
_OPEN_OPTIONS: dict[str, Any] = (
    {'metadata_errors': 'ignore'}
    if int(av.__version__.split('.')[0]) < 19
    else {}
)
# What holds sound and pictures itself. Others name files and addresses that
# FFmpeg would open next (playlists, scripts, numbered images).
_FORMATS = (
    'mov matroska avi flv mpegts mpeg ogg asf asf_o rm nut mxf gxf dv ivf amv '
    'wtv swf gif apng mjpeg h261 h263 h264 hevc m4v mpegvideo vc1 av1 obu '
    'yuv4mpegpipe wav w64 aiff au caf flac mp3 aac ac3 eac3 dts truehd mlp '
    'loas amr amrnb amrwb ape tta tak wv mpc mpc8 voc ircam nistsphere sox '
    'gsm g722 g729 adx'
)
_SAFE = {
    'format_whitelist': ','.join(_FORMATS.split()),
    'protocol_whitelist': 'file',
    'max_pixels': str(MAX_PIXELS),
}
# First bytes of files that are taken for clips.
_STARTS = {
    b'#EXTM3U': 'a playlist',
    b'ffconcat': 'a script that names other files',
    b'v=0': 'a description of a session (SDP)',
    b'<?xml': 'an XML file',
    b'<MPD': 'a playlist (DASH)',
    b'\x89PNG': 'an image',
    b'\xff\xd8\xff': 'an image',
}
# Opening decodes until all streams are known, which for the pictures may cost
# more than decoding the sound does. Where streams and their times are known
# from headers, decoders can be barred: in MP4 those of all that is not read
# and of pictures, in Flash those of pictures while sound is read. (Matroska
# needs them for the start of a late stream, Flash for lengths of frames.)
_MP4 = (b'ftyp', b'moov', b'mdat', b'wide', b'free')  # from the 5th byte on
_FLASH = b'FLV'
_NO_DECODER = {'codec_whitelist': 'none'}
# FFmpeg takes a WAV or AVI file that is cut off for a shorter one.
_RIFF = ('wav', 'avi')
_RIFF_SLACK = 4096  # bytes; not all writers count alike
_RIFF_UNKNOWN = 0x7FFFFF00  # and more: written as a stream


@contextmanager
def open_container(
    path: str, kind: str | None = None, *, bare: bool = False
) -> Iterator[InputContainer]:
    """Open a media file and close it at the end of the ``with`` block.

    Args:
        path: The file.
        kind: ``'audio'`` or ``'video'`` if only streams of this kind are to
            be read; those of others may then lack details. None looks into
            all.
        bare: Whether to believe the headers of an MP4 file and decode
            nothing to open it.

    Raises:
        BrokenMediaError: If it cannot be opened, with the cause: missing, a
            folder, empty, a Git LFS pointer, a playlist or an image, cut
            off, or FFmpeg's message.
    """
    check_is_file(path)
    try:
        container = av.open(
            # Said to be a file: 'a:b.mp4' is no address.
            f'file:{path}',
            options={**_SAFE, **(_NO_DECODER if bare else _bars(path, kind))},
            **_OPEN_OPTIONS,
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _not_opened(path, error) from error
    try:
        if container.format.name in _RIFF:
            _check_whole(path)
        yield container
    finally:
        container.close()


@contextmanager
def open_stream(path: str, kind: str) -> Iterator[tuple[InputContainer, Any]]:
    """Open a media file with its first stream of a kind.

    Args:
        path: The file.
        kind: ``'audio'`` or ``'video'``.

    Raises:
        BrokenMediaError: Also if there is no such stream.
    """
    with ExitStack() as stack:
        container = _open_for(path, kind, stack)
        yield container, _pick_stream(path, container, kind)


def _open_for(path: str, kind: str, stack: ExitStack) -> InputContainer:
    sound = KnownSound(path) if kind == 'audio' else None
    if sound is not None and sound.facts is not None:
        container = stack.enter_context(open_container(path, kind, bare=True))
        if sound.matches(container):
            return container
        stack.close()
    container = stack.enter_context(open_container(path, kind))
    if not _is_described(container, kind):
        stack.close()
        return stack.enter_context(open_container(path))
    if sound is not None:
        sound.learn(container)
    return container


def _own_streams(container: InputContainer, kind: str) -> list[Any]:
    return [
        stream
        for stream in container.streams
        if stream.type == kind
        # The cover picture of a song is no video.
        and not stream.disposition & av.stream.Disposition.attached_pic
    ]


def _is_described(container: InputContainer, kind: str) -> bool:
    streams = _own_streams(container, kind)
    if not streams or streams[0].codec_context is None:
        return False
    context = streams[0].codec_context
    return bool(context.sample_rate if kind == 'audio' else context.width)


def _pick_stream(path: str, container: InputContainer, kind: str) -> Any:
    streams = _own_streams(container, kind)
    if not streams:
        raise BrokenMediaError.of(
            path,
            f'has no {kind} stream',
            'Take the sample out of the annotation or, if this is meant, '
            f"drop the modality '{kind}'.",
        )
    if streams[0].codec_context is None:
        raise BrokenMediaError.of(
            path, f'FFmpeg has no decoder for its {kind}'
        )
    return streams[0]


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
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        NotImplementedError,
        TypeError,
        ValueError,
    ) as error:
        # PyAV itself: a stream that turns up in the middle of the file, a
        # sample format that numpy has no type for, times past 64 bits.
        raise BrokenMediaError.of(
            path,
            f'damaged, or of a kind that PyAV cannot read ({error})',
        ) from error


def _not_opened(path: str, error: Exception) -> BrokenMediaError:
    try:
        with open(path, 'rb') as file:
            head = file.read(16)
    except OSError:
        head = b''
    for start, what in _STARTS.items():
        if head.startswith(start):
            return BrokenMediaError.of(path, f'{what}, not readable as media')
    return cannot_open(path, f'{type(error).__name__}: {error}')


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
        return _NO_DECODER
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
