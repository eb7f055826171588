"""A data set by config: what it reads, what it refuses, what is missing."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import torch

from mmremix.datasets import (
    NpyReader,
    RemixIndex,
    SampleError,
    TableDataset,
)
from mmremix.datasets.annotation import AnnotationError
from mmremix.datasets.media import BrokenMediaError
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded
from tests.datasets.table_files import MODALITIES, write_table


def make(root, ann_file='samples.csv', **options):
    options = {'modalities': MODALITIES, 'data_root': str(root), **options}
    return TableDataset(ann_file, **options)


def shapes(sample):
    return {n: tuple(x.shape) for n, x in sample['inputs'].items()}


def test_without_a_pipeline(tmp_path):
    write_table(tmp_path)
    data = make(tmp_path, filter_cfg={'split': 'train'})
    assert len(data) == 8 and data.modalities == ('sensor', 'photo', 'words')
    assert data.metainfo['classes'] == ['a', 'b', 'c']
    sample = data[4]
    assert shapes(sample) == {
        'sensor': (16, 4),
        'photo': (3, 16, 16),
        'words': (32,),
    }
    assert int(sample['data_samples'].gt_label) == 1
    assert data.column('person').tolist()[:3] == ['p0', 'p1', 'p0']
    assert data.column('label').tolist()[:4] == [0, 1, 2, 0]
    again = pickle.loads(pickle.dumps(data))
    assert shapes(again[4]) == shapes(sample)


def test_what_is_masked_is_not_opened(tmp_path, monkeypatch):
    write_table(tmp_path)
    data = make(tmp_path)
    opened = []
    read = NpyReader.read
    monkeypatch.setattr(
        NpyReader, 'read', lambda s, cell: opened.append(cell) or read(s, cell)
    )
    assert set(data[RemixIndex(0, ('photo',))]['inputs']) == {'photo'}
    assert not opened
    data[RemixIndex(0, ('sensor',))]
    assert len(opened) == 1


def test_crop_and_pad(tmp_path):
    rows = write_table(tmp_path)
    series = [np.load(tmp_path / row['sensor']) for row in rows]
    data = make(tmp_path)
    crops = {
        data[RemixIndex(11, ('sensor',), seed)]['inputs']['sensor']
        .numpy()
        .tobytes()
        for seed in range(12)
    }
    assert len(crops) > 1  # at random
    one = data[RemixIndex(11, ('sensor',), 3)]['inputs']['sensor']
    assert torch.equal(
        one, data[RemixIndex(11, ('sensor',), 3)]['inputs']['sensor']
    )
    data = make(tmp_path, test_mode=True)
    middle = data[11]['inputs']['sensor'].numpy()
    np.testing.assert_array_equal(middle, series[11][2:18])
    short = data[0]['inputs']['sensor'].numpy()
    np.testing.assert_array_equal(short[:10], series[0])
    assert not short[10:].any()
    repeat = {'sensor': {'reader': 'npy', 'length': 16, 'pad': 'repeat'}}
    short = make(tmp_path, modalities=repeat)[0]['inputs']['sensor'].numpy()
    np.testing.assert_array_equal(short[10:], series[0][:6])


def test_lengths_that_are_kept(tmp_path):
    write_table(tmp_path)
    kept = {'sensor': {'reader': 'npy', 'length': None}}
    sample = make(tmp_path, modalities=kept)[3]['inputs']['sensor']
    assert isinstance(sample, Padded)
    assert sample.shape == (13, 4) and sample.mask.all()


def test_a_pipeline_of_ones_own(tmp_path):
    write_table(tmp_path)
    pipeline = [
        {
            'type': 'ForModality',
            'modality': 'sensor',
            'output': 'value',
            'transforms': [
                {'type': 'LoadModality', 'modality': 'sensor'},
                lambda results: {**results, 'value': results['value'] + 100},
            ],
        },
        {'type': 'PackAVInputs'},
    ]
    only = {'sensor': MODALITIES['sensor'], 'photo': None}
    data = make(tmp_path, modalities=only, pipeline=pipeline)
    assert data[0]['inputs']['sensor'].min() > 50
    pipeline[0]['transforms'][0]['modality'] = 'depth'
    data = make(tmp_path, modalities=only, pipeline=pipeline)
    with pytest.raises(SampleError, match='LoadModality: the data set says'):
        data[0]


def test_transforms_of_a_modality(demo_root):
    audio = {
        'reader': 'sound',
        'column': 'clip',
        'sample_rate': 8000,
        'length': 8000,
        'transforms': [{'type': 'LogSTFT'}],
        'output': 'spectrogram',
    }
    data = make(demo_root, 'test.csv', modalities={'audio': audio})
    assert data[0]['inputs']['audio'].dim() == 3


def test_json_lines(tmp_path):
    write_table(tmp_path)
    lines = [
        {'label': 'a', 'path': 'sensor/0.npy', 'beats': [1, 2.5], 'age': 3},
        {'label': 1, 'path': 'sensor/1.npy', 'beats': [4], 'age': None},
    ]
    text = '\n'.join(map(json.dumps, lines))
    (tmp_path / 'rows.jsonl').write_text(text)
    cfgs = {
        'sensor': {'reader': 'npy', 'column': 'path', 'length': 4},
        'pulse': {'reader': 'numbers', 'column': 'beats', 'length': 3},
    }
    data = make(tmp_path, 'rows.jsonl', modalities=cfgs, classes=['a', 'b'])
    assert data[0]['inputs']['pulse'].tolist() == [1, 2.5, 0]
    assert data.column('age').tolist()[0] == '3'
    (tmp_path / 'rows.jsonl').write_text(text + '\n{"label": "a"\n[1]')
    with pytest.raises(AnnotationError, match=r'(?s)line 3: no JSON.*line 4'):
        make(tmp_path, 'rows.jsonl', modalities=cfgs)


def test_a_key_twice_in_a_line_is_refused(tmp_path):
    write_table(tmp_path)
    good = '{"label": "a", "path": "sensor/0.npy", "age": {"x": 1}}'
    twice = '{"label": "a", "path": "sensor/0.npy", "label": "b"}'
    within = '{"label": "a", "path": "p", "age": {"x": 1, "x": 2}}'
    (tmp_path / 'rows.jsonl').write_text('\n'.join([good, twice, within]))
    cfgs = {'sensor': {'reader': 'npy', 'column': 'path', 'length': 4}}
    with pytest.raises(
        AnnotationError, match=r"(?s)line 2: .*'label'.*line 3: .*'x'"
    ):
        make(tmp_path, 'rows.jsonl', modalities=cfgs)


@pytest.mark.parametrize('indices', [[0, 99], 99, -99])
def test_indices_beyond_the_samples(tmp_path, indices):
    write_table(tmp_path)
    size = len(make(tmp_path))
    found = rf'(?s)99.*{size} samples.*dataset=dict\(indices={size}\)'
    with pytest.raises(ConfigError, match=found):
        make(tmp_path, indices=indices)
    every = make(tmp_path, indices=size)
    assert len(every) == size


def test_folders_of_samples(tmp_path):
    for place in ('walk/s1', 'walk/s2', 'run/s1'):
        (tmp_path / place).mkdir(parents=True)
        np.save(tmp_path / place / 'depth.npy', np.ones((2, 3)))
        np.save(tmp_path / place / 'wrist.npy', np.zeros(4))
    (tmp_path / 'walk' / 's2' / 'wrist.npy').unlink()
    cfgs = {
        'depth': {'reader': 'npy', 'file': 'depth.npy'},
        'wrist': {'reader': 'npy', 'file': 'wrist.npy'},
    }
    with pytest.raises(AnnotationError, match='walk/s2: no wrist'):
        make(tmp_path, '', modalities=cfgs)
    data = make(tmp_path, '', modalities=cfgs, missing='allow')
    assert data.metainfo['classes'] == ['run', 'walk']
    assert data.presence().tolist() == [[1, 1], [1, 1], [1, 0]]
    assert data.row(0).clip == 'run/s1'
    assert set(data[2]['inputs']) == {'depth'}


def test_the_identity_is_that_of_the_content_not_the_place(tmp_path):
    write_table(tmp_path / 'one')
    write_table(tmp_path / 'two')
    one, two = make(tmp_path / 'one'), make(tmp_path / 'two')
    assert one.fingerprint() == two.fingerprint()
    write_table(tmp_path / 'two', gaps=[(1, 'photo')])
    two = make(tmp_path / 'two', missing='allow')
    found = one.identity().differences(two.identity(), 'here', 'there')
    assert found == ['rows: other files (column photo)']


def test_an_empty_cell_is_an_error_unless_allowed(tmp_path):
    write_table(tmp_path, gaps=[(1, 'photo'), (2, 'sensor'), (2, 'photo')])
    message = (
        r"(?s)line 3: no photo.*line 4: no sensor, photo.*missing='allow'"
    )
    with pytest.raises(AnnotationError, match=message):
        make(tmp_path)
    data = make(tmp_path, missing='allow')
    sample = data[2]
    assert set(sample['inputs']) == {'words'}
    assert sample['data_samples'].active_modalities == ('words',)
    index = RemixIndex(1, ('photo', 'words'), 0, data.modalities)
    meta = data[index]['data_samples']
    assert meta.active_modalities == ('words',)
    assert meta.loaded_modalities == ('sensor', 'words')
    with pytest.raises(ConfigError, match='Sample 1 has'):
        data[RemixIndex(1, ('photo',))]
    write_table(
        tmp_path, gaps=[(1, c) for c in ('photo', 'sensor', 'sentence')]
    )
    with pytest.raises(AnnotationError, match='all modalities are empty'):
        make(tmp_path, missing='allow')


def test_a_broken_sample_is_replaced_by_one_that_has_the_same(tmp_path):
    gaps = [(i, 'photo') for i in range(1, 11)]
    write_table(tmp_path, gaps=gaps)
    (tmp_path / 'photo' / '0.png').write_bytes(b'')
    data = make(tmp_path, missing='allow', on_broken='skip')
    for seed in range(5):
        sample = data[RemixIndex(0, ('photo',), seed)]
        assert sample['data_samples'].sample_idx == 11
        assert sample['data_samples'].replaces[0] == 0


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'label': 'action'}, r"no column \['action'\]"),
        ({'missing': 'yes'}, "missing must be 'error' or 'allow'"),
        ({'modalities': ['sensor']}, 'modalities is a dict of readers'),
        ({'modalities': {'x': {'column': 'y'}}}, "'x' needs a reader"),
        ({'modalities': {'gyro': {'reader': 'npy'}}}, r"\['gyro'\] in the"),
        ({'modalities': {'x': {'reader': 'npy', 'length': 0}}}, 'length=0'),
        ({'modalities': {'x': {'reader': 'npy', 'crop': 'end'}}}, "'end'"),
        (
            {'modalities': {'x': {'reader': 'npy', 'pad': 'zero'}}},
            'length=128',
        ),
        (
            {'modalities': {'x': {'reader': 'npy', 'file': 'x.npy'}}},
            'which is of folders',
        ),
        (
            {'modalities': {'x': {'reader': 'npy', 'column': ['a', 'b']}}},
            'reads one',
        ),
        ({'modalities': {'x': {'reader': 'npy', 'to': 3}}}, 'cannot be made'),
    ],
)
def test_a_wrong_config_is_said(tmp_path, options, message):
    write_table(tmp_path)
    with pytest.raises(ConfigError, match=message):
        make(tmp_path, **options)


def test_bad_files_are_named_with_their_lines(tmp_path):
    write_table(tmp_path)
    sensor = {'sensor': {'reader': 'npy'}}
    data = make(tmp_path, modalities=sensor)
    with pytest.raises(BrokenMediaError, match=r'(?s)length=11.*line 3 of'):
        data[1]  # of another length, which the config does not fit
    fitted = {'sensor': MODALITIES['sensor']}
    np.save(tmp_path / 'sensor' / '1.npy', np.ones((12, 5)))
    message = r'(?s)shape \(12, 5\), the first.*\(any, 4\).*line 3 of'
    with pytest.raises(BrokenMediaError, match=message):
        make(tmp_path, modalities=fitted)[1]
    np.save(tmp_path / 'sensor' / '0.npy', np.full((3, 4), np.nan))
    with pytest.raises(BrokenMediaError, match=r"(?s)NaN.*'sensor', line 2"):
        make(tmp_path, modalities=fitted)
    (tmp_path / 'sensor' / '2.npy').unlink()
    with pytest.raises(FileNotFoundError, match=r'sensor.2\.npy'):
        make(tmp_path, modalities=fitted)
    data = make(tmp_path, modalities=fitted, on_broken='skip')
    assert data[0]['data_samples'].replaces[0] == 0


def test_paths_stay_inside(tmp_path):
    write_table(tmp_path / 'in')
    np.save(tmp_path / 'x.npy', np.ones((2, 4)))
    path = tmp_path / 'in' / 'samples.csv'
    path.write_text(path.read_text().replace('sensor/0.npy', '../x.npy'))
    with pytest.raises(AnnotationError, match=r'line 2: sensor.*leads out'):
        make(tmp_path / 'in')
    assert len(make(tmp_path / 'in', allow_outside=True)) == 12


def test_values_are_checked_at_the_start(tmp_path):
    (tmp_path / 'a.csv').write_text(
        'label,age,text\na,3,hello\nb,old,hi\nb,4,...\n,5,x\n'
    )
    cfgs = {
        'age': {'reader': 'numbers'},
        'words': {'reader': 'bag_of_words', 'column': 'text'},
    }
    message = r"(?s)3 unusable.*line 3: 'age'.*line 4: 'text'.*line 5: empty"
    with pytest.raises(AnnotationError, match=message):
        make(tmp_path, 'a.csv', modalities=cfgs)


def test_lengths_are_known_without_reading_the_values(tmp_path, monkeypatch):
    write_table(tmp_path, gaps=[(1, 'sensor')])
    options = {
        'modalities': {
            'sensor': {'reader': 'npy', 'length': None},
            'photo': {'reader': 'image', 'size': (16, 16)},
            'words': {
                'reader': 'text',
                'column': 'sentence',
                'length': None,
            },
        },
        'missing': 'allow',
    }
    data = make(tmp_path, **options)
    monkeypatch.setattr(data.readers['sensor'].reader, 'read', None)
    lengths = data.lengths()
    assert lengths[:3].tolist() == [[10, 0, 12], [0, 0, 15], [12, 0, 12]]
    assert data.get_subset([2]).lengths().tolist() == [[12, 0, 12]]
    assert make(tmp_path, missing='allow').lengths() is None


def test_lengths_of_a_column(tmp_path):
    rows = [
        {'label': 'a', 'x': [[1, 2]] * n, 'n': 2 * n if n < 4 else 'no'}
        for n in (1, 3, 2)
    ]
    path = tmp_path / 'a.jsonl'
    path.write_text('\n'.join(map(json.dumps, rows)))
    cfg = {'reader': 'numbers', 'length': None}
    options = {'ann_file': 'a.jsonl', 'label': 'label'}
    data = make(tmp_path, **options, modalities={'x': cfg})
    assert data.lengths()[:, 0].tolist() == [1, 3, 2]
    cfg['length_column'] = 'n'
    data = make(tmp_path, **options, modalities={'x': cfg})
    assert data.lengths()[:, 0].tolist() == [2, 6, 4]
    cfg['length_column'] = 'label'
    with pytest.raises(AnnotationError, match="line 1: 'label' must be the"):
        make(tmp_path, **options, modalities={'x': cfg})
    with pytest.raises(ConfigError, match='Write with it: length=None'):
        make(tmp_path, **options, modalities={'x': {**cfg, 'length': 3}})


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'column': 3}, "column=3. Write: column='x'"),
        ({'column': None}, 'column=None'),
        ({'suffix': 3}, "suffix=3. Write: suffix='.npy'"),
        ({'transforms': 'no', 'output': 'v'}, "transforms='no'"),
        ({'flatten': 'no'}, "flatten='no'. Write: flatten=True"),
    ],
    ids=str,
)
def test_options_of_another_type(tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        make(tmp_path, modalities={'x': {'reader': 'npy', **options}})
