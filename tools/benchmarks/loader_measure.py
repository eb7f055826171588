"""CPU time of ways to load, in this process and in loader workers."""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from torch.utils.data import DataLoader

from mmremix.datasets.collate import multimodal_collate


class Batches:
    """Batches of the keys that :meth:`fill` was given last."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.keys: Sequence[Any] = ()

    def fill(self, keys: Sequence[Any]) -> None:
        """Set what the next iteration goes over."""
        self.keys = keys

    def __len__(self) -> int:
        return -(-len(self.keys) // self.size)

    def __iter__(self) -> Iterator[list[Any]]:
        for i in range(0, len(self.keys), self.size):
            yield list(self.keys[i : i + self.size])


def make_loader(dataset: Any, workers: int, size: int) -> DataLoader[Any]:
    """Loader whose batches are ``loader.batch_sampler.fill``-ed."""
    return DataLoader(
        dataset,
        batch_sampler=Batches(size),
        num_workers=workers,
        persistent_workers=workers > 0,
        collate_fn=collate,
    )


def collate(batch: list[dict[str, Any]]) -> Any:
    """As in training; samples of mmaction2 stay a list."""
    if isinstance(batch[0]['inputs'], dict):
        return multimodal_collate(batch)
    return batch


def cpu_seconds() -> float:
    """Of this process and its living children, with all their threads.

    Raises:
        SystemExit: If this is not Linux and there are children.
    """
    seconds = time.process_time()
    for child in multiprocessing.active_children():
        if sys.platform != 'linux' or child.pid is None:
            raise SystemExit('workers are timed on Linux only: --workers 0')
        # The clock of another process, as clock_getcpuclockid(3) names it.
        seconds += time.clock_gettime(~child.pid << 3 | 2)
    return seconds


def measure(ways: dict[str, Any], rounds: int) -> dict[str, list[float]]:
    """CPU milliseconds per sample of every round, in this process."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(-1, rounds):  # -1: files and modules are loaded
        for name, way in ways.items():
            keys = way.keys(round_ + 1)
            begin = time.process_time()
            way.run(keys)
            spent = time.process_time() - begin
            if round_ >= 0:
                times[name].append(1000 * spent / len(keys))
    return times


def measure_workers(
    ways: dict[str, Any],
    names: Sequence[str],
    workers: Sequence[int],
    batch_size: int,
    rounds: int,
) -> list[dict[str, str | int | float]]:
    """CPU time and samples per second through a ``DataLoader``."""
    loaders = {
        (name, number): make_loader(ways[name].dataset, number, batch_size)
        # In this order: threads that a decoder started here would be missing
        # in workers that are forked later.
        for number in sorted(workers, reverse=True)
        for name in names
    }
    cpu: dict[Any, list[float]] = {key: [] for key in loaders}
    wall: dict[Any, list[float]] = {key: [] for key in loaders}
    for round_ in range(-1, rounds):  # -1: the workers start
        for key, loader in loaders.items():
            keys = ways[key[0]].keys(round_ + 1) * 2
            batches: Any = loader.batch_sampler
            batches.fill(keys)
            begin = cpu_seconds(), time.perf_counter()
            for _ in loader:
                pass
            spent = cpu_seconds() - begin[0], time.perf_counter() - begin[1]
            if round_ >= 0:
                cpu[key].append(1000 * spent[0] / len(keys))
                wall[key].append(len(keys) / spent[1])
    return [
        {
            'way': key[0],
            'workers': key[1],
            'cpu_ms': statistics.median(cpu[key]),
            'samples_per_second': statistics.median(wall[key]),
        }
        for key in loaders
    ]
