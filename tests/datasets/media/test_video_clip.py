from __future__ import annotations

import random
import struct

import av
import numpy as np
import pytest

from mmremix.datasets.media import BrokenMediaError, VideoClip
from tests.datasets.media_files import (
    coded_frame,
    frame_number,
    write_clip,
)

FPS = 25
# One for each way in which containers and codecs treat time stamps.
FILES = {
    'mp4': ('a.mp4', {}),
    'one_key_frame': ('a.mp4', {'gop': 250}),
    'all_key_frames': ('a.mp4', {'gop': 1, 'b_frames': 0}),
    'fragmented': (
        'a.mp4',
        {'muxer_options': {'movflags': 'frag_keyframe+empty_moov'}},
    ),
    'mpeg4': ('a.mp4', {'video_codec': 'mpeg4'}),
    'matroska': ('a.mkv', {}),
    'flash': ('a.flv', {'sample_rate': 44100}),
    'transport_stream': ('a.ts', {}),
    'avi_b_frames': ('a.avi', {'with_audio': False}),
    'avi_mpeg4_b_frames': (
        'a.avi',
        {'with_audio': False, 'video_codec': 'mpeg4'},
    ),
    'avi_no_b_frames': (
        'a.avi',
        {'with_audio': False, 'video_codec': 'mpeg4', 'b_frames': 0},
    ),
    'program_stream': (
        'a.mpg',
        {'with_audio': False, 'video_codec': 'mpeg2video'},
    ),
    'webm': ('a.webm', {'with_audio': False, 'video_codec': 'libvpx'}),
}


def numbers(path, times):
    with VideoClip(path) as clip:
        return [frame_number(image) for image in clip.frames_at(times)]


def start_of_video(path):
    """When the first frame appears; not all muxers start at 0."""
    with VideoClip(path) as clip:
        return clip.span.start


@pytest.mark.parametrize('name, options', FILES.values(), ids=FILES)
def test_frames_at_all_times(tmp_path, name, options):
    path = write_clip(tmp_path / name, **options)
    start = start_of_video(path)
    times = [start + (i + 0.5) / FPS for i in range(50)]
    assert numbers(path, times) == list(range(50))


@pytest.mark.parametrize('name, options', FILES.values(), ids=FILES)
def test_single_frames_after_opening(tmp_path, name, options):
    path = write_clip(tmp_path / name, seconds=1, **options)
    start = start_of_video(path)
    for number in (0, 1, 11, 12, 13, 23, 24):
        time = start + (number + 0.3) / FPS
        assert numbers(path, [time]) == [number]


@pytest.mark.parametrize('suffix', ['ts', 'mkv', 'flv', 'mp4'])
def test_frames_far_inside(tmp_path, suffix):
    # Far enough that containers without an index are searched.
    path = write_clip(tmp_path / f'a.{suffix}', seconds=9, with_audio=False)
    start = start_of_video(path)
    for number in (130, 151, 200, 224):
        assert numbers(path, [start + (number + 0.5) / FPS]) == [number]


def test_any_order_and_repeats(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', seconds=3)
    order = [*range(75), 7, 7, 40]
    random.Random(0).shuffle(order)
    times = [(number + 0.5) / FPS for number in order]
    assert numbers(path, times) == order


def test_several_calls(tmp_path):
    path = write_clip(tmp_path / 'a.mp4')
    with VideoClip(path) as clip:
        for number in (40, 3, 3, 49, 0):
            images = clip.frames_at([(number + 0.5) / FPS])
            assert frame_number(images[0]) == number


def test_time_on_the_edge_of_a_frame(tmp_path):
    path = write_clip(tmp_path / 'a.mp4')
    times = [number / FPS for number in range(50)]
    assert numbers(path, times) == list(range(50))


def test_no_time_gives_no_frame(tmp_path):
    assert numbers(write_clip(tmp_path / 'a.mp4'), []) == []


def test_repeated_frames_are_not_shared(tmp_path):
    with VideoClip(write_clip(tmp_path / 'a.mp4')) as clip:
        one, two, three = clip.frames_at([0.5, 0.5, 0.51])
    one[:] = 0
    assert frame_number(two) == frame_number(three) == 12
    assert two.flags.c_contiguous and two.flags.writeable


@pytest.mark.parametrize('suffix', ['mp4', 'mkv'])
@pytest.mark.parametrize('b_frames', [0, 2])
def test_variable_frame_rate(tmp_path, suffix, b_frames):
    shown = [0.0, 0.01, 0.03, 0.5, 0.52, 0.53, 0.9, 1.7, 1.71, 1.712, 1.9]
    path = write_clip(
        tmp_path / f'a.{suffix}',
        with_audio=False,
        frame_times=shown,
        b_frames=b_frames,
        gop=4,
    )
    times = [0.005, 0.029, 0.031, 0.49, 0.51, 0.525, 0.6, 0.89, 1.69, 1.705]
    expected = [0, 1, 2, 2, 3, 4, 5, 5, 6, 7]
    assert numbers(path, times) == expected
    for time, number in zip(times, expected, strict=True):
        assert numbers(path, [time]) == [number]


def test_values_are_rgb_as_encoded(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', size=(130, 98))
    with VideoClip(path) as clip:
        image = clip.frames_at([0.9])[0]
    assert image.shape == (98, 130, 3)
    assert image.dtype == np.uint8
    difference = np.abs(image.astype(int) - coded_frame(22, (130, 98)))
    assert difference.mean() < 10  # edges of colours are blurred


@pytest.mark.parametrize('degrees', [90, -90, 180])
def test_rotation_is_undone(tmp_path, degrees):
    # The picture is to be turned counterclockwise by this for display.
    path = write_clip(tmp_path / 'a.mp4', rotation=degrees)
    with VideoClip(path) as clip:
        image = clip.frames_at([13.5 / FPS])[0]
    assert image.shape == ((48, 64, 3) if degrees == 180 else (64, 48, 3))
    assert frame_number(np.rot90(image, -degrees // 90)) == 13
    # As stored, red is below on the left.
    red = {90: (-5, -5), -90: (5, 5), 180: (5, -5)}[degrees]
    assert image[red][0] > 180 > 80 > image[red][2]


def test_rotation_of_a_phone_held_upright(tmp_path):
    # Phones write the matrix (a b u, c d v) = (0 1 0, -1 0 0) of the QuickTime
    # format: show the picture turned clockwise by 90 degrees.
    path = write_clip(tmp_path / 'a.mp4', rotation=-90)
    matrix = struct.pack('>6i', 0, 1 << 16, 0, -1 << 16, 0, 0)
    assert matrix in (tmp_path / 'a.mp4').read_bytes()
    with VideoClip(path) as clip:
        image = clip.frames_at([0.1])[0]
    upper_left, upper_right = image[5, 5], image[5, -5]
    assert upper_left[0] > 180 > 80 > upper_left[2]  # was below on the left
    assert upper_right.max() < 80 or upper_right.min() > 180


def test_span(tmp_path):
    with VideoClip(write_clip(tmp_path / 'a.mp4', seconds=3)) as clip:
        assert clip.span == pytest.approx((0, 3))
        assert clip.segment(None, None) == clip.span
        assert clip.segment(1, 2) == (1, 2)
        assert clip.segment(2.5, 3.4) == (2.5, 3)  # less than 0.5 s past


def test_span_without_declared_duration(tmp_path):
    # A live stream's header: neither the streams nor the file know it.
    path = write_clip(
        tmp_path / 'a.mkv', muxer_options={'live': '1'}, with_audio=False
    )
    with VideoClip(path) as clip:
        assert clip._stream.duration is clip._container.duration is None
        assert clip.span == pytest.approx((0, 2), abs=0.01)
    assert numbers(path, [1.99, 0.01]) == [49, 0]


def test_one_clock_with_sound_that_starts_later(tmp_path):
    path = write_clip(tmp_path / 'a.mkv', audio_start=0.4, audio_seconds=1.6)
    assert numbers(path, [0.5 / FPS]) == [0]
    # And with a container that does not start at 0.
    path = write_clip(tmp_path / 'a.ts', with_audio=False)
    with VideoClip(path) as clip:
        assert clip._container.start_time > 0
    assert numbers(path, [0.5 / FPS, 30.5 / FPS]) == [0, 30]


def test_late_segment_decodes_little(tmp_path, packets):
    path = write_clip(tmp_path / 'a.mp4', seconds=8, gop=10)
    assert numbers(path, [7.5, 7.7]) == [187, 192]
    assert packets['video'] <= 25  # of 200
    assert packets['audio'] == 0
    assert packets['files'] == 1


def test_far_apart_frames_skip_what_is_between(tmp_path, packets):
    path = write_clip(tmp_path / 'a.mp4', seconds=8, gop=10)
    assert numbers(path, [0.02, 4.02, 7.62]) == [0, 100, 190]
    assert packets['video'] <= 15  # of 200


def test_nothing_is_read_past_the_last_frame(tmp_path, packets):
    path = write_clip(tmp_path / 'a.mp4', gop=250, b_frames=0)
    assert numbers(path, [10.5 / FPS]) == [10]
    assert packets['video'] <= 12


def test_time_far_past_the_end(tmp_path):
    path = write_clip(tmp_path / 'a.mp4')
    assert numbers(path, [2.3]) == [49]
    with pytest.raises(BrokenMediaError, match=r'ends at 2\.000 s.*2\.600'):
        numbers(path, [2.6])


def test_cover_picture_is_no_video(tmp_path):
    import av

    path = write_clip(tmp_path / 'a.mp4', with_video=False)
    with (
        av.open(path) as source,
        av.open(str(tmp_path / 'b.mp4'), 'w') as target,
    ):
        sound = target.add_stream_from_template(source.streams.audio[0])
        cover = target.add_stream('png', rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, 'rgb24'
        cover.disposition = av.stream.Disposition.attached_pic
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = sound
                target.mux(packet)
        frame = av.VideoFrame.from_ndarray(coded_frame(0), format='rgb24')
        target.mux([*cover.encode(frame), *cover.encode()])
    with (
        pytest.raises(BrokenMediaError, match='has no video stream'),
        VideoClip(str(tmp_path / 'b.mp4')),
    ):
        pass


def test_odd_bytes_in_a_title_are_no_reason_to_refuse(tmp_path):
    path = tmp_path / 'odd.mkv'
    title = b'QQQQQQQQ'
    with av.open(str(path), 'w') as container:
        container.metadata['title'] = title.decode()
        stream = container.add_stream('mpeg4', rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(coded_frame(number))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    content = path.read_bytes()
    assert title in content
    path.write_bytes(content.replace(title, b'\xff\xfe\xe9\xfc' * 2))
    with VideoClip(str(path)) as clip:
        assert frame_number(clip.frames_at([0.55])[0]) == 5
