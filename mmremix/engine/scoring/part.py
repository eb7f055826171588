"""A pass over a random part of the training samples."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmremix.datasets import ScoringSampler


def part_sampler(dataloader: DataLoader[Any], asked_by: str) -> ScoringSampler:
    """The sampler of a loader, which must be one that takes parts.

    Args:
        dataloader: Of the pass.
        asked_by: Class name of the hook that needs it, for the error.

    Raises:
        ValueError: If it is no :class:`~mmremix.datasets.ScoringSampler`.
    """
    sampler = dataloader.sampler
    if not isinstance(sampler, ScoringSampler):
        raise ValueError(
            f'{asked_by} goes over a part of the samples, for which the '
            f'loader needs a ScoringSampler, got {type(sampler).__name__}. '
            "Write: dataloader=dict(sampler=dict(type='ScoringSampler'))"
        )
    return sampler


@contextmanager
def random_part(
    sampler: ScoringSampler,
    size: int,
    share: float,
    generator: torch.Generator,
) -> Iterator[None]:
    """Visit random samples inside, all of them again afterwards.

    Args:
        sampler: Of the pass.
        size: How many samples there are.
        share: Which part of them, at least one.
        generator: Source of randomness; seed it alike on all ranks.
    """
    drawn = torch.randperm(size, generator=generator)
    sampler.rows = drawn[: max(round(share * size), 1)].tolist()
    try:
        yield
    finally:
        sampler.rows = range(size)


def epoch_generator(runner: Runner) -> torch.Generator:
    """Random numbers of an epoch, the same on all ranks and when resumed."""
    loader = runner.train_dataloader
    # Samplers agree on a seed, and a resumed run keeps it.
    samplers = (getattr(loader.batch_sampler, 'sampler', None), loader.sampler)
    seeds = [getattr(sampler, 'seed', None) for sampler in samplers]
    seed = next((int(seed) for seed in seeds if seed is not None), 0)
    return torch.Generator().manual_seed(seed + runner.epoch)
