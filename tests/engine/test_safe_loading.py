from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

from mmremix.engine import load_checkpoint_file


class Evil:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class EvilAttribute:
    """Reaches for an attribute of an allowed object."""

    def __reduce__(self):
        return getattr, (HistoryBuffer, '__init__')


def save(tmp_path, content):
    path = str(tmp_path / 'c.pth')
    torch.save(content, path)
    return path


def test_foreign_code_is_not_run_and_named(tmp_path):
    mark = tmp_path / 'executed'
    path = save(tmp_path, {'state_dict': Evil(f'touch {mark}')})
    for load in (load_checkpoint_file, CheckpointLoader.load_checkpoint):
        with pytest.raises(pickle.UnpicklingError) as caught:
            load(path)
        message = str(caught.value)
        assert path in message and 'system' in message
        assert 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD' in message
    assert not mark.exists()


def test_getattr_is_no_way_in(tmp_path):
    path = save(tmp_path, {'hub': EvilAttribute()})
    with pytest.raises(pickle.UnpicklingError, match='attribute __init__'):
        load_checkpoint_file(path)


def test_checkpoints_of_mmengine_load(tmp_path):
    buffer = HistoryBuffer()
    buffer.update(0.5)
    path = save(
        tmp_path,
        {
            'message_hub': {'loss': buffer},
            'eta': np.float64(2.0),
            'counts': np.arange(3),
            'state_dict': {'w': torch.ones(2)},
        },
    )
    loaded = CheckpointLoader.load_checkpoint(path, map_location='cpu')
    assert loaded['message_hub']['loss'].mean() == 0.5
    assert loaded['eta'] == 2.0
    assert loaded['counts'].tolist() == [0, 1, 2]


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='There is no checkpoint'):
        load_checkpoint_file(str(tmp_path / 'none.pth'))
