"""Several labels in a cell, and in an array."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mmremix.datasets import ArrayDataset, AVDataset, TableDataset
from mmremix.utils.errors import ConfigError

ROWS = ['dog; speech', 'speech', 'music']


def write_csv(folder, labels, name='t.csv'):
    lines = [f'{i},"{label}",{i}' for i, label in enumerate(labels)]
    (folder / name).write_text('\n'.join(['clip,label,x', *lines]) + '\n')
    return name


def table(folder, labels, **options):
    return TableDataset(
        write_csv(folder, labels),
        data_root=str(folder),
        modalities=dict(x=dict(reader='numbers', column=['x'])),
        **{'label_separator': ';', **options},
    )


def test_cells_of_a_table(tmp_path):
    dataset = table(tmp_path, ROWS)
    assert dataset.metainfo['classes'] == ['dog', 'music', 'speech']
    expected = [[1, 0, 1], [0, 0, 1], [0, 1, 0]]
    np.testing.assert_array_equal(dataset.column('label'), expected)
    assert dataset.row(0).label == (0, 2)
    label = dataset[0]['data_samples'].gt_label
    assert label.is_floating_point() and label.tolist() == [1.0, 0.0, 1.0]
    other = table(
        tmp_path, ['dog', *ROWS[1:]], classes=['dog', 'music', 'speech']
    )
    assert other.fingerprint() != dataset.fingerprint()


def test_cells_of_clips(tmp_path):
    dataset = AVDataset(
        write_csv(tmp_path, [*ROWS, '']),
        data_root=str(tmp_path),
        check_files=False,
        label_separator=';',
        no_label='allow',
    )
    assert dataset.column('label').sum(axis=1).tolist() == [2, 1, 1, 0]
    assert dataset.row(3).label == ()


def test_lists_of_json_lines(tmp_path):
    rows = [{'label': ['b', 'a'], 'x': 1}, {'label': 'c', 'x': 2}]
    (tmp_path / 't.jsonl').write_text('\n'.join(map(json.dumps, rows)))
    dataset = TableDataset(
        't.jsonl',
        data_root=str(tmp_path),
        modalities=dict(x=dict(reader='numbers', column=['x'])),
        label_separator=';',
    )
    assert dataset.column('label').tolist() == [[1, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ('labels', 'options', 'message'),
    [
        (['dog', ''], {}, "line 3: empty 'label'"),
        (['dog;;music', 'dog'], {}, 'line 2: a label without a name'),
        (
            ['dog', 'cow'],
            dict(classes=['dog', 'cat']),
            "line 3: unknown .*'cow",
        ),
        (['a', 'b'], dict(label_separator=''), 'label_separator is what'),
        (['a', 'b'], dict(no_label='x'), "must be 'error' or 'allow'"),
        (
            ['a', 'b'],
            dict(label_separator=None, no_label='allow'),
            "label_separator=';'",
        ),
    ],
)
def test_says_what_is_wrong(tmp_path, labels, options, message):
    with pytest.raises(ValueError, match=message):
        table(tmp_path, labels, **options)


@pytest.mark.parametrize(
    'label', [['u', None], [1.5, 'v'], [True], ['u;x', 'v'], ['u', ' ']]
)
def test_lists_of_what_is_no_name(tmp_path, label):
    lines = [{'n': 1.5, 'label': ['u', 'v']}, {'n': 2.5, 'label': label}]
    path = tmp_path / 'a.jsonl'
    path.write_text('\n'.join(map(json.dumps, lines)))
    with pytest.raises(ValueError, match=r'line 2.*which is no class name'):
        TableDataset(
            data_root=str(tmp_path),
            ann_file='a.jsonl',
            modalities={'n': {'reader': 'numbers'}},
            label_separator=';',
        )


def arrays(folder, label, **options):
    np.savez(folder / 'a.npz', x=np.zeros((len(label), 2)), label=label)
    dataset = ArrayDataset(
        'a.npz', data_root=str(folder), modalities=['x'], **options
    )
    dataset.full_init()
    return dataset


def test_array_of_labels(tmp_path):
    dataset = arrays(tmp_path, np.array([[1, 1, 0], [0, 0, 1]]))
    assert dataset.multi_label
    assert dataset.metainfo['classes'] == ['0', '1', '2']
    assert dataset.row(0).label == (0, 1)
    label = dataset[1]['data_samples'].gt_label
    assert label.is_floating_point() and label.tolist() == [0.0, 0.0, 1.0]
    assert dataset.identity().num_samples == 2


@pytest.mark.parametrize(
    ('label', 'options', 'message'),
    [
        ([[0, 2], [1, 1]], {}, 'unusable row.*0: label of shape'),
        ([[0, 0], [1, 1]], {}, "0 for all classes.*no_label='allow'"),
        ([[0, 1], [1, 0]], {}, r'one-hot.*argmax\(axis=1\)'),
        ([[1, 1], [1, 0]], dict(classes=['a']), '2 columns.*1 classes'),
        ([0, 1], dict(no_label='allow'), 'for several labels'),
    ],
)
def test_arrays_that_are_no_labels(tmp_path, label, options, message):
    with pytest.raises((ValueError, ConfigError), match=message):
        arrays(tmp_path, np.array(label), **options)


def test_rows_without_a_label(tmp_path):
    dataset = arrays(tmp_path, np.array([[0, 0], [1, 1]]), no_label='allow')
    assert dataset.row(0).label == ()


def test_part_is_not_stratified_but_whole(tmp_path):
    label = np.array([[1, 1], [0, 1]] * 10)
    parts = [
        arrays(tmp_path, label, part=dict(keep=keep, share=0.25))
        for keep in ('train', 'held_out')
    ]
    assert [len(part) for part in parts] == [15, 5]
