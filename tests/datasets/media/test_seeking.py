"""A segment lies where it is in the whole decoded file, in any format."""

from __future__ import annotations

import numpy as np
import pytest

from mmremix.datasets.media import AudioClip
from mmremix.datasets.media.timeline import FrameGrid
from tests.datasets.media.sounds import lag, noise, write_sound

# File name, codec, rate, muxer.
FILES = [
    ('a.wav', 'adpcm_ima_wav', 44100, None),
    ('a.wav', 'adpcm_ms', 44100, None),
    ('a.wav', 'pcm_mulaw', 8000, None),
    ('a.aiff', 'pcm_s16be', 44100, None),
    ('a.caf', 'adpcm_ima_qt', 44100, None),
    ('a.mp3', 'libmp3lame', 44100, None),
    ('a.aac', 'aac', 44100, 'adts'),
    ('a.flac', 'flac', 44100, None),
    ('a.ogg', 'vorbis', 44100, None),
    ('a.opus', 'libopus', 48000, 'ogg'),
    ('a.ac3', 'ac3', 44100, None),
    ('a.amr', 'libopencore_amrnb', 8000, None),
    ('a.mkv', 'aac', 44100, None),
    ('a.mkv', 'pcm_s16le', 44100, None),
    ('a.mkv', 'vorbis', 44100, None),
    ('a.webm', 'libopus', 48000, None),
    ('a.mp4', 'aac', 44100, None),
    ('a.mp4', 'libopus', 48000, None),
    ('a.mov', 'pcm_s16le', 44100, None),
    ('a.ts', 'aac', 44100, 'mpegts'),
    ('a.mpg', 'mp2', 44100, 'mpeg'),
    ('a.flv', 'libmp3lame', 44100, None),
    ('a.flv', 'adpcm_swf', 44100, None),
    ('a.avi', 'adpcm_ms', 44100, None),
    ('a.avi', 'libmp3lame', 44100, None),
]


@pytest.mark.parametrize(
    'name, codec, rate, muxer', FILES, ids=[f'{f[0]}-{f[1]}' for f in FILES]
)
def test_segment_of_the_whole(tmp_path, name, codec, rate, muxer):
    layout = 'stereo' if codec == 'vorbis' else 'mono'
    path = write_sound(
        tmp_path / name, noise(13, rate), codec, rate, muxer, layout=layout
    )
    with AudioClip(path) as clip:
        whole = clip.read()
        assert abs(len(whole) / rate - 13) < 0.1
    for start in (0.4, 1.117, 5.03, 11.71):
        with AudioClip(path) as clip:
            part = clip.read(start, start + 0.8)
        assert len(part) == round(0.8 * rate)
        assert abs(lag(part, whole, round(start * rate))) <= 2


def test_variable_bit_rate_without_a_table(tmp_path):
    path = tmp_path / 'a.mp3'
    # Loud and still by turns, and no header that tells the length.
    loud = np.arange(12 * 44100) // 88200 % 2
    signal = noise(12, 44100) * loud.astype(np.float32)
    write_sound(path, signal, 'libmp3lame', 44100)
    data = path.read_bytes()
    for tag in (b'Xing', b'Info'):
        data = data.replace(tag, bytes(4))
    path.write_bytes(data)
    with AudioClip(str(path)) as clip:
        assert clip.span.end == pytest.approx(12, abs=0.1)
        whole = clip.read()
    with AudioClip(str(path)) as clip:
        part = clip.read(10.3, 11.5)
    assert abs(lag(part, whole, round(10.3 * 44100))) <= 2


def test_several_segments_of_one_open_file(tmp_path):
    path = write_sound(tmp_path / 'a.mkv', noise(8, 44100), 'aac', 44100)
    with AudioClip(path) as clip:
        whole = clip.read()
        for start in (5.1, 0.2, 6.6, 2.9):
            part = clip.read(start, start + 0.9)
            assert abs(lag(part, whole, round(start * 44100))) <= 2


def test_little_is_decoded_where_a_seek_can_be_checked(tmp_path, packets):
    path = write_sound(tmp_path / 'a.mkv', noise(13, 44100), 'aac', 44100)
    with AudioClip(path) as clip:
        clip.span  # noqa: B018
        packets.clear()
        clip.read(11.0, 11.5)
    assert packets['audio'] < 120  # of 560; clusters are of some seconds


def test_grid():
    assert FrameGrid.of([0, 700, 1724, 2748], 10) == (700, 1024)
    assert FrameGrid.of([0, 700, 1724, 2700], 10) is None
    grid = FrameGrid(700, 1024)
    assert grid.nearest(700 + 5 * 1024 + 20, 45) == 700 + 5 * 1024
    assert grid.nearest(700 + 5 * 1024 + 60, 45) is None
