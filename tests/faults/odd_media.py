"""Clips that are whole but odd, and files that are no clips."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tests.datasets.media_files import write_clip
from tests.faults.media_case import BOTH, READ, REFUSED, MediaCase

_POINTER = (
    b'version https://git-lfs.github.com/spec/v1\noid sha256:'
    + b'4d7a' * 16
    + b'\nsize 12345\n'
)
_LAYOUTS = ('mono', 'stereo', '5.1')
_RATES = (8000, 22050, 48000)
_ALL = dict.fromkeys(BOTH, READ)
_NONE = dict.fromkeys(BOTH, REFUSED)


def odd_media(folder: Path) -> Iterator[MediaCase]:
    """Write odd clips and yield their cases."""

    def clip(name: str, **options: object) -> str:
        return write_clip(folder / name, **options)  # type: ignore[arg-type]

    def file(name: str, content: bytes) -> str:
        (folder / name).write_bytes(content)
        return str(folder / name)

    whole = clip('whole.mp4')
    data = Path(whole).read_bytes()
    for name, suffix, content in (
        ('mp4 named avi', '.avi', data),
        ('mp4 named wav', '.wav', data),
    ):
        path = file(f'wrong{suffix}', content)
        yield MediaCase(name, path, _ALL, end=2.0)
    for name, path, reason in (
        ('mp4 named mmpk', file('wrong.mmpk', data), 'not a packed clip'),
        ('no bytes', file('empty.mp4', b''), '0 bytes'),
        ('Git LFS pointer', file('p.mp4', _POINTER), 'git lfs pull'),
        ('web page', file('h.mp4', b'<html>404</html>' * 9), 'not readable'),
        ('noise', file('n.mp4', os.urandom(5000)), 'not readable'),
        ('missing', str(folder / 'gone.mp4'), 'no such file'),
        ('name too long', str(folder / ('x' * 300)), ''),
    ):
        yield MediaCase(name, path, _NONE, reason)
    path = clip('quiet.mp4', with_audio=False)
    only = {'video': READ, 'audio': REFUSED}
    yield MediaCase('no sound', path, only, 'no audio stream')
    path = file('wrong.npy', data)
    yield MediaCase('mp4 named npy', path, only, 'not readable')
    path = clip('dark.mp4', with_video=False)
    only = {'video': REFUSED, 'audio': READ}
    yield MediaCase('no picture', path, only, 'no video stream')
    path = clip('one.mp4', seconds=0.04, audio_seconds=0.5)
    yield MediaCase('one frame', path, _ALL)
    times = (0.0, 0.04, 0.5, 0.9, 0.91, 0.92, 1.7, 1.9)
    path = clip('vfr.mkv', frame_times=times, b_frames=0)
    yield MediaCase('variable frame rate', path, _ALL, end=1.9)
    for turn in (90, 180, 270):
        path = clip(f'turned{turn}.mp4', rotation=turn)
        size = (48, 64) if turn == 180 else (64, 48)
        yield MediaCase(f'turned by {turn}', path, _ALL, end=2.0, size=size)
    for rate in _RATES:
        for layout in _LAYOUTS:
            name = f'{rate} Hz {layout}'
            path = clip(f'{name}.mp4', sample_rate=rate, layout=layout)
            yield MediaCase(name, path, _ALL, end=2.0)
    for start, end, reason in (
        (5.0, 6.0, 'after the end'),
        (1.0, 9.0, 'after the clip'),
        (2.5, None, 'after the end'),
    ):
        yield MediaCase(
            f'segment {start} to {end}', whole, _NONE, reason, '', start, end
        )
    for name in ('прыжок 跳 🎵.mp4', "l'été #1 100%.mp4", f'{"é" * 100}.mp4'):
        yield MediaCase(f'name {name[:20]}', clip(name), _ALL, end=2.0)
    sound = clip('s.flac', with_video=False, audio_codec='flac')
    empty = file('empty.wav', b'')
    video = str(folder / 'quiet.mp4')
    yield MediaCase('sound beside it', video, _ALL, audio=sound, end=2.0)
    only = {'video': READ, 'audio': REFUSED}
    yield MediaCase('empty sound file', video, only, '0 bytes', audio=empty)
