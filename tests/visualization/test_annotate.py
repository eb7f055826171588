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
