"""Headers that claim what cannot be, and files that name other files."""

from __future__ import annotations

import os
import re
import struct
import zlib

import numpy as np
import pytest

from mmremix.datasets.media import (
    AudioClip,
    BrokenMediaError,
    VideoClip,
    WaveformFile,
    limits,
    open_audio,
    open_video,
)
from tests.datasets.media.sounds import noise, write_sound
from tests.datasets.media_files import write_clip


def refused(reader, path, reason=''):
    name = re.escape(os.path.basename(path))
    with (
        pytest.raises(BrokenMediaError, match=f'{name}: .*{reason}'),
        reader(str(path)) as clip,
    ):
        if isinstance(clip, VideoClip):
            clip.frames_at([clip.span.start])
        else:
            clip.read()


def patched(path, place, layout, *values):
    """Overwrite a part of a file."""
    data = bytearray(path.read_bytes())
    at = data.index(place) + len(place) if isinstance(place, bytes) else place
    struct.pack_into(layout, data, at, *values)
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize(
    'at, layout, value, reason',
    [
        (24, '<I', 4_000_000_000, ''),
        (24, '<I', 2**31 - 1, 'claims 2147483647 samples a second'),
        (24, '<I', 1, 'claims 1 samples a second'),
        (24, '<I', 0, ''),
        (22, '<H', 65535, 'channels'),
        (22, '<H', 300, 'claims 300 channels'),
        (22, '<H', 0, 'claims 0 channels'),
        (34, '<H', 65535, ''),
        (34, '<H', 64, ''),
        (20, '<H', 99, ''),
        (16, '<I', 2**32 - 1, ''),
    ],
)
def test_wav(tmp_path, at, layout, value, reason):
    path = tmp_path / 'a.wav'
    write_sound(path, noise(1, 16000), 'pcm_s16le', 16000)
    refused(AudioClip, patched(path, at, layout, value), reason)


def test_frame_rate_of_avi(tmp_path):
    path = tmp_path / 'a.avi'
    write_clip(path, video_codec='mpeg4', audio_codec='mp3', seconds=0.5)
    patched(path, 28 + data_of(path, b'strh'), '<II', 1, 10**9)
    refused(VideoClip, str(path), 'claims 1000000000 frames a second')


def data_of(path, chunk):
    return path.read_bytes().index(chunk)


@pytest.mark.parametrize('codec', ['rawvideo', 'ffv1'])
def test_size_of_frames(tmp_path, codec):
    path = tmp_path / 'a.mkv'
    write_clip(path, video_codec=codec, size=(300, 302), with_audio=False)
    data = path.read_bytes()
    for element, old in ((b'\xb0\x82', 300), (b'\xba\x82', 302)):
        claim = element + struct.pack('>H', old)
        assert data.count(claim) == 1
        data = data.replace(claim, element + b'\xff\xff')
    path.write_bytes(data)
    refused(VideoClip, str(path))


def test_decoders_have_the_limit_too(tmp_path, monkeypatch):
    # Packets may hold larger frames than the container says.
    path = write_clip(tmp_path / 'a.mp4', with_audio=False)
    monkeypatch.setattr('mmremix.datasets.media.video.MAX_PIXELS', 100)
    refused(VideoClip, path)


def test_limits():
    limits.check_sound('a', 1000, 256)
    limits.check_picture('a', 8192, 4096, 1000.0)
    for width, height in ((0, 5), (5, 0), (8193, 4096), (65535, 65535)):
        with pytest.raises(BrokenMediaError):
            limits.check_picture('a', width, height)


DURATIONS = {
    # Too little, too much; by where the header says it.
    'flv': (b'duration\0', '>d', 1.0, 1e15),
    'mkv': (b'\x44\x89\x88', '>d', 1000.0, None),
}


@pytest.mark.parametrize('suffix', DURATIONS)
def test_the_end_is_measured(tmp_path, suffix):
    place, layout, little, much = DURATIONS[suffix]
    path = tmp_path / f'a.{suffix}'
    write_sound(path, noise(4, 44100), 'libmp3lame', 44100)
    for value in (little, much):
        if value is None:
            continue
        patched(path, place, layout, value)
        data = path.read_bytes()
        data = re.sub(rb'00:00:04(\.\d+)', rb'00:00:01\1', data)
        path.write_bytes(data)
        with AudioClip(str(path)) as clip:
            assert clip.span.end == pytest.approx(4, abs=0.06)
            assert len(clip.read()) == pytest.approx(4 * 44100, abs=3000)


def test_an_overstated_end_is_refused(tmp_path):
    path = tmp_path / 'a.flv'
    write_sound(path, noise(4, 44100), 'libmp3lame', 44100)
    refused(AudioClip, patched(path, b'duration\0', '>d', 100.0), 'cut off')


@pytest.mark.parametrize('frames', [5, 10**9])
def test_the_end_of_avi_is_measured(tmp_path, frames):
    path = tmp_path / 'a.avi'
    write_clip(path, video_codec='mpeg4', with_audio=False, b_frames=0)
    patched(path, 40 + data_of(path, b'strh'), '<I', frames)
    with VideoClip(str(path)) as clip:
        assert clip.span.end == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize('total', [16000, 0])
def test_the_end_of_flac_is_measured(tmp_path, total):
    path = tmp_path / 'a.flac'
    write_sound(path, noise(3, 16000), 'flac', 16000)
    patched(path, 22, '>I', total)
    with AudioClip(str(path)) as clip:
        assert len(clip.read()) == 48000


def test_ogg_files_one_after_another(tmp_path):
    # The times of the second start at 0 again.
    for name in ('a.ogg', 'b.ogg'):
        path = tmp_path / name
        write_sound(path, noise(1, 48000), 'libopus', 48000)
    both = tmp_path / 'c.ogg'
    both.write_bytes(
        b''.join((tmp_path / n).read_bytes() for n in ('a.ogg', 'b.ogg'))
    )
    refused(AudioClip, both, 'back to 0')


def test_npy_of_a_huge_shape(tmp_path):
    path = tmp_path / 'a.npy'
    np.save(path, np.zeros(100, np.float32))
    data = path.read_bytes()
    for shape in (b'(10**9,), ', b'(1 << 60,)', b'(-5,),    '):
        path.write_bytes(data.replace(b'(100,), } ', shape + b'}', 1))
        with (
            pytest.raises(BrokenMediaError, match=r'a\.npy'),
            WaveformFile(str(path), 8000),
        ):
            pass
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }"
    for length in (10**12, 2**63, -4):
        text = (header % length).ljust(117) + b'\n'
        path.write_bytes(data[:8] + struct.pack('<H', 118) + text + bytes(400))
        with (
            pytest.raises(BrokenMediaError, match=r'a\.npy'),
            WaveformFile(str(path), 8000),
        ):
            pass


def png(width, height):
    """A PNG that claims a size, and holds next to nothing."""

    def chunk(kind, data):
        body = kind + data
        size, check = len(data), zlib.crc32(body)
        return struct.pack('>I', size) + body + struct.pack('>I', check)

    head = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return (
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', head)
        + chunk(b'IDAT', pixels)
        + chunk(b'IEND', b'')
    )


@pytest.mark.parametrize(
    'size', [(65535, 65535), (8000, 5000), (2**31 - 1, 1), (0, 5)]
)
def test_images_of_a_huge_size(tmp_path, size):
    (tmp_path / '1.png').write_bytes(png(*size))
    with (
        open_video(str(tmp_path)) as clip,
        pytest.raises(BrokenMediaError, match=r'1\.png'),
    ):
        clip.frames_at([0])


def test_names_of_images_with_odd_digits(tmp_path):
    import cv2

    for i, name in enumerate(('²a.png', '10².png', '2².png', '٣.png')):
        image = np.full((4, 4, 3), i, np.uint8)
        data = cv2.imencode('.png', image)[1].tobytes()
        (tmp_path / name).write_bytes(data)
    with open_video(str(tmp_path)) as clip:
        assert len(clip.frames_at([0, 1, 2, 3])) == 4


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_named_with_their_time(tmp_path, bad):
    signal = noise(2, 16000)
    signal[24000] = bad
    np.save(tmp_path / 'a.npy', signal)
    wav = write_sound(tmp_path / 'a.wav', signal, 'pcm_f32le', 16000)
    for path in (str(tmp_path / 'a.npy'), wav):
        for segment in ((None, None), (1.2, 1.8)):
            for rate in (None, 8000):
                with (
                    open_audio(path, 16000) as clip,
                    pytest.raises(
                        BrokenMediaError,
                        match=r'a\..*NaN or infinite, the first at 1\.500 s',
                    ),
                ):
                    clip.read(*segment, rate)


def test_doubles_past_the_largest_float(tmp_path):
    np.save(tmp_path / 'a.npy', np.full(100, 1e300))
    with (
        open_audio(str(tmp_path / 'a.npy'), 8000) as clip,
        pytest.raises(BrokenMediaError, match='100 of 100 samples'),
    ):
        clip.read()


HLS = '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\nb.ts\n#EXT-X-ENDLIST\n'
MPD = (
    '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" '
    'type="static" mediaPresentationDuration="PT2S" '
    'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="1" '
    'bandwidth="1"><BaseURL>b.mp4</BaseURL></Representation>'
    '</AdaptationSet></Period></MPD>'
)
SDP = (
    'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n'
    'm=audio 5004 RTP/AVP 0\n'
)


@pytest.mark.parametrize('reader', [AudioClip, VideoClip])
@pytest.mark.parametrize(
    'name, text, reason',
    [
        ('a.m3u8', HLS, 'a playlist'),
        ('a.mp4', HLS, 'a playlist'),
        ('a.wav', HLS.replace('b.ts', 'http://127.0.0.1:9/b.ts'), 'playlist'),
        ('a.ffconcat', 'ffconcat version 1.0\nfile b.ts\n', 'a script'),
        ('a.mpd', MPD, 'XML'),
        ('a.sdp', SDP, 'SDP'),
        ('a.srt', '1\n00:00:00,000 --> 00:00:02,000\nhello\n', ''),
    ],
)
def test_what_names_other_files_is_refused(
    tmp_path, monkeypatch, reader, name, text, reason
):
    write_clip(tmp_path / 'b.ts')
    (tmp_path / 'b.ts').rename(tmp_path / 'secret.ts')
    (tmp_path / 'b.ts').symlink_to(tmp_path / 'secret.ts')
    (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    refused(reader, name, reason)
    refused(reader, str(tmp_path / name), reason)


@pytest.mark.parametrize(
    'path', ['concat:b.ts|b.ts', 'data:video/mp4;base64,AAAA', 'i%d.png']
)
def test_a_path_is_a_file(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    write_clip('b.ts')
    (tmp_path / 'i1.png').write_bytes(png(4, 4))
    for reader in (AudioClip, VideoClip):
        with (
            pytest.raises(BrokenMediaError, match='no such file'),
            reader(path),
        ):
            pass


@pytest.mark.parametrize('name', ['a:b.mp4', 'x%d.mp4', '-i.mp4', 'http:.mp4'])
def test_a_file_of_an_odd_name_is_read(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_clip('a.mp4')
    os.rename('a.mp4', name)
    with AudioClip(name) as clip:
        assert len(clip.read()) == 32000


@pytest.mark.parametrize('suffix', ['mp4', 'mmpk', 'npy'])
def test_a_pipe_is_refused(tmp_path, suffix):
    path = str(tmp_path / f'a.{suffix}')
    os.mkfifo(path)
    with (
        pytest.raises(BrokenMediaError, match='a pipe'),
        open_audio(path, 8000),
    ):
        pass
