"""Sequences of their own length, from samples to features."""

from __future__ import annotations

import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmaction.structures import ActionDataSample

from mmremix.datasets import multimodal_collate
from mmremix.models import AVDataPreprocessor, ModalityEncoder
from mmremix.models.backbones import GRU, MLP
from mmremix.models.recognizers.groups import split_by_active
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded, zeros_like


def sequence(length, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return Padded.whole(torch.randn(length, 3, generator=generator))


@given(st.lists(st.integers(1, 7), min_size=1, max_size=5))
def test_stacked_and_taken_apart(lengths):
    samples = [sequence(n, i) for i, n in enumerate(lengths)]
    batch = Padded.stack(samples)
    assert batch.shape == (len(lengths), max(lengths), 3)
    assert batch.lengths.tolist() == lengths and len(batch) == len(lengths)
    for i, sample in enumerate(samples):
        assert torch.equal(batch.values[i][batch.mask[i]], sample.values)
    assert not batch.values[~batch.mask].any()
    assert torch.equal(batch[[0]].mask, batch.mask[:1])
    nothing = zeros_like(batch)
    assert torch.equal(nothing.mask, batch.mask) and not nothing.values.any()
    assert torch.equal(pickle.loads(pickle.dumps(batch)).mask, batch.mask)


def batch_of(lengths):
    """Collated; every second sample lacks the sequence."""
    samples = []
    for i, length in enumerate(lengths):
        names = ('series', 'point') if i % 2 == 0 else ('point',)
        inputs = {'series': sequence(length, i), 'point': torch.ones(2)}
        data = ActionDataSample().set_gt_label(0)
        data.set_metainfo(
            {'active_modalities': names, 'loaded_modalities': names}
        )
        samples.append(
            {'inputs': {n: inputs[n] for n in names}, 'data_samples': data}
        )
    return multimodal_collate(samples)


def test_through_the_preprocessor_and_the_groups():
    preprocessor = AVDataPreprocessor(
        normalize={'series': {'mean': [1.0, 2, 3], 'std': 2.0}}
    )
    data = preprocessor(batch_of([3, 9, 5]))
    series = data['inputs']['series']
    assert series.lengths.tolist() == [3, 5]
    assert not series.values[~series.mask].any()
    wanted = (sequence(3).values - torch.tensor([1.0, 2, 3])) / 2
    assert torch.allclose(series.values[0, :3], wanted)
    both, point = split_by_active(data['inputs'], data['data_samples'])
    assert both.rows == [0, 2] and len(both.inputs['series']) == 2
    assert point.active == ('point',) and set(point.inputs) == {'point'}


def test_samples_of_one_active_set_that_loaded_others():
    """As with mask='feature', where some lack what is masked."""
    batch = batch_of([3, 9, 5])
    for sample in batch['data_samples']:
        sample.set_metainfo({'active_modalities': ('point',)})
    data = AVDataPreprocessor()(batch)
    groups = split_by_active(data['inputs'], data['data_samples'])
    assert [set(g.inputs) for g in groups] == [{'series', 'point'}, {'point'}]


def test_inputs_that_differ_are_refused():
    samples = [ActionDataSample() for _ in range(2)]
    data = {
        'inputs': {'x': [torch.ones(2), torch.ones(3)]},
        'data_samples': samples,
    }
    with pytest.raises(ConfigError, match=r'differ in shape.*length=None'):
        AVDataPreprocessor()(data)


def test_padding_does_not_count():
    encoder = ModalityEncoder(GRU(3, hidden_channels=4)).eval()
    samples = [sequence(4, 1), sequence(9, 2)]
    together = encoder(Padded.stack(samples))
    for i, sample in enumerate(samples):
        alone = encoder(sample.values[None])
        assert torch.allclose(together[i], alone[0], atol=1e-6)
    with pytest.raises(ConfigError, match=r'takes no mask.*length='):
        ModalityEncoder(MLP(3))(Padded.stack(samples))
