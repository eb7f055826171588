"""Packed files whose header lies: one kind of error, which names the file."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremix.datasets.media import BrokenMediaError, open_audio, open_video
from mmremix.datasets.media.packed_file import MAGIC, PackedFile
from mmremix.datasets.packing.array_packer import write_arrays

HEADER: dict[str, Any] = {
    'recipe': 'x',
    'video': {'span': [0.0, 1.0], 'clip_span': [0.0, 1.0]},
    'audio': {
        'span': [0.0, 1.0],
        'clip_span': [0.0, 1.0],
        'sample_rate': 8000,
        'first': 0,
        'scale': 1 / 2**15,
    },
}
ARRAYS = {
    'frames': np.arange(5, dtype=np.uint8)[:, None, None, None]
    * np.ones((5, 4, 6, 3), np.uint8),
    'times': np.arange(5) / 5,
    'samples': np.arange(8000, dtype=np.int16),
}


def read(path):
    with open_video(str(path)) as clip:
        frames = clip.frames_at([0.1, 0.9])
        assert all(frame.dtype == np.uint8 for frame in frames)
    with open_audio(str(path)) as clip:
        waveform = clip.read(None, None, 16000)
        assert np.isfinite(waveform).all()
    return frames, waveform


def split(path):
    """Header and the bytes of the arrays."""
    data = path.read_bytes()
    length = int.from_bytes(data[8:16], 'little')
    return json.loads(data[16 : 16 + length]), data[16 + length :]


def join(path, text, data):
    text += b' ' * (-(len(text) + 16) % 64)
    path.write_bytes(MAGIC + len(text).to_bytes(8, 'little') + text + data)


@pytest.fixture
def honest(tmp_path):
    path = tmp_path / 'a.mmpk'
    write_arrays(str(path), HEADER, ARRAYS)
    frames, waveform = read(path)
    assert [frame[0, 0, 0] for frame in frames] == [0, 4]
    assert len(waveform) == 16000
    return path


LIES = [
    ('data_size', value) for value in ('many', -64, 1.5, True, 2**70, None)
] + [
    ('arrays', []),
    ('arrays.samples', None),
    ('video', 7),
    ('audio', 'loud'),
    *(
        (f'arrays.{name}.{key}', value)
        for name in ('frames', 'samples')
        for key, value in (
            ('offset', -64),
            ('offset', 0.5),
            ('offset', True),
            ('offset', 10**30),
            ('offset', 8),
            ('size', -1),
            ('size', 2**62),
            ('size', 10),
            ('crc32', 'x'),
            ('dtype', 'O'),
            ('dtype', '<c8'),
            ('dtype', 'S8'),
            ('dtype', '<M8[s]'),
            ('dtype', ['<i2']),
            ('shape', [4000, 2]),
            ('shape', [-1]),
            ('shape', [True]),
            ('shape', 8000),
            ('shape', []),
            ('shape', [2**40, 2**40]),
            ('shape', [0]),
        )
    ),
    ('arrays.times.dtype', '<f4'),
    *(
        (f'{kind}.{key}', value)
        for kind in ('video', 'audio')
        for key in ('span', 'clip_span')
        for value in (
            [1, 0],
            [0, 0],
            [-5, 1],
            [0],
            [0, 1, 2],
            ['0', '1'],
            [False, True],
            [5, 6],
            None,
        )
    ),
    ('audio.span', [0, 1e12]),
    ('audio.sample_rate', 10**15),
    ('audio.sample_rate', 8000.5),
    ('audio.sample_rate', True),
    ('audio.sample_rate', 0),
    ('audio.sample_rate', '8000'),
    ('audio.first', 10**30),
    ('audio.first', 8000),
    ('audio.first', -1),
    ('audio.first', 0.5),
    ('audio.scale', 'loud'),
    ('audio.scale', 0),
    ('audio.scale', -1),
    ('audio.scale', 1e300),
    ('audio.scale', True),
]


@pytest.mark.parametrize('key, value', LIES, ids=str)
def test_one_lie(honest, key, value):
    header, data = split(honest)
    table = header
    *path, last = key.split('.')
    for name in path:
        table = table[name]
    table[last] = value
    join(honest, json.dumps(header).encode(), data)
    with pytest.raises(BrokenMediaError, match=r'a\.mmpk: '):
        read(honest)


TEXTS = {
    'list': b'[1, 2]',
    'number': b'5',
    'nothing': b'',
    'half': b'{"data_size": ',
    'no UTF-8': b'{"a": "\xff\xfe"}',
    'deep': b'[' * 200_000 + b']' * 200_000,
    'deep table': b'{"a":' * 50_000 + b'1' + b'}' * 50_000,
}


@pytest.mark.parametrize('text', TEXTS.values(), ids=TEXTS)
def test_other_headers(honest, text):
    _, data = split(honest)
    join(honest, text, data)
    with pytest.raises(BrokenMediaError, match=r'a\.mmpk: its header'):
        read(honest)


@pytest.mark.parametrize(
    'old, new',
    [
        ('"first": 0', '"first": 0, "first": 80'),
        ('"sample_rate": 8000', '"sample_rate": NaN'),
        ('"span": [0.0', '"span": [-Infinity'),
        ('"scale": 3.0517578125e-05', '"scale": 1e999'),
        ('"data_size"', '"arrays": {}, "data_size"'),
    ],
)
def test_what_json_lets_pass(honest, old, new):
    header, data = split(honest)
    text = json.dumps(header)
    assert old in text
    join(honest, text.replace(old, new).encode(), data)
    with pytest.raises(BrokenMediaError, match=r'a\.mmpk: its header'):
        read(honest)


@pytest.mark.parametrize('length', [0, 2**63 - 1, 2**64 - 1, 2**21])
def test_length_of_the_header(honest, length):
    data = bytearray(honest.read_bytes())
    data[8:16] = length.to_bytes(8, 'little')
    honest.write_bytes(data)
    with pytest.raises(BrokenMediaError, match=r'a\.mmpk: '):
        read(honest)


@pytest.mark.parametrize(
    'change',
    [
        {'times': ARRAYS['times'][::-1].copy()},
        {'times': np.full(5, np.nan)},
        {'times': np.zeros(5)},
        {'times': np.arange(5) + 1e9},
        {'times': np.arange(4) / 5},
        {'samples': np.zeros((4000, 2), np.int16)},
        {'samples': np.zeros(0, np.int16)},
        {'samples': np.full(8000, np.nan, np.float32)},
        {'samples': np.zeros(8000, np.uint8)},
        {'frames': ARRAYS['frames'][..., :1].copy()},
        {'frames': ARRAYS['frames'].astype(np.float32)},
    ],
    ids=lambda change: '{}'.format(*change),
)
def test_other_arrays(tmp_path, change):
    path = tmp_path / 'a.mmpk'
    write_arrays(str(path), HEADER, {**ARRAYS, **change})
    with pytest.raises(BrokenMediaError, match=r'a\.mmpk: '):
        read(path)


def test_times_are_compared_with_their_checksum(honest):
    header, _ = split(honest)
    data = bytearray(honest.read_bytes())
    begin = len(data) - header['data_size']
    data[begin + header['arrays']['times']['offset'] + 8] ^= 1
    honest.write_bytes(data)
    with pytest.raises(BrokenMediaError, match="'times' has another check"):
        read(honest)


def test_flow_of_another_shape(tmp_path):
    path = tmp_path / 'a.mmpk'
    flow = {'method': 'dis', 'gap': 0.2, 'bound': 20.0}
    for shape in ((5, 2, 4, 7), (5, 4, 6), (9, 2, 4, 6)):
        arrays = {**ARRAYS, 'flow': np.zeros(shape, np.uint8)}
        write_arrays(str(path), {**HEADER, 'flow': flow}, arrays)
        with (
            open_video(str(path)) as clip,
            pytest.raises(BrokenMediaError, match=r'a\.mmpk: '),
        ):
            clip.flow_at([0.1], **flow)


_NAMES = (
    'span clip_span first scale sample_rate offset size shape dtype crc32 '
    'data_size arrays video audio frames times samples'
)
_KEYS = st.sampled_from(_NAMES.split(' '))
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(['<i2', '|u1', '<f8', 8000, 0, 1.0, 64, 128]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4)
    ),
    max_leaves=8,
)


def _paths(table, before=()):
    for key, value in table.items():
        yield (*before, key)
        if isinstance(value, dict):
            yield from _paths(value, (*before, key))


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_any_header(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / 'fuzzed.mmpk'
    write_arrays(str(path), HEADER, ARRAYS)
    header, rest = split(path)
    for _ in range(data.draw(st.integers(1, 3))):
        *before, last = data.draw(st.sampled_from(list(_paths(header))))
        table = header
        for key in before:
            table = table[key]
        table[last] = data.draw(_VALUES)
    join(path, json.dumps(header).encode(), rest)
    try:
        read(path)
        PackedFile(str(path)).is_intact()
    except BrokenMediaError as error:
        assert 'fuzzed.mmpk: ' in str(error)


@settings(deadline=None, max_examples=150)
@given(data=st.binary(max_size=300), length=st.integers(0, 2**64 - 1))
def test_any_bytes(tmp_path_factory, data, length):
    path = tmp_path_factory.getbasetemp() / 'bytes.mmpk'
    for said in (length, len(data)):
        path.write_bytes(MAGIC + said.to_bytes(8, 'little') + data)
        with pytest.raises(BrokenMediaError, match=r'bytes\.mmpk: '):
            read(path)
