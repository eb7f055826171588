"""One set of worker processes for several data loaders."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from functools import partial
from types import GeneratorType
from typing import Any

import torch
from mmengine.dataset import worker_init_fn
from torch.utils.data import DataLoader, Dataset, IterableDataset, MapDataPipe

from mmremix.datasets.seeded import RandomStates


class WorkerPool:
    """Workers that load for several loaders, one after the other.

    Training, scoring and validation take turns, so one set of persistent
    workers serves them all. Each loader gives the batches that it would give
    with workers of its own, also where a data set draws from the ambient
    random state; there, not once it was asked in the middle of another's
    turn, for which it starts workers of its own.

    Example::

        pool = WorkerPool()
        train, val = pool.join(train), pool.join(val)
        for batch in train:
            ...
    """

    def __init__(self) -> None:
        self._parts = _Parts()
        self._order = _Order()
        self._kind: tuple[Any, ...] | None = None
        self._begun: set[int] = set()
        self._loader: DataLoader[Any] | None = None
        self._turn: weakref.ref[Iterator[Any]] | None = None

    def join(self, loader: DataLoader[Any]) -> DataLoader[Any]:
        """A loader like the one given that uses the workers of the pool.

        Args:
            loader: That was not iterated over yet.

        Returns:
            The loader itself, if its workers must be its own: they do not
            persist, are of another number or of other options than those of
            the pool, are initialised in a way of their own, or read a stream;
            or the pool has started, without this data set.
        """
        kind = _kind_of_workers(loader)
        started = self._loader is not None
        if kind is None or started or self._kind not in (None, kind):
            return loader
        self._kind = kind
        self._parts.parts.append((loader.dataset, loader.collate_fn))
        return PooledLoader(loader, self, len(self._parts.parts) - 1)

    def batches(
        self, loader: DataLoader[Any], number: int
    ) -> Iterator[Any] | None:
        """The batches of a loader that has joined.

        Args:
            loader: One that :meth:`join` has returned.
            number: Its place in the pool.

        Returns:
            ``None`` while the pool is in the middle of another loader.
        """
        # One that starts again drops what was left, as with its own workers.
        if self._in_use() and self._order.number != number:
            return None
        self._order.number = number
        self._order.sampler = loader.batch_sampler
        if self._loader is None:
            self._loader = self._start(loader)
        elif number not in self._begun:
            # As torch does when it starts workers.
            iter(self._order)
            torch.empty((), dtype=torch.int64).random_()
        self._begun.add(number)
        # Batches that were asked for and not taken are thrown away by torch
        # when it starts again.
        turn = (batch for batch in self._loader)
        self._turn = weakref.ref(turn)
        return turn

    def _in_use(self) -> bool:
        """Whether somebody is still to take batches."""
        turn = None if self._turn is None else self._turn()
        return isinstance(turn, GeneratorType) and turn.gi_frame is not None

    def _start(self, loader: DataLoader[Any]) -> DataLoader[Any]:
        return DataLoader(
            self._parts,
            batch_sampler=self._order,
            collate_fn=_as_it_is,
            num_workers=loader.num_workers,
            prefetch_factor=loader.prefetch_factor,
            pin_memory=loader.pin_memory,
            timeout=loader.timeout,
            multiprocessing_context=loader.multiprocessing_context,
            worker_init_fn=loader.worker_init_fn,
            persistent_workers=True,
        )


class PooledLoader(DataLoader[Any]):
    """A loader with the workers of a :class:`WorkerPool`.

    While another loader of the pool is in the middle of its batches, it
    starts workers of its own.

    Args:
        loader: Whose data set, samplers and options it has.
        pool: Where it has joined.
        number: Its place there.
    """

    def __init__(
        self, loader: DataLoader[Any], pool: WorkerPool, number: int
    ) -> None:
        # The options, whatever the version of torch knows, are checked.
        self.__dict__.update(vars(loader))
        self.pool = pool
        self._number = number

    def __iter__(self) -> Any:
        batches = self.pool.batches(self, self._number)
        return super().__iter__() if batches is None else batches


def with_workers_of(
    other: DataLoader[Any], loader: DataLoader[Any]
) -> DataLoader[Any]:
    """A loader that shares the workers of another one, if that can be."""
    if isinstance(other, PooledLoader):
        return other.pool.join(loader)
    return loader


class _Order:
    """Batches of the loader whose turn it is, with its number."""

    number = 0
    sampler: Any = ()

    # A pair takes the place of torch's list of indices.
    def __iter__(self) -> Iterator[Any]:
        number = self.number
        return ((number, batch) for batch in self.sampler)


class _Parts(Dataset[Any]):
    """The data sets of all loaders of a pool, as a worker sees them."""

    def __init__(self) -> None:
        self.parts: list[tuple[Any, Callable[[list[Any]], Any]]] = []
        self._current: int | None = None
        self._first: RandomStates | None = None
        self._states: dict[int, RandomStates] = {}

    def __getitems__(self, key: tuple[int, list[Any]]) -> Any:
        """A whole batch, collated: only here it is known how."""
        number, batch = key
        self._use_states_of(number)
        dataset, collate = self.parts[number]
        load = getattr(dataset, '__getitems__', None)
        return collate(load(batch) if load else [dataset[i] for i in batch])

    def _use_states_of(self, number: int) -> None:
        """Draw as if no other loader had, since the worker was started."""
        if self._first is None:
            self._first = RandomStates()
        elif number != self._current:
            assert self._current is not None
            self._states[self._current] = RandomStates()
            self._states.get(number, self._first).restore()
        self._current = number


def _as_it_is(batch: Any) -> Any:
    return batch


def _kind_of_workers(loader: DataLoader[Any]) -> tuple[Any, ...] | None:
    """What loaders must have in common to share; None for nothing."""
    init = loader.worker_init_fn
    own = (
        type(loader) is not DataLoader
        or not loader.persistent_workers
        or loader._iterator is not None
        or loader.batch_sampler is None
        or loader.generator is not None
        or bool(loader.pin_memory_device)
        or not getattr(loader, 'in_order', True)
        or isinstance(loader.dataset, IterableDataset | MapDataPipe)
        # Others may look at the worker's data set.
        or not isinstance(init, partial)
        or init.func is not worker_init_fn
    )
    if own:
        return None
    assert isinstance(init, partial)
    return (
        loader.num_workers,
        loader.prefetch_factor,
        loader.pin_memory,
        loader.timeout,
        loader.multiprocessing_context,
        init.args,
        init.keywords,
    )
