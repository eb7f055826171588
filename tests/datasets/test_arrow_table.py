"""Rows of a saved Hugging Face data set."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest

from mmremix.datasets import TableDataset
from mmremix.datasets.annotation import AnnotationError
from mmremix.datasets.arrow_table import open_saved

CFGS = {
    'series': {'reader': 'numbers', 'length': 4},
    'photo': {'reader': 'image', 'column': 'image', 'size': (6, 6)},
    'words': {'reader': 'text', 'column': 'caption', 'length': 8},
}


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(AnnotationError, match=r'pip install datasets|no data'):
        open_saved(str(tmp_path))


@pytest.fixture
def saved(tmp_path):
    hf = pytest.importorskip('datasets')
    image = cv2.imencode('.png', np.full((5, 4, 3), 9, np.uint8))[1].tobytes()
    features = hf.Features(
        {
            'label': hf.ClassLabel(names=['cat', 'dog']),
            'series': hf.Sequence(hf.Sequence(hf.Value('float32'))),
            'image': hf.Image(),
            'caption': hf.Value('string'),
            'person': hf.Value('int64'),
        }
    )
    rows = {
        'label': [0, 1, 0],
        'series': [[[1.0, 2]], [[3, 4], [5, 6]], None],
        'image': [{'bytes': image, 'path': None}] * 3,
        'caption': ['a cat', '', 'two cats'],
        'person': [1, 2, 2],
    }
    data = hf.Dataset.from_dict(rows, features=features)
    data.select([2, 1, 0]).save_to_disk(str(tmp_path / 'train'))
    return tmp_path


def test_rows(saved):
    with pytest.raises(AnnotationError, match='line 1: no series'):
        TableDataset('train', data_root=str(saved), modalities=CFGS)
    data = TableDataset(
        'train', data_root=str(saved), modalities=CFGS, missing='allow'
    )
    assert data.metainfo['classes'] == ['cat', 'dog']
    assert data.presence().tolist() == [[0, 1, 1], [1, 1, 0], [1, 1, 1]]
    data = pickle.loads(pickle.dumps(data))
    sample = data[2]['inputs']
    assert sample['series'].tolist() == [[1, 2]] + [[0, 0]] * 3
    assert sample['photo'].shape == (3, 6, 6)
    assert sample['words'][:5].tolist() == [98, 33, 100, 98, 117]
    assert data.column('person').tolist() == [2, 2, 1]
    assert str(saved) not in repr(data.row(2))
    with pytest.raises(AnnotationError, match=r"no column \['depth'\]"):
        TableDataset(
            'train',
            data_root=str(saved),
            modalities={'depth': {'reader': 'npy'}},
        )
