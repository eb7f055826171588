from __future__ import annotations

import copy

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from mmremix.engine import PlainCheckpointHook


def checkpoint():
    buffer = HistoryBuffer(max_length=50)
    for value in (0.5, 0.25):
        buffer.update(value, 2)
    return {
        'meta': {'epoch': 1, 'lr': np.float32(0.5)},
        'message_hub': {
            'log_scalars': {'train/loss': buffer},
            'runtime_info': {'eta': np.float64(3.5), 'names': ['a', ('b', 1)]},
            'resumed_keys': {'train/loss': True},
        },
    }


def test_round_trip_through_a_weights_only_file(tmp_path):
    hook, original = PlainCheckpointHook(), checkpoint()
    saved = copy.deepcopy(original)
    hook.before_save_checkpoint(None, saved)
    torch.save(saved, tmp_path / 'c.pth')
    unsafe = torch.serialization.get_unsafe_globals_in_checkpoint(
        tmp_path / 'c.pth'
    )
    assert unsafe == []
    loaded = torch.load(tmp_path / 'c.pth', weights_only=True)
    hook.after_load_checkpoint(None, loaded)
    hub = loaded['message_hub']
    buffer = hub['log_scalars']['train/loss']
    expected = original['message_hub']['log_scalars']['train/loss']
    assert isinstance(buffer, HistoryBuffer)
    for got, wanted in zip(buffer.data, expected.data, strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert buffer.data[1].dtype == np.int64
    assert buffer.max_length == 50
    assert buffer.mean() == expected.mean() == 0.75 / 4
    assert hub['runtime_info'] == {'eta': 3.5, 'names': ['a', ('b', 1)]}
    assert loaded['meta'] == {'epoch': 1, 'lr': 0.5}


def test_the_live_buffers_are_left_alone():
    live = checkpoint()
    shared = {**live}
    PlainCheckpointHook().before_save_checkpoint(None, shared)
    buffer = live['message_hub']['log_scalars']['train/loss']
    assert isinstance(buffer, HistoryBuffer)


def test_files_without_a_message_hub():
    weights = {'state_dict': {}}
    PlainCheckpointHook().after_load_checkpoint(None, weights)
    assert weights == {'state_dict': {}}
