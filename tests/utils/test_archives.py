from __future__ import annotations

import zipfile

import numpy as np
import pytest
import torch

from mmremix.engine import DamagedCheckpointError, load_checkpoint_file
from mmremix.records import read_confusion, save_confusion
from mmremix.utils.archives import excess


def bomb(path, name):
    """0.5 MB that would unpack to 512 MB."""
    with (
        zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, 'w', force_zip64=True) as entry,
    ):
        for _ in range(512):
            entry.write(bytes(2**20))
    assert path.stat().st_size < 2**20


def test_what_runs_write_may_be_unpacked(tmp_path):
    torch.save({'w': torch.zeros(10**6)}, tmp_path / 'a.pth')
    assert excess(tmp_path / 'a.pth') is None
    zeros = {'fusion': np.zeros((1000, 1000), np.int64)}
    save_confusion(tmp_path / 'val_confusion.npz', zeros, ['a'] * 1000, 1)
    assert excess(tmp_path / 'val_confusion.npz') is None
    assert read_confusion(tmp_path).epoch == 1


def test_a_checkpoint_that_unpacks_to_too_much(tmp_path, monkeypatch):
    bomb(tmp_path / 'a.pth', 'a/data/0')
    monkeypatch.setattr(torch, 'load', None)
    monkeypatch.setattr(zipfile.ZipFile, 'testzip', None)
    with pytest.raises(DamagedCheckpointError, match='unpack to 536,870,912'):
        load_checkpoint_file(str(tmp_path / 'a.pth'))


def test_matrices_that_unpack_to_too_much(tmp_path, monkeypatch):
    bomb(tmp_path / 'val_confusion.npz', 'confusion.npy')
    monkeypatch.setattr(np, 'load', None)
    with pytest.raises(ValueError, match='unpack to 536,870,912'):
        read_confusion(tmp_path)
