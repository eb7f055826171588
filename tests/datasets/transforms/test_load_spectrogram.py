from __future__ import annotations

import numpy as np
import pytest
import torch

from mmremix.datasets.media import BrokenMediaError
from mmremix.registry import TRANSFORMS

TRANSFORM = TRANSFORMS.build(dict(type='LoadSpectrogram'))


def load(tmp_path, array):
    np.save(tmp_path / 'a.npy', array)
    return TRANSFORM.transform(
        {'clip': 'c.mp4', 'audio': str(tmp_path / 'a.npy')}
    )


@pytest.mark.parametrize('dtype', ['float32', 'float64', 'float16', 'int16'])
def test_values(tmp_path, dtype):
    array = np.arange(12, dtype=dtype).reshape(4, 3)
    spectrogram = load(tmp_path, array)['spectrogram']
    assert spectrogram.dtype == torch.float32
    assert spectrogram.shape == (1, 4, 3)
    assert spectrogram[0].tolist() == array.tolist()


def test_fortran_order(tmp_path):
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    spectrogram = load(tmp_path, array)['spectrogram']
    assert spectrogram[0].tolist() == array.tolist()


def test_tensor_can_be_written(tmp_path):
    load(tmp_path, np.ones((2, 2), np.float32))['spectrogram'] += 1
    assert np.load(tmp_path / 'a.npy').tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize(
    'array, cause',
    [
        (np.zeros(5), r'shape \(5,\)'),
        (np.zeros((1, 4, 3)), r'shape \(1, 4, 3\)'),
        (np.zeros((0, 3)), r'shape \(0, 3\)'),
        (np.zeros((2, 3), complex), 'type complex128'),
        (np.array([['a']]), 'type <U1'),
        (np.array([[0.0, np.nan], [np.inf, 1.0]]), '2 of 4 values are NaN'),
        (np.full((2, 2), 1e300), '4 of 4 values'),  # more than float32 holds
    ],
)
@pytest.mark.filterwarnings('ignore:overflow')
def test_what_is_no_spectrogram(tmp_path, array, cause):
    with pytest.raises(BrokenMediaError, match=rf'a\.npy: .*{cause}'):
        load(tmp_path, array)


def test_missing_file(tmp_path):
    with pytest.raises(BrokenMediaError, match=r'a\.npy: no such file'):
        TRANSFORM.transform({'audio': str(tmp_path / 'a.npy')})


def test_git_lfs_pointer(tmp_path):
    path = tmp_path / 'a.npy'
    path.write_bytes(b'version https://git-lfs.github.com/spec/v1\n')
    with pytest.raises(BrokenMediaError, match='Git LFS pointer'):
        TRANSFORM.transform({'audio': str(path)})


def test_archive(tmp_path):
    np.savez(tmp_path / 'a.npz', x=np.zeros((2, 2)))
    with pytest.raises(BrokenMediaError, match='an archive of arrays'):
        TRANSFORM.transform({'audio': str(tmp_path / 'a.npz')})


@pytest.mark.parametrize('sample', [{}, {'audio': None}, {'clip': 'a.mp4'}])
def test_no_path(sample):
    with pytest.raises(KeyError, match="column 'audio'"):
        TRANSFORM.transform(sample)
