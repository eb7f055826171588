"""Workers of a loader that are killed, and those that fail by themselves."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import time
from functools import partial

import pytest
import torch
from mmengine.dataset import worker_init_fn
from torch.utils.data import DataLoader, Dataset
from torch.utils.data._utils import signal_handling

from mmremix.apis import LostWorkerError
from mmremix.apis.lost_worker import lost_worker, lost_workers_explained
from mmremix.datasets.worker_pool import WorkerPool

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


def explained(run):
    """Run; from then on no late signal of the worker reaches other code."""
    try:
        with lost_workers_explained(CFG):
            run()
    finally:
        # torch's handler raises wherever Python is when the signal comes.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal_handling._SIGCHLD_handler_set = False


def load(dataset):
    list(DataLoader(dataset, num_workers=1))


@pytest.fixture
def late_signals():
    """torch also raises when the signal comes, wherever Python is then."""
    yield
    gc.collect()
    for _ in range(10):
        with contextlib.suppress(RuntimeError):
            time.sleep(0.1)


def load_shared(dataset):
    init = partial(worker_init_fn, num_workers=1, rank=0, seed=0)
    options = {'num_workers': 1, 'persistent_workers': True}
    loader = DataLoader(dataset, worker_init_fn=init, **options)
    shared = WorkerPool().join(loader)
    assert shared is not loader
    list(shared)


@pytest.mark.usefixtures('late_signals')
@pytest.mark.parametrize('load', [load, load_shared])
def test_a_killed_worker_is_explained(load):
    with pytest.raises(LostWorkerError) as caught:
        explained(lambda: load(Dies()))
    message = str(caught.value)
    assert 'was ended from outside (' in message
    assert 'memory' in message
    assert 'train_dataloader = dict(num_workers=3, batch_size=16)' in message
    # By timing, torch notices the process or the connection first.
    assert lost_worker(caught.value.__cause__)


@pytest.mark.parametrize(
    'error', [ConnectionResetError, EOFError, FileNotFoundError]
)
def test_a_connection_that_breaks_first(monkeypatch, error):
    """By timing, torch reads from the dead worker before it looks for it."""
    loader = iter(DataLoader(Fails(), num_workers=1))

    def get(timeout):
        raise error

    monkeypatch.setattr(loader._data_queue, 'get', get)
    # These have no text of their own; the kind is named instead.
    named = rf'ended from outside \({error.__name__}\)'
    with pytest.raises(LostWorkerError, match=named):
        explained(lambda: next(loader))


def test_errors_of_a_sample_pass():
    with pytest.raises(ConnectionResetError, match='of my own'):
        explained(lambda: load(Fails()))


@pytest.mark.parametrize('kind', [RuntimeError, OSError, ConnectionError])
def test_other_errors_pass(kind):
    def fail():
        raise kind('other')

    with pytest.raises(kind, match='other'):
        explained(fail)
