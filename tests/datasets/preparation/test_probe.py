from __future__ import annotations

import av
import numpy as np
import pytest

from mmremix.datasets.media import AudioClip, VideoClip
from mmremix.datasets.packing import PackJob, PackOptions, pack_all
from mmremix.datasets.packing.packer import target
from mmremix.datasets.preparation.probe import CHECKS, probe
from tests.datasets.media_files import write_clip


def write_wav(path, samples, rate=8000):
    """Write 16-bit samples and return the path."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('pcm_s16le', rate=rate, layout='mono')
        frame = av.AudioFrame.from_ndarray(
            samples.astype(np.int16)[None], format='s16', layout='mono'
        )
        frame.sample_rate = rate
        container.mux([*stream.encode(frame), *stream.encode()])
    return str(path)


def write_picture(path):
    return write_clip(path, seconds=1, with_audio=False)


@pytest.mark.parametrize('check', CHECKS)
def test_facts_of_a_clip(tmp_path, check):
    path = write_clip(
        tmp_path / 'a.mp4', fps=10, sample_rate=48000, layout='5.1'
    )
    facts = probe(path, check=check)
    assert (facts['width'], facts['height']) == (64, 48)
    assert facts['frame_rate'] == 10
    assert facts['sample_rate'] == 48000 and facts['channels'] == 6
    assert facts['duration'] == pytest.approx(2, abs=0.05)
    assert facts['audio_duration'] == pytest.approx(2, abs=0.05)


def test_facts_of_readers_are_public(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', fps=10, layout='stereo')
    with VideoClip(path) as video, AudioClip(path) as audio:
        assert video.size == (64, 48) and video.frame_rate == 10
        assert audio.channels == 2 and audio.sample_rate == 16000


@pytest.mark.parametrize('check', CHECKS)
def test_facts_of_a_packed_clip(tmp_path, check):
    job = PackJob(write_clip(tmp_path / 'a.mp4'))
    options = PackOptions(format='array')
    report = pack_all([job], options, str(tmp_path), progress=False)
    assert not report.broken
    facts = probe(target(job, options, str(tmp_path)), check=check)
    assert (facts['width'], facts['height']) == (64, 48)
    assert facts['duration'] == pytest.approx(2, abs=0.05)
    assert facts['sample_rate'] == 16000 and facts['channels'] == 1
    assert facts['frame_rate'] is None


def test_folder_of_frames_lasts_as_long_as_its_sound(tmp_path):
    import cv2

    folder = tmp_path / 'frames'
    folder.mkdir()
    for i in range(3):
        cv2.imwrite(str(folder / f'{i}.png'), np.zeros((48, 64, 3), np.uint8))
    sound = write_wav(tmp_path / 'a.wav', np.arange(4000))
    assert probe(str(folder), sound, 'header')['width'] is None
    for check in ('decode', 'full'):
        facts = probe(str(folder), sound, check)
        assert (facts['width'], facts['height']) == (64, 48)
        assert facts['duration'] == facts['audio_duration'] == 0.5


def test_silent_sound_is_a_reason(tmp_path):
    clip = write_picture(tmp_path / 'a.mp4')
    silent = write_wav(tmp_path / 'silent.wav', np.zeros(8000))
    for check in ('decode', 'full'):
        assert probe(clip, silent, check) == {
            'reason': 'sound: silent, every sample is 0.'
        }
    # The header cannot tell, and a training reads what there is.
    assert 'reason' not in probe(clip, silent, 'header')
    with AudioClip(silent) as sound:
        assert sound.read().tolist() == [0.0] * 8000


def test_sound_that_ends_in_silence_is_none(tmp_path):
    clip = write_picture(tmp_path / 'a.mp4')
    samples = np.zeros(16000)
    samples[3] = 1
    quiet = write_wav(tmp_path / 'quiet.wav', samples)
    for check in CHECKS:
        assert 'reason' not in probe(clip, quiet, check)


@pytest.mark.parametrize(
    ('array', 'reason'),
    [
        (np.zeros(100, np.float32), 'silent'),
        (np.zeros((4, 5)), 'silent'),
        (np.full(100, 128, np.uint8), 'silent'),
        (np.array([0.5, np.nan]), 'not finite'),
        (np.zeros(0), 'empty'),
    ],
)
def test_arrays_that_are_no_sound(tmp_path, array, reason):
    clip = write_picture(tmp_path / 'a.mp4')
    path = str(tmp_path / 'a.npy')
    np.save(path, array)
    assert probe(clip, path)['reason'].startswith(f'sound: {reason}')
    np.save(path, np.array([0.5, 0.25]))
    assert 'reason' not in probe(clip, path)
