from __future__ import annotations

import av
import numpy as np
import pytest

from mmremix.datasets.media import AudioClip, BrokenMediaError
from mmremix.visualization.annotate import annotate_clip
from tests.datasets.media_files import frame_number, shift, write_clip


def entry(clip, **more):
    best = [{'label': 1, 'class': 'Gitarre ä', 'score': 0.913}]
    return {'clip': clip, 'topk': {'fusion': best}, 'missing': {}, **more}


def frames_of(path):
    with av.open(str(path)) as container:
        return [
            (frame.time, frame.to_ndarray(format='rgb24'))
            for frame in container.decode(video=0)
        ]


def test_every_frame_and_the_sound_stay(tmp_path):
    times = [0, 0.04, 0.1, 0.2, 0.5, 0.9, 1.4]
    clip = write_clip(
        tmp_path / 'a.mkv', size=(98, 62), frame_times=times, layout='stereo'
    )
    annotate_clip(entry(clip), tmp_path / 'b.mp4')
    found = frames_of(tmp_path / 'b.mp4')
    assert [time for time, _ in found] == pytest.approx(times, abs=0.002)
    height = 62 * 4  # enlarged to at least 320 pixels
    assert found[0][1].shape[1] == 98 * 4
    for number, (_, image) in enumerate(found):
        assert frame_number(image[:height]) == number
        # White letters on black.
        assert image[height:].max() > 200 and image[height:].mean() < 60
    with AudioClip(str(tmp_path / 'b.mp4')) as sound:
        assert sound._stream.codec_context.channels == 2
        waveform = sound.read(0.5, 1.5)
        assert abs(shift(waveform, sound.sample_rate, 0.5)) < 0.002


def test_segment_shows_its_prediction_only_while_it_lasts(tmp_path):
    clip = write_clip(tmp_path / 'a.mp4', with_audio=False)
    shown = entry(clip, start=0.5, end=1.0, missing={'audio': 'none'})
    annotate_clip(shown, tmp_path / 'b.mp4')
    for time, image in frames_of(tmp_path / 'b.mp4'):
        lit = image[240:].max() > 200
        assert lit == (0.5 <= time < 1.0), time


def test_large_pictures_are_scaled_down(tmp_path):
    clip = write_clip(tmp_path / 'a.mp4', size=(1280, 960), seconds=0.2)
    annotate_clip(entry(clip), tmp_path / 'b.mp4')
    image = frames_of(tmp_path / 'b.mp4')[0][1]
    assert image.shape[1] == 640 and 480 < image.shape[0] < 560


@pytest.mark.parametrize(
    ('name', 'codec'),
    [
        ('a.avi', 'libmp3lame'),  # counts in frames
        ('a.avi', 'ac3'),
        ('a.mkv', 'libopus'),  # counts in milliseconds
        ('a.flv', 'libmp3lame'),
        ('a.mov', 'pcm_s16le'),
    ],
)
def test_sound_of_any_container_keeps_its_time(tmp_path, name, codec):
    rate = 48000 if codec == 'libopus' else 44100
    clip = str(tmp_path / name)
    write_marked(clip, codec, rate)
    annotate_clip(entry(clip), tmp_path / 'b.mp4')
    with AudioClip(str(tmp_path / 'b.mp4')) as sound:
        waveform = sound.read(0.0, 1.8)
        loud = np.flatnonzero(np.abs(waveform) > 0.2)
        assert loud[0] / sound.sample_rate == pytest.approx(1.0, abs=0.05)
        assert sound.span.end == pytest.approx(2.0, abs=0.1)


def write_marked(path, codec, rate):
    """Two seconds of grey; silence, then a tone from 1 s on."""
    grid = np.arange(2 * rate) / rate
    tone = np.where(grid < 1, 0, np.sin(2 * np.pi * 400 * grid) * 0.5)
    with av.open(path, 'w') as container:
        picture = 'flv' if path.endswith('.flv') else 'mpeg4'
        video = container.add_stream(picture, rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, 'yuv420p'
        audio = container.add_stream(codec, rate=rate, layout='mono')
        for _ in range(20):
            grey = np.full((48, 64, 3), 90, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format='rgb24')
            container.mux(video.encode(frame))
        container.mux(video.encode())
        frame = av.AudioFrame.from_ndarray(
            (tone * 32000).astype(np.int16)[None], format='s16', layout='mono'
        )
        frame.sample_rate, frame.pts = rate, 0
        context = audio.codec_context
        resampler = av.AudioResampler(
            context.format, 'mono', rate, frame_size=context.frame_size or 1024
        )
        pieces = [*resampler.resample(frame), *resampler.resample(None)]
        for piece in (*pieces, None):
            container.mux(audio.encode(piece))


def test_what_cannot_be_annotated_leaves_no_file(tmp_path):
    blind = write_clip(tmp_path / 'a.mp4', with_video=False)
    with pytest.raises(BrokenMediaError, match='no video stream'):
        annotate_clip(entry(blind), tmp_path / 'out' / 'b.mp4')
    with pytest.raises(BrokenMediaError, match='a folder'):
        annotate_clip(entry(str(tmp_path)), tmp_path / 'out' / 'b.mp4')
    clip = write_clip(tmp_path / 'c.mkv', seconds=3)
    content = (tmp_path / 'c.mkv').read_bytes()
    noise = np.random.default_rng(0).bytes(len(content) // 4)
    middle = len(content) // 2
    damaged = content[:middle] + noise + content[middle + len(noise) :]
    (tmp_path / 'c.mkv').write_bytes(damaged)
    with pytest.raises(BrokenMediaError):
        annotate_clip(entry(clip), tmp_path / 'out' / 'b.mp4')
    assert not list((tmp_path / 'out').glob('*'))
