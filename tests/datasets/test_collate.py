from __future__ import annotations

from mmengine.registry import FUNCTIONS

from mmremix.datasets import multimodal_collate


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
