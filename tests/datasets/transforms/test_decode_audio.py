from __future__ import annotations

import numpy as np
import pytest

from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.transforms import DecodeAudio
from mmremix.registry import TRANSFORMS
from tests.datasets.media_files import chirp, shift, write_clip


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('clips')


@pytest.fixture(scope='module')
def clip(folder):
    return write_clip(folder / 'a.mp4', seconds=3)


@pytest.fixture(scope='module')
def wav(folder):
    return write_clip(
        folder / 'a.wav',
        seconds=3,
        with_video=False,
        audio_codec='pcm_f32le',
        sample_rate=22050,
    )


def decode(sample, **options):
    return DecodeAudio(**options).transform(dict(sample))


def test_whole_clip(clip):
    results = decode({'clip': clip})
    assert results['sample_rate'] == 16000
    assert results['waveform'].shape == (48000,)
    assert results['waveform'].dtype == np.float32
    assert abs(shift(results['waveform'][800:], 16000, 0.05)) <= 0.001


def test_segment_and_rate(clip):
    sample = {'clip': clip, 'start': 1.0, 'end': 1.4}
    results = decode(sample, sample_rate=22050)
    assert results['sample_rate'] == 22050
    assert results['waveform'].shape == (8820,)
    assert abs(shift(results['waveform'], 22050, 1.0)) <= 0.001
    assert {key: results[key] for key in sample} == sample


def test_file_of_its_own_for_the_sound(clip, wav):
    results = decode({'clip': clip, 'audio': wav, 'start': 1.0, 'end': 2.0})
    assert results['sample_rate'] == 22050
    expected = chirp(1 + np.arange(22050) / 22050)
    assert np.abs(results['waveform'] - expected).max() < 1e-5
    # None in an annotation is as good as no key.
    assert decode({'clip': clip, 'audio': None})['sample_rate'] == 16000


def test_waveform_in_numpy(tmp_path):
    np.save(tmp_path / 'a.npy', chirp(np.arange(8000) / 8000))
    sample = {'clip': 'frames', 'audio': str(tmp_path / 'a.npy')}
    results = decode(sample, npy_sample_rate=8000, sample_rate=16000)
    assert results['waveform'].shape == (16000,)
    assert abs(shift(results['waveform'], 16000, 0.0)) <= 1e-4
    with pytest.raises(ValueError, match='npy_sample_rate='):
        decode(sample)


@pytest.mark.parametrize('sampling, start', [('start', 0.5), ('middle', 1.1)])
def test_crop(wav, sampling, start):
    sample = {'clip': wav, 'start': 0.5, 'end': 2.5}
    results = decode(sample, duration=0.8, sampling=sampling)
    assert results['waveform'].shape == (17640,)
    assert abs(shift(results['waveform'], 22050, start)) <= 1e-4


def test_random_crop(wav):
    np.random.seed(0)
    transform = DecodeAudio(duration=0.5)
    starts = []
    full = chirp(np.arange(3 * 22050) / 22050)
    for _ in range(40):
        results = transform.transform({'clip': wav, 'start': 1.0, 'end': 2.0})
        waveform = results['waveform']
        assert waveform.shape == (11025,)
        place = np.correlate(full[20000:46000], waveform[:2000], 'valid')
        starts.append((20000 + int(place.argmax())) / 22050)
    assert min(starts) >= 1 - 1e-4
    assert max(starts) <= 1.5 + 1e-4
    assert max(starts) - min(starts) > 0.4
    np.random.seed(7)
    one = transform.transform({'clip': wav})['waveform']
    np.random.seed(7)
    assert np.array_equal(one, transform.transform({'clip': wav})['waveform'])


@pytest.mark.parametrize('rate', [None, 8000, 16000, 44100])
@pytest.mark.parametrize('duration', [0.1, 0.333, 0.35, 1.0, 2.9999])
def test_cropped_length_is_exact(wav, rate, duration):
    np.random.seed(0)
    for sampling in ('random', 'middle', 'start'):
        results = decode(
            {'clip': wav},
            sample_rate=rate,
            duration=duration,
            sampling=sampling,
            padding='error',
        )
        assert len(results['waveform']) == round(duration * (rate or 22050))


def test_padding_with_silence(wav):
    sample = {'clip': wav, 'start': 1.0, 'end': 1.5}
    waveform = decode(sample, duration=2.0)['waveform']
    assert waveform.shape == (44100,)
    assert abs(shift(waveform[:11025], 22050, 1.0)) <= 1e-4
    assert not waveform[11025:].any()


def test_padding_by_repeating(wav):
    sample = {'clip': wav, 'start': 1.0, 'end': 1.5}
    waveform = decode(sample, duration=1.2, padding='repeat')['waveform']
    assert waveform.shape == (26460,)
    piece = decode(sample)['waveform']
    assert np.array_equal(waveform, np.tile(piece, 3)[:26460])


def test_no_padding(wav):
    sample = {'clip': wav, 'start': 1.0, 'end': 1.5}
    waveform = decode(sample, duration=1.2, padding='none')['waveform']
    assert waveform.shape == (11025,)


def test_padding_refused(wav):
    sample = {'clip': wav, 'start': 1.0, 'end': 1.5}
    with pytest.raises(BrokenMediaError, match=r'a\.wav: .*0\.500 s of sound'):
        decode(sample, duration=1.2, padding='error')
    # Without a length there is nothing to fall short of.
    assert len(decode(sample, padding='error')['waveform']) == 11025


@pytest.mark.parametrize('padding', ['zero', 'repeat', 'none'])
def test_missing_sound_is_never_padded(tmp_path, padding):
    path = write_clip(tmp_path / 'a.mp4', with_audio=False)
    with pytest.raises(BrokenMediaError, match='has no audio stream'):
        decode({'clip': path}, duration=2.0, padding=padding)
    with pytest.raises(BrokenMediaError, match='no such file'):
        decode(
            {'clip': path, 'audio': str(tmp_path / 'a.wav')},
            duration=2.0,
            padding=padding,
        )


def test_image_folder_has_no_sound(tmp_path):
    with pytest.raises(BrokenMediaError, match='a folder, not a media file'):
        decode({'clip': str(tmp_path)})


def test_segment_outside(clip):
    with pytest.raises(BrokenMediaError, match='starts after the end'):
        decode({'clip': clip, 'start': 3.0, 'end': 4.0}, duration=1.0)


def test_amplitude(tmp_path):
    np.save(tmp_path / 'a.npy', np.array([-3.0, 0.5, 1.5], np.float32))
    sample = {'clip': 'c', 'audio': str(tmp_path / 'a.npy')}
    options = {'npy_sample_rate': 8000}
    plain = decode(sample, **options)['waveform']
    assert plain.tolist() == [-3.0, 0.5, 1.5]
    limited = decode(sample, clip_amplitude=True, **options)['waveform']
    assert limited.tolist() == [-1.0, 0.5, 1.0]


@pytest.mark.parametrize(
    'options, message',
    [
        ({'sample_rate': 0}, 'sample_rate=0: must be positive'),
        ({'duration': -1.0}, r'duration=-1\.0: must be positive'),
        ({'npy_sample_rate': -5}, 'npy_sample_rate=-5: must be positive'),
        ({'sampling': 'end'}, "sampling='end': choose from"),
        ({'padding': 'reflect'}, "padding='reflect': choose from"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        DecodeAudio(**options)


def test_repr_is_its_config():
    transform = TRANSFORMS.build(
        dict(type='DecodeAudio', sample_rate=16000, duration=1.0)
    )
    assert repr(transform) == (
        "DecodeAudio(sample_rate=16000, duration=1.0, sampling='random', "
        "padding='zero', npy_sample_rate=None, clip_amplitude=False)"
    )
