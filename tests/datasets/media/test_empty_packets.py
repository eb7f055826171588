"""A packet without bytes is not the end of a stream."""

from __future__ import annotations

import struct
from typing import Any

import av
import numpy as np
import pytest

from mmremix.datasets.media import AudioClip, VideoClip
from tests.datasets.media.sounds import emptied, noise, write_sound
from tests.datasets.media_files import coded_frame, frame_number


def crc(page: bytes) -> int:
    """Checksum of an Ogg page: CRC-32 of 0x04c11db7, not reflected."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            carry = value & 0x80000000
            value = (value << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if carry else 0)
    return value


def with_empty_page(data: bytes) -> bytes:
    """An Ogg file with a page more, which holds a packet of no bytes."""
    last = data.rfind(b'OggS')
    head = bytearray(data[last : last + 27])
    head[5] = 4  # the end of the stream
    sequence = struct.unpack_from('<I', head, 18)[0] + 1
    struct.pack_into('<II', head, 18, sequence, 0)
    head[26] = 1
    page = head + b'\0'
    struct.pack_into('<I', page, 22, crc(page))
    before = bytearray(data[last:])
    before[5] &= ~4
    before[22:26] = bytes(4)
    struct.pack_into('<I', before, 22, crc(before))
    return data[:last] + before + page


def test_at_the_end_of_ogg(tmp_path):
    plain, path = tmp_path / 'a.ogg', tmp_path / 'b.ogg'
    write_sound(plain, noise(3, 44100), 'vorbis', 44100, layout='stereo')
    path.write_bytes(with_empty_page(plain.read_bytes()))
    with av.open(str(path)) as container:
        assert 0 in [p.size for p in container.demux() if p.pts is not None]
    for segment in ((None, None), (2.2, None), (1.5, 2.5)):
        sounds = []
        for name in (plain, path):
            with AudioClip(str(name)) as clip:
                sounds.append(clip.read(*segment, 16000))
        # The end of one is cut to the sample, which the filter sees.
        np.testing.assert_allclose(*sounds, atol=1e-3)


def test_inside_the_sound(tmp_path):
    def edit(number: int, packet: Any) -> Any:
        return emptied(packet) if number in (0, 40, 41) else packet

    signal = noise(3, 44100)
    path = write_sound(tmp_path / 'a.nut', signal, 'pcm_s16le', 44100)
    odd = write_sound(
        tmp_path / 'b.nut', signal, 'pcm_s16le', 44100, edit=edit
    )
    with AudioClip(path) as old, AudioClip(odd) as new:
        expected, found = old.read(), new.read()
    gone = np.zeros(len(expected), bool)
    gone[:1024], gone[40 * 1024 : 42 * 1024] = True, True
    assert not found[gone].any()
    assert np.array_equal(found[~gone], expected[~gone])


def not_coded(tick: int) -> bytes:
    """MPEG-4's picture that is 'not coded'; 25 ticks take five bits."""
    bits = f'0101{tick:05b}100'
    bits += '1' * (-len(bits) % 8)
    code = int(bits, 2).to_bytes(len(bits) // 8, 'big')
    return b'\0\0\1\xb6' + code


def write_repeats(path, codec, repeat):
    """25 frames, of which 5 to 14 and 20 to 24 repeat the one before."""
    with av.open(str(path), 'w') as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        stream.codec_context.gop_size = 50
        stream.codec_context.max_b_frames = 0
        frames = [
            av.VideoFrame.from_ndarray(coded_frame(i)) for i in range(25)
        ]
        packets = [p for f in (*frames, None) for p in stream.encode(f)]
        for number, packet in enumerate(packets):
            if 5 <= number < 15 or number >= 20:
                container.mux(repeat(packet, number))
            else:
                container.mux(packet)
    return str(path)


def uncoded(packet: Any, number: int) -> Any:
    new = av.Packet(not_coded(number))
    new.stream = packet.stream
    new.pts, new.dts = packet.pts, packet.dts
    new.duration, new.time_base = packet.duration, packet.time_base
    return new


@pytest.mark.parametrize(
    'name, codec, repeat',
    [
        ('a.nut', 'libvpx', lambda packet, number: emptied(packet)),
        ('a.nut', 'mpeg4', lambda packet, number: emptied(packet)),
        ('a.mkv', 'mpeg4', uncoded),
        ('a.avi', 'mpeg4', uncoded),
    ],
)
def test_repeats_the_picture(tmp_path, name, codec, repeat):
    path = write_repeats(tmp_path / name, codec, repeat)
    with VideoClip(path) as clip:
        assert clip.span.end == pytest.approx(1.0, abs=0.041)
        images = clip.frames_at([(i + 0.5) / 25 for i in range(25)])
    shown = [frame_number(image) for image in images]
    # Later pictures are made of those before them, and not clean.
    assert shown[:15] == [0, 1, 2, 3, *[4] * 11]
    assert len(set(shown[19:])) == 1
    with VideoClip(path) as clip:
        assert frame_number(clip.frames_at([10.5 / 25])[0]) == 4
