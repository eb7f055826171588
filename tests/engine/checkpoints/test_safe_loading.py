from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

from mmremix.apis import build_runner
from mmremix.engine import DamagedCheckpointError, load_checkpoint_file
from mmremix.registry import MODELS


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


def test_files_that_are_no_checkpoints(tmp_path):
    np.savez(tmp_path / 'arrays.npz', a=np.ones(2))
    with pytest.raises(DamagedCheckpointError, match='is no checkpoint'):
        load_checkpoint_file(str(tmp_path / 'arrays.npz'))


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='There is no checkpoint'):
        load_checkpoint_file(str(tmp_path / 'none.pth'))
    path = save(tmp_path, {'state_dict': {}})
    with pytest.raises(FileNotFoundError) as caught:
        load_checkpoint_file(str(tmp_path))
    assert str(caught.value).endswith(f'It is a folder; in it are: {path}.')


def test_a_damaged_file_names_intact_ones(tmp_path):
    path = save(tmp_path, {'state_dict': {'w': torch.ones(99)}})
    data = bytearray(Path(path).read_bytes())
    # One bit of the weights, which torch alone does not notice.
    data[data.find(torch.ones(99).numpy().tobytes()) + 3] ^= 1
    (tmp_path / 'd.pth').write_bytes(data)
    with pytest.raises(DamagedCheckpointError) as caught:
        load_checkpoint_file(str(tmp_path / 'd.pth'))
    assert 'data/0 does not match its checksum' in str(caught.value)
    assert f'Intact beside it: {path}' in str(caught.value)
    with pytest.raises(FileNotFoundError, match='Intact beside it'):
        load_checkpoint_file(str(tmp_path / 'e.pth'))


def evil_file(kind, mark, work_dir):
    """A checkpoint that would touch ``mark``."""
    plain = {'meta': {'epoch': 1, 'iter': 1}, 'state_dict': {}}
    plain['message_hub'] = {
        'log_scalars': {},
        'runtime_info': {},
        'resumed_keys': {},
    }
    if kind == 'pickle':
        plain['state_dict'] = {'w': Evil(f'touch {mark}')}
    else:
        # Plain text, but mmengine would run it as a config file.
        plain['meta']['config'] = f'open({str(mark)!r}, "w").close()'
    work_dir.mkdir()
    path = work_dir / 'epoch_1.pth'
    torch.save(plain, path)
    (work_dir / 'last_checkpoint').write_text(str(path))
    return str(path)


@pytest.mark.parametrize('way', ['auto', 'resume', 'load_from', 'test'])
def test_no_way_into_a_run(tiny_config, tmp_path, way):
    cfg = tiny_config()
    mark = tmp_path / 'executed'
    path = evil_file('pickle', mark, tmp_path / 'work')
    cfg.resume = way in ('auto', 'resume')
    cfg.load_from = None if way == 'auto' else path
    runner = build_runner(cfg)
    with pytest.raises(pickle.UnpicklingError, match=r'asks for .*system'):
        (runner.test if way == 'test' else runner.train)()
    assert not mark.exists()


def test_config_text_in_a_checkpoint_is_not_run(tiny_config, tmp_path):
    mark = tmp_path / 'executed'
    path = evil_file('config', mark, tmp_path / 'work')
    cfg = tiny_config(epochs=2, resume=True)
    plain = torch.load(path, weights_only=True)
    plain['state_dict'] = MODELS.build(cfg.model).state_dict()
    torch.save(plain, path)
    build_runner(cfg).train()
    assert not mark.exists()
