"""Each reader gives its array, or says what is wrong with the file."""

from __future__ import annotations

import wave

import cv2
import numpy as np
import pytest
import torch

from mmremix.datasets import (
    BagOfWordsReader,
    ImageReader,
    NpyReader,
    NpzReader,
    NumbersReader,
    Reader,
    SoundReader,
    TensorReader,
    TextReader,
    VideoReader,
    check_numbers,
)
from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.readers.base import build_reader
from mmremix.registry import READERS
from mmremix.utils.errors import ConfigError


class Trap:
    """Would leave a mark if it were unpickled."""

    def __reduce__(self):
        return (open, ('unpickled', 'w'))


def saved(path, array, **options):
    np.save(path, array, **options)
    return str(path)


def test_npy(tmp_path):
    path = saved(tmp_path / 'a.npy', np.arange(6.0).reshape(3, 2))
    array = NpyReader().read(path)
    assert array.dtype == np.float32 and array.shape == (3, 2)
    whole = NpyReader().read(saved(tmp_path / 'b.npy', np.zeros(2, np.uint8)))
    assert whole.dtype == np.uint8
    whole[0] = 1  # no view of the file


@pytest.mark.parametrize(
    ('array', 'message'),
    [
        (np.array([[1.0, 2], [np.nan, 3], [4, np.inf]]), r'row 1, 2 of the'),
        (np.array(['a']), r'numbers are needed.*<U1'),
        (np.array([1j]), 'complex'),
        (np.zeros((0, 3)), 'without values, of shape \\(0, 3\\)'),
        (np.array([1e300]), '1 of 1 values are NaN or infinite'),
    ],
)
def test_npy_refuses(tmp_path, array, message):
    with pytest.raises(BrokenMediaError, match=message):
        NpyReader().read(saved(tmp_path / 'a.npy', array))


def test_objects_are_never_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    objects = np.array([Trap()], dtype=object)
    npy = saved(tmp_path / 'a.npy', objects, allow_pickle=True)
    np.savez(tmp_path / 'a.npz', x=objects)
    torch.save({'x': Trap()}, tmp_path / 'a.pt')
    for reader, path in (
        (NpyReader(), npy),
        (NpzReader(), tmp_path / 'a.npz'),
        (TensorReader(), tmp_path / 'a.pt'),
    ):
        with pytest.raises(BrokenMediaError):
            reader.read(str(path))
    assert not (tmp_path / 'unpickled').exists()


def test_npz(tmp_path):
    path = str(tmp_path / 'a.npz')
    np.savez(path, x=np.ones(2), y=np.zeros((2, 2)))
    assert NpzReader('y').read(path).shape == (2, 2)
    for member in (None, 'z'):
        with pytest.raises(BrokenMediaError, match=r"member='x'"):
            NpzReader(member).read(path)
    np.savez(path, x=np.ones(2))
    assert NpzReader().read(path).tolist() == [1, 1]
    (tmp_path / 'b.npz').write_bytes(b'no archive')
    with pytest.raises(BrokenMediaError, match=r'b\.npz'):
        NpzReader().read(str(tmp_path / 'b.npz'))


def test_pt(tmp_path):
    path = str(tmp_path / 'a.pt')
    torch.save(torch.ones(2, dtype=torch.bfloat16), path)
    assert TensorReader().read(path).dtype == np.float32
    torch.save({'x': torch.arange(2), 'y': torch.ones(1)}, path)
    assert TensorReader('x').read(path).tolist() == [0, 1]
    with pytest.raises(BrokenMediaError, match=r"key='x'"):
        TensorReader().read(path)
    torch.save([torch.ones(1)], path)
    with pytest.raises(BrokenMediaError, match='a list where a tensor'):
        TensorReader().read(path)


def test_image(tmp_path):
    path = str(tmp_path / 'a.png')
    blue = np.zeros((8, 6, 3), np.uint8)
    blue[..., 0] = 255  # OpenCV's order
    cv2.imwrite(path, blue)
    value = ImageReader().read(path)
    assert value.shape == (3, 8, 6) and value[2].min() == 255
    assert ImageReader((4, 5)).read(path).shape == (3, 4, 5)
    assert ImageReader().keys(value)['imgs'][0].shape == (8, 6, 3)
    (tmp_path / 'b.png').write_bytes((tmp_path / 'a.png').read_bytes()[:40])
    with pytest.raises(BrokenMediaError, match='damaged'):
        ImageReader().read(str(tmp_path / 'b.png'))
    with pytest.raises(ConfigError, match='height, width'):
        ImageReader((4,))


def test_sound_and_video(tmp_path, demo_root):
    with wave.open(str(tmp_path / 'a.wav'), 'wb') as sound:
        sound.setparams((1, 2, 8000, 0, 'NONE', ''))
        sound.writeframes(bytes(1600))
    reader = SoundReader()
    value = reader.read(str(tmp_path / 'a.wav'))
    assert value.shape == (800,)
    assert reader.keys(value)['sample_rate'] == 8000
    clip = str(next((demo_root / 'clips').glob('*.mp4')))
    assert SoundReader(16000).read(clip).ndim == 1
    video = VideoReader(2, (12, 10))
    video.training = False
    assert video.read(clip).shape == (2, 3, 12, 10)


def test_numbers():
    reader = NumbersReader()
    assert reader.parse([' 1.5 ']) == (1.5,)
    assert reader.parse(['1', '2']) == (1.0, 2.0)
    steps = reader.parse(['[[1, 2], [3, 4], [5, 6]]'])
    assert reader.read(steps).shape == (3, 2)
    for cells in (
        ['tall'],
        ['nan'],
        ['[1, NaN]'],
        ['true'],
        ['[]'],
        ['[[1, 2], [3]]'],
        ['1', '[2]'],
        ['[1, "2"]'],
        ['1e39'],
        ['[-1e300]'],
        ['9' * 400],
        ['[' * 70 + '1' + ']' * 70],
        ['[' * 5000 + ']' * 5000],
    ):
        with pytest.raises(ValueError):
            reader.parse(cells)


def test_text():
    assert TextReader().read('aé').tolist() == [98, 196, 170]
    words = TextReader('words', 100)
    assert words.read('A dog, a DOG') is not None
    ids = words.read('A dog, a DOG').tolist()
    assert ids[:2] == ids[2:] and min(ids) >= 1 and max(ids) <= 100
    with pytest.raises(ValueError, match='no word'):
        words.parse(['...'])
    with pytest.raises(ValueError, match='text is needed'):
        words.parse([3])
    bag = BagOfWordsReader(16)
    vector = bag.read(bag.parse(['one two two']))
    assert vector.shape == (16,)
    assert np.linalg.norm(vector) == pytest.approx(1)
    with pytest.raises(ConfigError, match="tokens='letters'"):
        TextReader('letters')


def test_a_reader_of_ones_own(tmp_path):
    class Lines(Reader):
        def __init__(self, skip=0):
            self.skip = skip

        def read(self, cell):
            with open(cell) as file:
                lines = file.read().split()[self.skip :]
            return check_numbers(list(map(float, lines)), cell)

    READERS.register_module('lines')(Lines)
    try:
        (tmp_path / 'a.txt').write_text('1 2 3')
        reader = build_reader('x', 'lines', {'skip': 1})
        assert reader.read(str(tmp_path / 'a.txt')).tolist() == [2, 3]
        with pytest.raises(ConfigError, match='cannot be made'):
            build_reader('x', 'lines', {'jump': 1})
    finally:
        READERS._module_dict.pop('lines')
    with pytest.raises(ConfigError, match=r"reader='lines', known are \['bag"):
        build_reader('x', 'lines', {})
