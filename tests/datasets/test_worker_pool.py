"""Loaders that share their workers, and what they give."""

from __future__ import annotations

import os
import pickle
import random
from functools import partial

import numpy as np
import pytest
import torch
from mmengine.dataset import worker_init_fn
from torch.utils.data import DataLoader, Dataset, IterableDataset

from mmremix.datasets.worker_pool import (
    PooledLoader,
    WorkerPool,
    with_workers_of,
)


class Draws(Dataset):
    """A sample says where it is from, what it drew and who loaded it."""

    def __init__(self, name, size, draw=None):
        self.name, self.size, self.draw = name, size, draw

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        drawn = {
            None: lambda: 0.0,
            'random': random.random,
            'numpy': np.random.rand,
            'torch': lambda: torch.rand(()).item(),
        }[self.draw]()
        return self.name, index, drawn, os.getpid()


class Whole(Draws):
    def __getitems__(self, batch):
        return [('whole', *self[i][1:]) for i in batch]


class Breaks(Draws):
    def __getitem__(self, index):
        raise ValueError(f'{self.name} {index} is broken')


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(4))


def names(batch):
    return [sample[:3] for sample in batch]


def pids(batch):
    return {sample[3] for sample in batch}


def loader(dataset, workers=2, **options):
    init = partial(worker_init_fn, num_workers=workers, rank=0, seed=7)
    options = {
        'batch_size': 2,
        'persistent_workers': True,
        'worker_init_fn': init,
        'collate_fn': list,
        **options,
    }
    return DataLoader(dataset, num_workers=workers, **options)


def pooled(*loaders):
    pool = WorkerPool()
    return [pool.join(each) for each in loaders]


def three():
    return (
        loader(Draws('train', 7, 'torch'), shuffle=True),
        loader(Draws('score', 5, 'numpy'), batch_size=3),
        loader(Whole('val', 4, 'random'), drop_last=True),
    )


def passes(loaders):
    """What three epochs give, and what is drawn in the main process."""
    torch.manual_seed(3)
    found = []
    for _ in range(3):
        for each in loaders:
            found += [names(batch) for batch in each]
            found.append(torch.rand(()).item())
    return found


def test_batches_and_random_states_are_those_of_own_workers():
    assert passes(pooled(*three())) == passes(three())


def test_they_have_the_same_workers_and_keep_what_is_read_of_them():
    own = three()
    shared = pooled(*own)
    seen = [set().union(*map(pids, each)) for each in shared]
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0]) == 2
    for each, before in zip(shared, own, strict=True):
        assert isinstance(each, PooledLoader)
        assert len(each) == len(before)
        for key in ('dataset', 'sampler', 'batch_sampler', 'batch_size'):
            assert getattr(each, key) is getattr(before, key)


def test_what_was_asked_for_and_not_taken_is_dropped():
    first, second = pooled(
        loader(Draws('a', 20)), loader(Draws('b', 4), batch_size=4)
    )
    for batch in first:
        workers = pids(batch)
        break
    (batch,) = second
    assert names(batch) == [('b', i, 0.0) for i in range(4)]
    assert pids(batch) <= {*workers, *pids(next(iter(second)))}
    assert [x for b in first for x in names(b)] == [
        ('a', i, 0.0) for i in range(20)
    ]


def test_one_within_another_starts_workers_of_its_own():
    outer, inner = pooled(loader(Draws('a', 6)), loader(Draws('b', 4)))
    found = []
    for batch in outer:
        others = list(inner)
        assert not pids(batch) & set().union(*map(pids, others))
        assert [x[0] for b in others for x in b] == ['b'] * 4
        found += names(batch)
    assert found == [('a', i, 0.0) for i in range(6)]


def error_of(each):
    try:
        list(each)
    except ValueError as error:
        # A traceback would keep the workers until Python collects it.
        return str(error.with_traceback(None))


def test_an_error_of_a_sample_names_it_and_the_pool_goes_on():
    good, bad = pooled(loader(Draws('a', 4)), loader(Breaks('b', 4)))
    for _ in range(2):
        assert 'b 0 is broken' in error_of(bad)
        assert len(list(good)) == 2


@pytest.mark.parametrize(
    'other',
    [
        lambda: loader(Draws('b', 4), workers=1),
        lambda: loader(Draws('b', 4), workers=0, persistent_workers=False),
        lambda: loader(Draws('b', 4), persistent_workers=False),
        lambda: loader(Draws('b', 4), prefetch_factor=3),
        lambda: loader(Draws('b', 4), pin_memory=True),
        lambda: loader(Draws('b', 4), timeout=9),
        lambda: loader(Draws('b', 4), multiprocessing_context='spawn'),
        lambda: loader(Draws('b', 4), worker_init_fn=print),
        lambda: loader(Draws('b', 4), generator=torch.Generator()),
        lambda: loader(Draws('b', 4), batch_size=None, collate_fn=None),
        lambda: loader(Stream()),
    ],
)
def test_others_keep_workers_of_their_own(other):
    unlike = other()
    assert pooled(loader(Draws('a', 4)), unlike)[1] is unlike


def test_a_pool_that_has_started_takes_nobody():
    (first,) = pooled(loader(Draws('a', 4)))
    assert isinstance(
        with_workers_of(first, loader(Draws('b', 4))), PooledLoader
    )
    list(first)
    late = loader(Draws('b', 4))
    assert with_workers_of(first, late) is late
    assert with_workers_of(late, first) is first


def test_workers_that_are_spawned_get_all_data_sets():
    pool = WorkerPool()
    for name in 'ab':
        pool.join(loader(Draws(name, 4), 1, multiprocessing_context='spawn'))
    # What such a worker is sent.
    parts = pickle.loads(pickle.dumps(pool._parts))
    assert names(parts.__getitems__((1, [3]))) == [('b', 3, 0.0)]
