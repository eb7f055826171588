from __future__ import annotations

import pickle
import random
from typing import ClassVar

import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from torch.utils.data import DataLoader

from mmremix.datasets import MultimodalDataset, RemixIndex
from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.sample_error import SampleError


class Rows(MultimodalDataset):
    """Ten samples that are their own index."""

    METAINFO: ClassVar = {'classes': ['a', 'b']}

    def load_data_list(self):
        return [{'clip': f'{i}.mp4', 'label': i % 2} for i in range(10)]


def draw(results):
    """A transform that shows what it got and draws from all generators."""
    if results['sample_idx'] in BROKEN:
        raise BrokenMediaError(f'{results["clip"]}: no audio stream')
    results['drawn'] = (
        random.random(),
        np.random.rand(),
        torch.rand(1).item(),
    )
    return results


BROKEN: set[int] = set()


@pytest.fixture(autouse=True)
def _nothing_broken():
    BROKEN.clear()
    yield
    BROKEN.clear()


def test_plain_index_keeps_all_modalities_in_data_set_order():
    dataset = Rows(pipeline=[draw], modalities=['audio', 'video', 'flow'])
    assert dataset[3]['active_modalities'] == ('audio', 'video', 'flow')
    assert dataset[3]['sample_idx'] == 3


def test_active_modalities_travel_with_the_index():
    dataset = Rows(pipeline=[draw])
    assert dataset[RemixIndex(2, ('audio',))]['active_modalities'] == (
        'audio',
    )
    key = pickle.loads(pickle.dumps(RemixIndex(2, ('audio',), 5)))
    assert dataset[key]['active_modalities'] == ('audio',)


def test_seed_fixes_all_generators_and_leaves_no_trace():
    dataset = Rows(pipeline=[draw])
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    first = dataset[RemixIndex(0, None, 7)]['drawn']
    assert dataset[RemixIndex(0, None, 7)]['drawn'] == first
    assert dataset[RemixIndex(0, None, 8)]['drawn'] != first
    assert random.getstate() == states[0]
    np.testing.assert_equal(np.random.get_state(), states[1])
    assert torch.equal(torch.get_rng_state(), states[2])


def test_plain_index_is_seeded_in_test_mode_only():
    trained = Rows(pipeline=[draw])
    tested = Rows(pipeline=[draw], test_mode=True)
    assert trained[4]['drawn'] != trained[4]['drawn']
    assert tested[4]['drawn'] == tested[4]['drawn']
    assert tested[4]['drawn'] != tested[5]['drawn']


@pytest.mark.parametrize('test_mode', [False, True])
def test_broken_sample_raises_by_default(test_mode):
    BROKEN.add(3)
    dataset = Rows(pipeline=[draw], test_mode=test_mode)
    with pytest.raises(BrokenMediaError, match=r'3\.mp4: no audio stream'):
        dataset[3]


@pytest.mark.parametrize('test_mode', [False, True])
def test_skipped_sample_is_replaced_and_named(test_mode):
    BROKEN.update({3, 4, 5})
    dataset = Rows(pipeline=[draw], on_broken='skip', test_mode=test_mode)
    sample = dataset[RemixIndex(3, ('audio',), 1)]
    assert sample['sample_idx'] not in BROKEN
    assert sample['active_modalities'] == ('audio',)
    assert sample['replaces'] == (
        3,
        '3.mp4',
        '3.mp4: no audio stream',
    )
    assert (
        dataset[RemixIndex(3, ('audio',), 1)]['sample_idx']
        == (sample['sample_idx'])
    )
    assert 'replaces' not in dataset[0]


def test_nothing_usable():
    BROKEN.update(range(10))
    dataset = Rows(pipeline=[draw], on_broken='skip', max_refetch=20)
    with pytest.raises(BrokenMediaError, match='No usable sample in 21'):
        dataset[0]


def test_fingerprint_names_the_content():
    one = Rows().fingerprint()
    assert Rows(test_mode=True, pipeline=[draw]).fingerprint() == one
    assert Rows(indices=9).fingerprint() != one
    assert Rows(modalities=['audio', 'video']).fingerprint() != one
    assert Rows(metainfo={'classes': ['b', 'a']}).fingerprint() != one


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        ({'on_broken': 'ignore'}, "'raise' or 'skip'"),
        ({'modalities': []}, 'distinct names'),
        ({'modalities': ['audio', 'audio']}, 'distinct names'),
    ],
)
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        Rows(**kwargs)


class Fails(BaseTransform):
    """Fails on sample 4, as a transform with a mistake in it."""

    def transform(self, results):
        if results['sample_idx'] == 4:
            raise MemoryError('no room')
        return results


class Located(Rows):
    """Rows with the line numbers of an annotation."""

    def load_data_list(self):
        rows = super().load_data_list()
        return [{**row, 'row': i + 2} for i, row in enumerate(rows)]


@pytest.mark.parametrize('workers', [0, 1])
@pytest.mark.parametrize('on_broken', ['raise', 'skip'])
def test_failing_transform_is_named_with_the_clip(workers, on_broken):
    dataset = Located(
        'train.csv', pipeline=[Fails()], on_broken=on_broken, lazy_init=True
    )
    dataset.full_init()
    loader = DataLoader(dataset, num_workers=workers, collate_fn=list)
    with pytest.raises(SampleError) as caught:
        list(loader)
    assert (
        '4.mp4 (sample 4, line 6 of train.csv): Fails raised MemoryError: '
        'no room'
    ) in str(caught.value)


def test_broken_sample_is_named_with_its_line():
    BROKEN.add(3)
    with pytest.raises(
        BrokenMediaError, match=r"line 5 of train\.csv(.|\n)*on_broken='skip'"
    ):
        Located('train.csv', pipeline=[draw])[3]


def test_pipeline_that_returns_none_is_no_silent_loss():
    def drop(results):
        return None if results['sample_idx'] == 3 else results

    with pytest.raises(BrokenMediaError, match=r'3\.mp4: .*returned None'):
        Rows(pipeline=[drop])[3]
    sample = Rows(pipeline=[drop], on_broken='skip')[3]
    assert sample['replaces'][:2] == (3, '3.mp4')
