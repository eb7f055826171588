from __future__ import annotations

import numpy as np
import pytest
import torch

from mmremix.datasets.transforms.pack import PackAVInputs


def sample(**kwargs):
    return {
        'sample_idx': 5,
        'clip': 'a.mp4',
        'label': 2,
        'active_modalities': ('video', 'audio'),
        'loaded_modalities': ('video', 'audio'),
        'inputs': {
            'audio': torch.zeros(1, 4, 3),
            'video': np.zeros((2, 3, 8, 8), np.uint8),
        },
        **kwargs,
    }


def test_packs_in_data_set_order():
    packed = PackAVInputs()(sample())
    assert list(packed['inputs']) == ['video', 'audio']
    assert packed['inputs']['video'].dtype == torch.uint8
    data_sample = packed['data_samples']
    assert data_sample.gt_label.tolist() == [2]
    assert data_sample.metainfo == {
        'sample_idx': 5,
        'clip': 'a.mp4',
        'active_modalities': ('video', 'audio'),
        'loaded_modalities': ('video', 'audio'),
    }


def test_packs_only_what_is_loaded():
    packed = PackAVInputs()(
        sample(loaded_modalities=('audio',), inputs={'audio': torch.zeros(1)})
    )
    assert list(packed['inputs']) == ['audio']


def test_label_is_optional():
    results = sample()
    del results['label']
    assert 'gt_label' not in PackAVInputs()(results)['data_samples']


def test_missing_input_is_named():
    with pytest.raises(ValueError, match=r"for each of \['video'\]"):
        PackAVInputs()(sample(inputs={'audio': torch.zeros(1)}))


def test_meta_keys_are_further_ones():
    """Scoring needs the index, and metrics what stands in for another."""
    results = {
        'inputs': {'audio': np.zeros(2, np.float32)},
        'active_modalities': ('audio',),
        'loaded_modalities': ('audio',),
        'sample_idx': 4,
        'replaces': (3, 'c', 'broken'),
        'snr': 5.0,
        'clip': 'a',
    }
    packed = PackAVInputs(meta_keys=('snr', 'sample_idx')).transform(results)
    meta = packed['data_samples'].metainfo
    assert meta.keys() == results.keys() - {'inputs', 'clip'}
