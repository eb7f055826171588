from __future__ import annotations

import numpy as np
import pytest

from mmremix.datasets.media import BrokenMediaError, WaveformFile
from tests.datasets.media_files import chirp


def save(tmp_path, array):
    np.save(tmp_path / 'a.npy', array)
    return str(tmp_path / 'a.npy')


def read(path, *args, rate=16000):
    with WaveformFile(path, rate) as clip:
        return clip.read(*args)


def test_segments(tmp_path):
    wave = chirp(np.arange(32000) / 16000)
    path = save(tmp_path, wave)
    with WaveformFile(path, 16000) as clip:
        assert clip.span == (0, 2)
        assert clip.sample_rate == 16000
    assert np.array_equal(read(path), wave)
    assert np.array_equal(read(path, 0.5, 0.75), wave[8000:12000])
    assert np.array_equal(read(path, 1.5, 2.3), wave[24000:])
    with pytest.raises(BrokenMediaError, match='starts after the end'):
        read(path, 2.0, 2.5)


def test_resampling(tmp_path):
    path = save(tmp_path, chirp(np.arange(32000) / 16000))
    waveform = read(path, 0.5, 1.0, 22050)
    assert waveform.shape == (11025,)
    expected = chirp(0.5 + np.arange(11025) / 22050)
    assert np.abs(waveform - expected).max() < 1e-3


@pytest.mark.parametrize(
    'dtype, values',
    [
        ('float64', [0.5, -1.0, 0.0]),
        ('float16', [0.5, -1.0, 0.0]),
        ('int16', [2**14, -(2**15), 0]),
        ('int32', [2**30, -(2**31), 0]),
        ('uint8', [192, 0, 128]),
    ],
)
def test_sample_types(tmp_path, dtype, values):
    path = save(tmp_path, np.array(values, dtype=dtype))
    waveform = read(path)
    assert waveform.dtype == np.float32
    assert waveform.tolist() == [0.5, -1.0, 0.0]


@pytest.mark.parametrize(
    'array, cause',
    [
        (np.zeros((100, 128)), r'shape \(100, 128\).*LoadSpectrogram'),
        (np.zeros(0), r'shape \(0,\)'),
        (np.array(0.5), r'shape \(\)'),
        (np.zeros(9, np.complex64), 'samples of type complex64'),
        (np.zeros(9, np.int64), 'samples of type int64'),
        (np.array(['a', 'b']), 'samples of type <U1'),
        (np.array([0.1, np.nan, np.inf]), '2 of 3 samples are NaN'),
    ],
)
def test_what_is_no_waveform(tmp_path, array, cause):
    path = save(tmp_path, array)
    with pytest.raises(BrokenMediaError, match=rf'a\.npy: .*{cause}'):
        read(path)


@pytest.mark.parametrize(
    'content, cause',
    [
        (None, 'no such file'),
        (b'', r'empty \(0 bytes\)'),
        (b'\x93NUMPY\x01\x00v\x00', 'not readable'),
        (b'no array', 'not readable'),
        (b'version https://git-lfs.github.com/spec/v1\n', 'Git LFS pointer'),
    ],
)
def test_what_is_no_array(tmp_path, content, cause):
    path = tmp_path / 'a.npy'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BrokenMediaError, match=rf'a\.npy: .*{cause}'):
        read(str(path))


def test_objects_are_not_unpickled(tmp_path):
    np.save(tmp_path / 'a.npy', np.array([{}], object), allow_pickle=True)
    with pytest.raises(BrokenMediaError, match='not readable'):
        read(str(tmp_path / 'a.npy'))


def test_cut_off(tmp_path):
    path = tmp_path / 'a.npy'
    np.save(path, np.zeros(1000, np.float32))
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(BrokenMediaError, match='not readable'):
        read(str(path))


def test_sample_rate_is_needed():
    with pytest.raises(ValueError, match="'DecodeAudio', npy_sample_rate="):
        WaveformFile('a.npy', None)
