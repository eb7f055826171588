from __future__ import annotations

import pickle

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import FUNCTIONS
from torch.utils.data import DataLoader

from mmremix.datasets import multimodal_collate
from mmremix.models.multi_label import batch_labels
from mmremix.utils.padded import Padded
from mmremix.utils.sample_batch import SampleBatch, meta_column


def test_every_input_is_kept_in_order():
    batch = [
        {'inputs': {'audio': 'a0'}, 'data_samples': 0},
        {'inputs': {'video': 'v1', 'audio': 'a1'}, 'data_samples': 1},
        {'inputs': {'video': 'v2'}, 'data_samples': 2},
    ]
    assert multimodal_collate(batch) == {
        'inputs': {'audio': ['a0', 'a1'], 'video': ['v1', 'v2']},
        'data_samples': [0, 1, 2],
    }


def test_mmengine_finds_it():
    assert FUNCTIONS.get('mmremix.multimodal_collate') is multimodal_collate


def _sample(index, label):
    meta = {'sample_idx': index, 'active_modalities': ('audio',)}
    if index == 1:
        meta['replaces'] = (7, 'seven.mp4', 'broken')
    sample = ActionDataSample(metainfo=meta).set_gt_label(label)
    value = torch.full((2, 3), index, dtype=torch.uint8)
    return {'inputs': {'audio': value}, 'data_samples': sample}


@pytest.mark.parametrize('workers', [0, 1])
def test_inputs_are_stacked_and_samples_are_columns(workers):
    samples = [_sample(index, index + 3) for index in range(3)]
    loader = DataLoader(
        samples,
        batch_size=3,
        num_workers=workers,
        collate_fn=multimodal_collate,
    )
    (batch,) = loader
    audio = batch['inputs']['audio']
    assert audio.dtype == torch.uint8
    assert audio[:, 0, 0].tolist() == [0, 1, 2]
    found = batch['data_samples']
    assert isinstance(found, SampleBatch)
    assert found.labels.tolist() == [3, 4, 5]
    assert found.column('sample_idx') == [0, 1, 2]
    assert found.column('replaces')[1] == (7, 'seven.mp4', 'broken')
    for sample, other in zip(found, samples, strict=True):
        whole = other['data_samples']
        assert type(sample) is ActionDataSample
        assert sample.metainfo == whole.metainfo
        assert sample.keys() == whole.keys()
        assert torch.equal(sample.gt_label, whole.gt_label)
    # What a hook or a model sets on a sample stays.
    found[0].set_pred_label(5)
    assert found[:1][0].pred_label.item() == 5
    assert pickle.loads(pickle.dumps(found))[0].pred_label.item() == 5
    # And counts.
    found[2].set_gt_label(9)
    found[2].set_metainfo({'active_modalities': ('video',)})
    assert batch_labels(found).tolist() == [3, 4, 9]
    assert meta_column(found, 'active_modalities')[2] == ('video',)


def test_several_labels_stay_a_row_each():
    labels = [torch.tensor([0.0, 1.0, 1.0]), torch.tensor([1.0, 0.0, 0.0])]
    batch = multimodal_collate([_sample(i, x) for i, x in enumerate(labels)])
    found = batch['data_samples']
    assert torch.equal(found.labels, torch.stack(labels))
    assert torch.equal(found[1].gt_label, labels[1])


def test_samples_that_hold_more_stay_as_they_are():
    class Own(ActionDataSample):
        pass

    more = _sample(0, 1)
    more['data_samples'].set_field(torch.ones(4), 'embedding')
    own = _sample(0, 1)
    own['data_samples'] = Own().set_gt_label(1)
    no_label = {**_sample(0, 1), 'data_samples': ActionDataSample()}
    for other in (more, own, no_label):
        batch = multimodal_collate([other, _sample(1, 2)])
        assert isinstance(batch['data_samples'], list)
        assert batch['data_samples'][0] is other['data_samples']


def test_inputs_of_several_shapes_stay_a_list():
    one, other = _sample(0, 1), _sample(1, 1)
    other['inputs']['audio'] = torch.zeros(2, 4, dtype=torch.uint8)
    assert len(multimodal_collate([one, other])['inputs']['audio']) == 2
    series = Padded.whole(torch.ones(3, 2))
    one['inputs']['audio'] = other['inputs']['audio'] = series
    assert multimodal_collate([one, other])['inputs']['audio'][1] is series


def test_samples_of_others_are_collated_as_mmengine_does():
    batch = [{'inputs': torch.zeros(3), 'data_samples': i} for i in range(2)]
    collated = multimodal_collate(batch)
    assert len(collated['inputs']) == 2
    assert collated['data_samples'] == [0, 1]
