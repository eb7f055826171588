from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
from torch._utils import ExceptionWrapper

from mmremix.datasets.media import (
    AudioClip,
    BrokenMediaError,
    VideoClip,
    open_audio,
    open_video,
)
from mmremix.datasets.media import container as containers
from tests.datasets.media_files import frame_number, write_clip

POINTER = (
    b'version https://git-lfs.github.com/spec/v1\n'
    b'oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d1'
    b'7e2393\nsize 12345\n'
)
READERS = [VideoClip, AudioClip]


def use(reader, path, start=None, end=None):
    """Read all of a segment."""
    with reader(str(path)) as clip:
        start, end = clip.segment(start, end)
        if reader is AudioClip:
            return clip.read(start, end)
        return clip.frames_at(np.linspace(start, end - 0.02, 20))


def write_cut(path, share, **options):
    """Write a clip and keep the first part of the file only."""
    write_clip(path, **options)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    return path


@pytest.mark.parametrize('reader', READERS)
@pytest.mark.parametrize(
    'name, content, cause',
    [
        ('missing.mp4', None, 'no such file'),
        ('empty.mp4', b'', r'empty \(0 bytes\)'),
        ('pointer.mp4', POINTER, "Git LFS pointer.*'git lfs pull'"),
        ('pointer.wav', POINTER, "Git LFS pointer.*'git lfs pull'"),
        ('noise.mp4', bytes(range(256)) * 40, 'not readable as media'),
        ('text.mp4', b'<html>404 Not Found</html>', 'not readable as media'),
    ],
)
def test_what_is_no_media_file(tmp_path, reader, name, content, cause):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BrokenMediaError, match=f'{name}: .*{cause}'):
        use(reader, tmp_path / name)


@pytest.mark.parametrize('reader', READERS)
def test_folder_is_no_media_file(tmp_path, reader):
    with pytest.raises(BrokenMediaError, match='a folder, not a media file'):
        use(reader, tmp_path)


def test_unreadable_file(tmp_path, monkeypatch):
    import av

    path = tmp_path / 'a.mp4'
    path.write_bytes(b'x')

    def deny(*args, **kwargs):
        raise av.error.PermissionError(13, 'Permission denied', str(path))

    monkeypatch.setattr(av, 'open', deny)
    with pytest.raises(BrokenMediaError, match=r'a\.mp4: .*Permission'):
        use(VideoClip, path)


def test_no_sound(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', with_audio=False)
    with pytest.raises(BrokenMediaError, match=r'a\.mp4: has no audio stream'):
        use(AudioClip, path)


def test_no_picture(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', with_video=False)
    with pytest.raises(BrokenMediaError, match=r'a\.mp4: has no video stream'):
        use(VideoClip, path)


@pytest.mark.parametrize('reader', READERS)
@pytest.mark.parametrize('share', [0.02, 0.3, 0.6, 0.98])
def test_mp4_with_its_index_cut_off(tmp_path, reader, share):
    path = write_cut(tmp_path / 'a.mp4', share)
    with pytest.raises(BrokenMediaError, match='cut off'):
        use(reader, path)


@pytest.mark.parametrize('reader', READERS)
@pytest.mark.parametrize('share', [0.15, 0.3, 0.6])
@pytest.mark.parametrize(
    'name, options',
    [
        ('a.mp4', {'muxer_options': {'movflags': 'faststart'}}),
        ('a.mkv', {}),
        ('a.avi', {'video_codec': 'mpeg4', 'audio_codec': 'pcm_s16le'}),
    ],
)
def test_file_cut_off(tmp_path, reader, share, name, options):
    path = write_cut(tmp_path / name, share, seconds=4, **options)
    with pytest.raises(BrokenMediaError, match=name):
        use(reader, path)


@pytest.mark.parametrize('share', [0.1, 0.4, 0.8])
@pytest.mark.parametrize('name', ['a.wav', 'a.flac'])
def test_sound_file_cut_off(tmp_path, share, name):
    codec = {'a.wav': 'pcm_s16le', 'a.flac': 'flac'}[name]
    path = write_cut(
        tmp_path / name,
        share,
        seconds=4,
        with_video=False,
        audio_codec=codec,
    )
    with pytest.raises(BrokenMediaError, match=name):
        use(AudioClip, path)


def test_wav_written_as_a_stream_is_whole(tmp_path):
    path = tmp_path / 'a.wav'
    write_clip(path, with_video=False, audio_codec='pcm_s16le')
    data = bytearray(path.read_bytes())
    # The writer could not go back to fill in the sizes.
    data[4:8] = b'\xff' * 4
    place = data.index(b'data') + 4
    data[place : place + 4] = b'\xff' * 4
    path.write_bytes(data)
    assert len(use(AudioClip, path)) == 32000
    assert len(use(AudioClip, path, 0.5, 0.75)) == 4000


def test_what_lies_before_the_cut_is_good(tmp_path):
    options = {'muxer_options': {'movflags': 'faststart'}, 'gop': 5}
    path = write_cut(tmp_path / 'a.mp4', 0.7, seconds=4, **options)
    with VideoClip(str(path)) as clip:
        images = clip.frames_at([0.1, 1.02])
    assert [frame_number(image) for image in images] == [2, 25]
    assert len(use(AudioClip, path, 0.2, 0.6)) == 6400


@pytest.mark.parametrize('kind', ['video', 'audio'])
def test_damage_in_the_middle(tmp_path, kind):
    import av

    path = tmp_path / 'a.mp4'
    write_clip(path, gop=5, b_frames=0)
    with av.open(str(path)) as container:
        stream = container.streams.get({kind: 0})[0]
        places = [
            (packet.pos, packet.size)
            for packet in container.demux(stream)
            if packet.size
        ]
    data = bytearray(path.read_bytes())
    half = len(places) // 2
    for position, size in places[half : half + 2]:
        data[position : position + size] = b'\xff' * size
    path.write_bytes(data)
    reader = VideoClip if kind == 'video' else AudioClip
    assert len(use(reader, path, 0.0, 0.5)) in (20, 8000)
    with pytest.raises(BrokenMediaError, match=r'a\.mp4: damaged'):
        use(reader, path)


@pytest.mark.parametrize('reader', READERS)
@pytest.mark.parametrize(
    'start, end, cause',
    [
        (-0.1, 1.0, r'-0\.100-1\.000 s starts before 0'),
        (1.0, 1.0, 'has no length'),
        (1.0, 0.5, 'has no length'),
        (2.0, 2.2, 'starts after the end of the clip'),
        (2.0, None, 'starts after the end of the clip'),
        (7.0, 8.0, r'7\.000-8\.000 s starts after .* spans 0\.000-2\.0'),
        (1.0, 2.6, r'ends 0\.[56]\d\d s after the clip'),
        (float('nan'), 1.0, 'not finite'),
        (0.5, float('inf'), 'not finite'),
    ],
)
def test_segments_outside(tmp_path, reader, start, end, cause):
    path = write_clip(tmp_path / 'a.mp4')
    with pytest.raises(BrokenMediaError, match=rf'a\.mp4: .*{cause}'):
        use(reader, path, start, end)


def test_segment_slightly_past_the_end(tmp_path):
    path = write_clip(tmp_path / 'a.mp4')
    assert len(use(AudioClip, path, 1.5, 2.49)) == 8000
    images = use(VideoClip, path, 1.5, 2.49)
    assert frame_number(images[-1]) == 49


def test_segment_past_an_understated_duration(tmp_path):
    path = write_clip(tmp_path / 'a.mkv', with_audio=False, seconds=3)
    data = (tmp_path / 'a.mkv').read_bytes()
    # The tag with the stream's duration.
    tag = b'00:00:03.000000000'
    assert data.count(tag) == 1
    (tmp_path / 'a.mkv').write_bytes(data.replace(tag, b'00:00:01.000000000'))
    with VideoClip(path) as clip:
        assert clip.span.end == pytest.approx(3)
        start, end = clip.segment(2.2, 2.8)
        images = clip.frames_at([start, end])
    assert [frame_number(image) for image in images] == [55, 70]


@pytest.mark.parametrize('suffix', ['flv', 'mkv', 'mp4'])
def test_one_stream_shorter_than_the_other(tmp_path, suffix):
    # Flash declares only the longest.
    options = {'sample_rate': 44100, 'seconds': 2}
    path = write_clip(tmp_path / f'a.{suffix}', audio_seconds=0.5, **options)
    assert len(use(AudioClip, path)) == pytest.approx(22050, abs=3000)
    with pytest.raises(
        BrokenMediaError, match=r'ends 1\.\d+ s after the clip'
    ):
        use(AudioClip, path, 0.1, 2.0)
    path = write_clip(tmp_path / f'b.{suffix}', audio_seconds=5.0, **options)
    assert frame_number(use(VideoClip, path)[-1]) == 49
    with pytest.raises(
        BrokenMediaError, match=r'ends [23]\.\d+ s after the clip'
    ):
        use(VideoClip, path, 1.0, 5.0)


@pytest.mark.parametrize('reader', READERS)
def test_flash_cut_off(tmp_path, reader):
    path = write_cut(tmp_path / 'a.flv', 0.5, sample_rate=44100, seconds=4)
    with pytest.raises(BrokenMediaError, match=r'a\.flv: .*cut off'):
        use(reader, path)


def test_samples_that_are_not_finite(tmp_path):
    import av

    path = str(tmp_path / 'a.wav')
    samples = np.zeros((1, 8000), np.float32)
    samples[0, 5000:5003] = np.nan
    with av.open(path, 'w') as container:
        stream = container.add_stream('pcm_f32le', rate=8000, layout='mono')
        frame = av.AudioFrame.from_ndarray(
            samples, format='flt', layout='mono'
        )
        frame.sample_rate = 8000
        container.mux([*stream.encode(frame), *stream.encode()])
    assert len(use(AudioClip, path, 0.0, 0.5)) == 4000
    with pytest.raises(BrokenMediaError, match='3 of 8000 samples are NaN'):
        use(AudioClip, path)


def test_names_in_other_scripts(tmp_path):
    folder = tmp_path / 'прыжок 跳 🎵'
    folder.mkdir()
    path = write_clip(folder / "l'été #1 100%.mp4")
    assert frame_number(use(VideoClip, path)[0]) == 0
    assert len(use(AudioClip, path)) == 32000


def test_no_file_stays_open(tmp_path):
    good = write_clip(tmp_path / 'a.mp4')
    silent = write_clip(tmp_path / 'b.mp4', with_audio=False)
    cut = write_cut(
        tmp_path / 'c.mkv', 0.3, seconds=4, audio_codec='pcm_s16le'
    )
    (tmp_path / 'd.mp4').write_bytes(POINTER)

    def open_files():
        return len(os.listdir('/proc/self/fd'))

    use(VideoClip, good)
    before = open_files()
    for _ in range(50):
        use(VideoClip, good)
        use(AudioClip, good)
        for reader, path in (
            (AudioClip, silent),
            (VideoClip, cut),
            (AudioClip, tmp_path / 'd.mp4'),
        ):
            # The errors are kept alive by nothing here.
            with pytest.raises(BrokenMediaError):
                use(reader, path)
    assert open_files() == before


def test_opener_goes_by_the_path(tmp_path):
    assert type(open_video(str(tmp_path))).__name__ == 'FrameFolder'
    assert type(open_video('a.mp4')).__name__ == 'VideoClip'
    assert type(open_audio('a.NPY', 8000)).__name__ == 'WaveformFile'
    assert type(open_audio('a.wav')).__name__ == 'AudioClip'


def test_error_is_pickled_with_its_message():
    error = BrokenMediaError.of('a.mp4', 'cut off', 'Get it again.')
    assert str(error) == 'a.mp4: cut off. Get it again.'
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is BrokenMediaError and str(again) == str(error)


def test_error_comes_out_of_a_worker(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', with_audio=False)
    try:
        use(AudioClip, path)
    except BrokenMediaError:
        # What a worker of DataLoader sends, and the main process does.
        wrapped = ExceptionWrapper(where='in DataLoader worker process 0')
    with pytest.raises(BrokenMediaError, match=r'a\.mp4: has no audio'):
        pickle.loads(pickle.dumps(wrapped)).reraise()


def test_start_before_zero_by_rounding(tmp_path):
    # An MP3 starts at its encoder's delay, which the container rounds.
    path = tmp_path / 'a.mp3'
    write_clip(path, with_video=False, audio_codec='mp3', sample_rate=44100)
    with AudioClip(str(path)) as clip:
        start, end = clip.segment(None, None)
        assert start == 0.0
        # What a transform does with it.
        assert len(clip.read(start, end)) == pytest.approx(88200, abs=2)


def test_frames_of_several_sizes(tmp_path):
    import cv2

    for i in range(3):
        image = np.zeros((48, 64 + 2 * (i == 2), 3), np.uint8)
        cv2.imwrite(str(tmp_path / f'{i}.png'), image)
    with open_video(str(tmp_path)) as clip:
        assert len(clip.frames_at([0, 1])) == 2
        with pytest.raises(BrokenMediaError, match='64 x 48, 66 x 48'):
            clip.frames_at([0, 1, 2])


@pytest.mark.parametrize('error', [IndexError, TypeError, ValueError])
def test_errors_of_pyav_itself(error):
    with (
        pytest.raises(BrokenMediaError, match=r'a\.mp4: damaged.*why'),
        containers.decoding('a.mp4'),
    ):
        raise error('why')
