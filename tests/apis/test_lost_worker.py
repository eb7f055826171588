"""Workers of a loader that are killed, and those that fail by themselves."""

from __future__ import annotations

import os
import signal

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from mmremix.apis import LostWorkerError
from mmremix.apis.lost_worker import lost_workers_explained

CFG = {'train_dataloader': {'num_workers': 3, 'batch_size': 16}}


class Dies(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        if index == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.zeros(1)


class Fails(Dies):
    def __getitem__(self, index):
        raise ConnectionResetError('of my own')


def test_a_killed_worker_is_explained():
    with pytest.raises(LostWorkerError) as caught:
        with lost_workers_explained(CFG):
            list(DataLoader(Dies(), num_workers=1))
    message = str(caught.value)
    assert 'was ended from outside (DataLoader worker' in message
    assert 'memory' in message
    assert 'train_dataloader = dict(num_workers=3, batch_size=16)' in message
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_connection_that_breaks_first(monkeypatch):
    """By timing, torch reads from the dead worker before it looks for it."""
    with pytest.raises(LostWorkerError, match='ended from outside'):
        with lost_workers_explained(CFG):
            loader = iter(DataLoader(Fails(), num_workers=1))

            def get(timeout):
                raise ConnectionResetError

            monkeypatch.setattr(loader._data_queue, 'get', get)
            next(loader)


def test_errors_of_a_sample_pass():
    with pytest.raises(ConnectionResetError, match='of my own'):
        with lost_workers_explained(CFG):
            list(DataLoader(Fails(), num_workers=1))
    for error in (RuntimeError('other'), OSError('other')):
        with pytest.raises(type(error), match='other'):
            with lost_workers_explained(CFG):
                raise error
