from __future__ import annotations

import pickle

import numpy as np
import pytest

from mmremix.datasets import DecodeAudio, DecodeVideo
from mmremix.datasets.media import (
    AudioClip,
    BrokenMediaError,
    VideoClip,
    open_audio,
    open_video,
)
from mmremix.datasets.media.packed import PackedAudio, PackedVideo
from mmremix.datasets.media.packed_file import PackedFile
from mmremix.datasets.packing import PackJob, PackOptions
from mmremix.datasets.packing.array_packer import pack_array
from tests.datasets.media_files import frame_number, write_clip

FPS = 25


def packed(tmp_path, start=None, end=None, clip=None, **options):
    clip = clip or write_clip(tmp_path / 'a.mp4', seconds=3)
    options.setdefault('audio_dtype', 'float32')
    path = str(tmp_path / 'a.mmpk')
    pack_array(PackJob(clip, None, start, end), PackOptions(**options), path)
    return clip, path


def test_the_reader_goes_by_the_suffix(tmp_path):
    _, path = packed(tmp_path)
    assert isinstance(open_video(path), PackedVideo)
    assert isinstance(open_audio(path), PackedAudio)


@pytest.mark.parametrize(
    'segment', [(None, None), (0.5, 1.7), (1.0, 3.3)], ids=str
)
def test_reads_exactly_as_the_clip(tmp_path, segment):
    clip, path = packed(tmp_path, *segment)
    with VideoClip(clip) as old, PackedVideo(path) as new:
        span = old.segment(*segment)
        assert new.segment(*segment) == span
        inside = np.linspace(span.start, span.end - 0.001, 37).tolist()
        pairs = zip(old.frames_at(inside), new.frames_at(inside), strict=True)
        assert all(np.array_equal(*pair) for pair in pairs)
    with AudioClip(clip) as old, PackedAudio(path) as new:
        assert new.segment(*segment) == old.segment(*segment)
        assert new.sample_rate == old.sample_rate == 16000
        # At another rate too: the filter has its neighbours.
        for rate in (None, 22050, 8000):
            first, second = (c.read(*segment, rate) for c in (old, new))
            assert len(first) == len(second)
            # After the last sample decoders give some more, which is not
            # packed; the filter reaches there.
            inner = slice(None if rate is None else -64)
            np.testing.assert_allclose(first[inner], second[inner], atol=1e-6)


def test_sound_that_starts_late_keeps_its_place(tmp_path):
    clip = write_clip(
        tmp_path / 'a.mkv', seconds=3, audio_start=0.6, audio_seconds=2.4
    )
    for segment in ((None, None), (0.2, 1.7), (1.0, 2.0)):
        _, path = packed(tmp_path, *segment, clip=clip)
        with AudioClip(clip) as old, PackedAudio(path) as new:
            assert new.segment(*segment) == old.segment(*segment)
            first, second = old.read(*segment), new.read(*segment)
            np.testing.assert_allclose(first, second, atol=1e-6)


@pytest.mark.parametrize('sampling', ['random', 'middle'])
def test_transforms_take_either(tmp_path, sampling):
    clip, path = packed(tmp_path, 0.4, 2.2)
    video = DecodeVideo(num_frames=4, sampling=sampling)
    audio = DecodeAudio(duration=0.7, sampling=sampling)
    results = []
    for source in (clip, path):
        np.random.seed(1)
        info = {'clip': source, 'start': 0.4, 'end': 2.2}
        results.append((video(dict(info)), audio(dict(info))))
    (video1, audio1), (video2, audio2) = results
    assert video1['frame_times'] == video2['frame_times']
    assert np.array_equal(video1['imgs'], video2['imgs'])
    np.testing.assert_array_equal(audio1['waveform'], audio2['waveform'])


def test_variable_rate_keeps_its_times(tmp_path):
    shown = [0.0, 0.01, 0.03, 0.5, 0.52, 0.53, 0.9, 1.7, 1.71, 1.9]
    clip = write_clip(tmp_path / 'a.mkv', with_audio=False, frame_times=shown)
    _, path = packed(tmp_path, 0.4, 1.8, clip=clip, modalities=['video'])
    with PackedVideo(path) as new:
        times = [0.45, 0.51, 0.6, 0.95, 1.705, 1.75]
        found = [frame_number(image) for image in new.frames_at(times)]
    assert found == [2, 3, 5, 6, 7, 8]


@pytest.mark.parametrize('dtype', ['int16', 'float16'])
def test_small_samples(tmp_path, dtype):
    clip, path = packed(tmp_path, audio_dtype=dtype)
    with AudioClip(clip) as old, PackedAudio(path) as new:
        wave = old.read()
        noise = new.read() - wave
    snr = 10 * np.log10(np.square(wave).sum() / np.square(noise).sum())
    assert snr > (80 if dtype == 'int16' else 65)


def test_lower_rate_and_size(tmp_path):
    _, path = packed(tmp_path, short_side=24, fps=5, sample_rate=8000)
    with PackedVideo(path) as new:
        images = new.frames_at([(i + 0.1) / 5 for i in range(15)])
    assert images[0].shape == (24, 32, 3)
    # The frame that is on display in the middle of each fifth of a second.
    assert [frame_number(i) for i in images] == [5 * k + 2 for k in range(15)]
    with PackedAudio(path) as new:
        assert new.sample_rate == 8000
        assert len(new.read()) == pytest.approx(24000, abs=1200)


def test_frames_are_copies(tmp_path):
    _, path = packed(tmp_path)
    with PackedVideo(path) as clip:
        one, two = clip.frames_at([0.5, 0.5])
        one[:] = 0
        assert frame_number(two) == frame_number(clip.frames_at([0.5])[0])


def test_a_wider_segment_is_refused(tmp_path):
    _, path = packed(tmp_path, 1.0, 2.0)
    for kind in (PackedVideo, PackedAudio):
        with kind(path) as clip:
            assert clip.segment(1.2, 1.8) == (1.2, 1.8)
            with pytest.raises(BrokenMediaError, match='larger --margin'):
                clip.segment(0.9, 2.0)
            with pytest.raises(BrokenMediaError, match='larger --margin'):
                clip.segment(1.0, 2.1)
            with pytest.raises(BrokenMediaError, match='after the end'):
                clip.segment(7.0, 8.0)
    with PackedVideo(path) as clip, pytest.raises(BrokenMediaError):
        clip.frames_at([0.5])


def test_what_was_not_packed(tmp_path):
    _, path = packed(tmp_path, modalities=['audio'])
    with (
        pytest.raises(BrokenMediaError, match='packed without video'),
        PackedVideo(path),
    ):
        pass


def test_damaged_files(tmp_path):
    _, path = packed(tmp_path)
    whole = (tmp_path / 'a.mmpk').read_bytes()
    for data, message in (
        (b'', 'empty'),
        (b'RIFF' + whole[4:], 'not a packed clip'),
        (whole[:-1], 'cut off'),
        (whole[:20], 'header is damaged'),
        (b'version https://git-lfs.github.com/spec/v1\n', 'Git LFS'),
    ):
        (tmp_path / 'b.mmpk').write_bytes(data)
        with (
            pytest.raises(BrokenMediaError, match=message),
            PackedVideo(str(tmp_path / 'b.mmpk')),
        ):
            pass
    with pytest.raises(BrokenMediaError, match='no such file'):
        PackedFile(str(tmp_path / 'c.mmpk'))
    assert PackedFile(path).is_intact()
    flipped = bytearray(whole)
    flipped[-100] ^= 1
    (tmp_path / 'b.mmpk').write_bytes(flipped)
    assert not PackedFile(str(tmp_path / 'b.mmpk')).is_intact()


def test_errors_pass_between_processes(tmp_path):
    with pytest.raises(BrokenMediaError) as info:
        PackedFile(str(tmp_path / 'c.mmpk'))
    assert str(pickle.loads(pickle.dumps(info.value))) == str(info.value)
