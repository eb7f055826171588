from __future__ import annotations

import numpy as np
import pytest

from mmremix.datasets.media import AudioClip, BrokenMediaError
from tests.datasets.media_files import chirp, shift, write_clip

# File, options, and what the encoder's own delay may shift at most, where
# the container has no place to note it (seconds).
FILES = {
    'mp4_aac': ('a.mp4', {}, 0.001),
    'mp4_aac_44100': (
        'a.mp4',
        {'sample_rate': 44100, 'layout': 'stereo'},
        0.001,
    ),
    'mp4_aac_8000': ('a.mp4', {'sample_rate': 8000}, 0.001),
    'surround_48000': (
        'a.mkv',
        {'sample_rate': 48000, 'layout': '5.1'},
        0.001,
    ),
    'wav': ('a.wav', {'with_video': False, 'audio_codec': 'pcm_s16le'}, 1e-4),
    'wav_8_bit': (
        'a.wav',
        {'with_video': False, 'audio_codec': 'pcm_u8'},
        1e-4,
    ),
    'wav_24_bit': (
        'a.wav',
        {'with_video': False, 'audio_codec': 'pcm_s24le', 'layout': 'stereo'},
        1e-4,
    ),
    'wav_float': (
        'a.wav',
        {'with_video': False, 'audio_codec': 'pcm_f32le'},
        1e-4,
    ),
    'flac': ('a.flac', {'with_video': False, 'audio_codec': 'flac'}, 1e-4),
    'mp3': ('a.mp3', {'with_video': False, 'audio_codec': 'libmp3lame'}, 1e-3),
    'opus': (
        'a.webm',
        {
            'video_codec': 'libvpx',
            'audio_codec': 'libopus',
            'sample_rate': 48000,
        },
        0.0011,
    ),
    'avi_pcm': (
        'a.avi',
        {'audio_codec': 'pcm_s16le', 'sample_rate': 44100},
        1e-4,
    ),
}
SEGMENTS = ((0.0, 0.5), (0.31, 0.9), (1.017, 1.52), (1.3, 2.0))


def read(path, *args):
    with AudioClip(path) as clip:
        return clip.read(*args)


@pytest.mark.parametrize('name, options, off', FILES.values(), ids=FILES)
def test_segments_are_where_they_belong(tmp_path, name, options, off):
    path = write_clip(tmp_path / name, **options)
    with AudioClip(path) as clip:
        rate = clip.sample_rate
    assert rate == options.get('sample_rate', 16000)
    for start, end in SEGMENTS:
        waveform = read(path, start, end)
        assert waveform.dtype == np.float32
        assert waveform.shape == (round((end - start) * rate),)
        # An encoder blurs the very beginning of the sound.
        skip = round(0.05 * rate)
        found = shift(waveform[skip:], rate, start + skip / rate)
        assert abs(found) <= off


@pytest.mark.parametrize('name, options, off', FILES.values(), ids=FILES)
def test_segment_is_a_slice_of_the_whole(tmp_path, name, options, off):
    path = write_clip(tmp_path / name, **options)
    with AudioClip(path) as clip:
        rate = clip.sample_rate
    whole = read(path)
    assert abs(len(whole) / rate - 2.0) < 0.07  # up to one packet more
    for start, end in SEGMENTS:
        piece = read(path, start, end)
        first = round(start * rate)
        # Time stamps of Matroska and WebM are whole milliseconds.
        reach = rate // 1000 + 1 if off == 0.0011 or 'mkv' in name else 0
        errors = [
            np.abs(piece[: len(cut)] - cut)[rate // 20 :].max()
            for shifted in range(-reach, reach + 1)
            if len(cut := whole[max(0, first + shifted) :][: len(piece)])
        ]
        assert min(errors) < 5e-3  # AAC puts in noise of its own


@pytest.mark.parametrize('suffix', ['flv', 'ts', 'mpg'])
def test_containers_without_encoder_delay(tmp_path, suffix):
    options = {'sample_rate': 44100}
    if suffix == 'mpg':
        options |= {'video_codec': 'mpeg2video', 'audio_codec': 'mp2'}
    path = write_clip(tmp_path / f'a.{suffix}', seconds=3, **options)
    whole = read(path)
    with AudioClip(path) as clip:
        start = clip.span.start
    for begin in (0.7, 1.234, 2.1):
        piece = read(path, begin, begin + 0.4)
        lags = range(-45, 46)  # 1 ms
        first = round((begin - start) * 44100)
        errors = [
            np.abs(piece - whole[first + lag :][: len(piece)]).max()
            for lag in lags
        ]
        assert min(errors) < 0.01


@pytest.mark.parametrize('rate', [8000, 16000, 22050, 44100, 48000])
def test_resampling(tmp_path, rate):
    path = write_clip(
        tmp_path / 'a.wav',
        with_video=False,
        audio_codec='pcm_f32le',
        sample_rate=44100,
    )
    for start, end in ((0.0, 2.0), (0.35, 0.95), (1.6, 2.0)):
        waveform = read(path, start, end, rate)
        assert waveform.shape == (round((end - start) * rate),)
        times = start + np.arange(len(waveform)) / rate
        # Not the filter's reach of the clip's own ends.
        inside = (times > 0.01) & (times < 1.99)
        off = np.abs(waveform - chirp(times))[inside].max()
        assert off < 0.01


def test_resampled_segment_has_no_edges(tmp_path):
    path = write_clip(
        tmp_path / 'a.wav', with_video=False, audio_codec='pcm_s16le'
    )
    whole = read(path, None, None, 22050)
    piece = read(path, 0.8, 1.2, 22050)
    assert np.abs(piece - whole[17640:26460]).max() < 1e-3


def test_channels_are_averaged(tmp_path):
    import av

    left = np.full(8000, 0.8, np.float32)
    path = str(tmp_path / 'a.wav')
    with av.open(path, 'w') as container:
        stream = container.add_stream('pcm_f32le', rate=8000, layout='stereo')
        packed = np.stack([left, -0.2 * np.ones_like(left)], axis=1)
        frame = av.AudioFrame.from_ndarray(
            packed.reshape(1, -1).astype(np.float32),
            format='flt',
            layout='stereo',
        )
        frame.sample_rate = 8000
        container.mux([*stream.encode(frame), *stream.encode()])
    assert read(path) == pytest.approx(np.full(8000, 0.3), abs=1e-6)


def test_equal_channels_keep_their_level(tmp_path):
    for layout in ('mono', 'stereo', '5.1'):
        path = write_clip(
            tmp_path / 'a.wav',
            with_video=False,
            audio_codec='pcm_f32le',
            layout=layout,
        )
        waveform = read(path)
        times = np.arange(len(waveform)) / 16000
        assert np.abs(waveform - chirp(times)).max() < 1e-5


@pytest.mark.parametrize('late', [0.4, 1.0])
def test_late_sound_stays_where_the_picture_is(tmp_path, late):
    path = write_clip(
        tmp_path / 'a.mkv', audio_start=late, audio_seconds=2 - late
    )
    with AudioClip(path) as clip:
        assert clip.span == pytest.approx((0, 2.0), abs=0.07)
        waveform = clip.read(1.2, 1.7)
        assert abs(shift(waveform, 16000, 1.2)) <= 0.001
        # Silence before it, also where all of the clip is asked for.
        for start, end in ((0.0, 1.7), (None, None), (0.2, 1.6)):
            waveform = clip.read(start, end)
            before = round((late - (start or 0)) * 16000)
            assert not waveform[: before - 400].any()
            found = shift(waveform[before + 800 :][:8000], 16000, late + 0.05)
            assert abs(found) <= 0.002


def test_sound_that_starts_after_minutes_is_refused(tmp_path):
    path = write_clip(tmp_path / 'a.mkv', audio_start=70.0, audio_seconds=1.0)
    with pytest.raises(BrokenMediaError, match=r'starts 70\.\d+ s late'):
        read(path, 0.0, 1.5)
    assert len(read(path, 70.1, 70.9)) == 12800


def test_only_the_segment_is_decoded(tmp_path, packets):
    path = write_clip(tmp_path / 'a.mp4', seconds=8)  # 125 packets
    read(path, 6.0, 6.4)
    assert packets['audio'] <= 20  # some at the start, to check the seek
    assert packets['video'] == 0
    assert packets['files'] == 1


def test_several_reads(tmp_path):
    path = write_clip(tmp_path / 'a.mp4')
    with AudioClip(path) as clip:
        for start in (1.2, 0.1, 1.5, 0.0):
            waveform = clip.read(start, start + 0.3)[1000:]
            assert abs(shift(waveform, 16000, start + 1 / 16)) <= 0.001


def cut_out(tmp_path, begin, end, name='b.mkv', **options):
    """Path of a clip whose sound lacks the packets of a span."""
    import av

    suffix = name.rpartition('.')[2]
    source = write_clip(tmp_path / f'a.{suffix}', with_video=False, **options)
    path = str(tmp_path / name)
    with av.open(source) as whole, av.open(path, 'w') as target:
        stream = target.add_stream_from_template(whole.streams.audio[0])
        for packet in whole.demux(audio=0):
            time = float((packet.pts or 0) * packet.time_base)
            if packet.dts is not None and not begin < time < end:
                packet.stream = stream
                target.mux(packet)
    return path


HOLES = {
    'mkv_pcm': ('b.mkv', {'audio_codec': 'pcm_s16le'}),
    'mkv_aac': ('b.mkv', {}),
    'mp4_aac': ('b.mp4', {'sample_rate': 44100}),
    'webm_opus': ('b.webm', {'audio_codec': 'libopus', 'sample_rate': 48000}),
    'ts_aac': ('b.ts', {'sample_rate': 48000}),
}


@pytest.mark.parametrize('name, options', HOLES.values(), ids=HOLES)
def test_sound_after_a_hole_keeps_its_time(tmp_path, name, options):
    path = cut_out(tmp_path, 0.6, 0.9, name, **options)
    rate = options.get('sample_rate', 16000)
    off = 0.03 if name.endswith('.ts') else 0.002  # no encoder delay noted
    for start, end in ((None, None), (0.2, 1.8), (1.1, 1.9)):
        waveform = read(path, start, end)
        begin = start or 0.0
        after = waveform[round((1.2 - begin) * rate) :][: rate // 2]
        with AudioClip(path) as clip:
            origin = clip._origin if name.endswith('.ts') else 0.0
        assert origin >= 0 and len(after) == rate // 2
        if off < 0.01:
            assert abs(shift(after, rate, 1.2)) <= off
        if begin < 0.6:
            hole = waveform[round((0.7 - begin) * rate) :][: rate // 10]
            assert not hole.any()


def test_segments_around_a_hole_lie_where_they_are_in_the_whole(tmp_path):
    # The hole is no number of whole frames.
    path = cut_out(tmp_path, 0.6, 0.9, seconds=6, sample_rate=44100)
    whole = read(path)
    for start in (0.3, 0.65, 0.93, 1.4, 3.21, 5.0):
        piece = read(path, start, start + 0.7)
        first = round(start * 44100)
        expected = whole[first : first + len(piece)]
        assert np.abs(piece - expected)[2205:].max() < 5e-3


def test_too_large_a_hole_is_refused(tmp_path):
    path = cut_out(tmp_path, 0.6, 1.2, audio_codec='pcm_s16le')
    with pytest.raises(BrokenMediaError, match=r'b\.mkv: .*jumps from 0\.6'):
        read(path)
    assert len(read(path, 1.3, 1.9)) == len(read(path, 0.0, 0.6)) == 9600


def test_a_segment_that_is_mostly_a_hole_is_refused(tmp_path):
    path = cut_out(tmp_path, 0.6, 0.9, audio_codec='pcm_s16le')
    with pytest.raises(BrokenMediaError, match=r'b\.mkv: \d+ of 6400 samples'):
        read(path, 0.55, 0.95)
