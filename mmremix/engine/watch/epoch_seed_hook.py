"""Randomness that does not depend on where a run was resumed."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.datasets import RemixSampler
from mmremix.registry import HOOKS

_KEY = 'sampler_seed'


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed each iteration, and go on with the seed of a resumed run.

    Example::

        default_hooks = dict(epoch_seed=dict(type='EpochSeedHook'))

    - Before every iteration the global generators (``random``, numpy, torch
      with its devices) are seeded from the run's seed, the epoch and the
      batch's number in it, so that dropout after a resume, also within an
      epoch, is that of a run that was not stopped.
    - A resumed run shuffles and augments with the seed in its checkpoint,
      even if ``randomness`` says otherwise or is drawn by chance
      (``seed=None``); mmengine restores it too late for the samplers.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._stored: int | None = None

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Store the seed of the training sampler."""
        for sampler in _samplers(runner):
            checkpoint[_KEY] = sampler.seed

    def after_load_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Keep the seed of a run that is resumed."""
        if runner._resume:
            seed = checkpoint.get('meta', {}).get('seed')
            self._stored = checkpoint.get(_KEY, seed)

    def before_train(self, runner: Runner) -> None:
        """Give the stored seed to the training sampler."""
        if self._stored is None:
            return
        for sampler in _samplers(runner):
            if sampler.seed != self._stored:
                runner.logger.warning(
                    f'The data is shuffled and augmented with seed '
                    f'{self._stored}, of the run that is resumed.'
                )
                sampler.seed = self._stored
        batch_sampler = runner.train_dataloader.batch_sampler
        if isinstance(batch_sampler, RemixSampler):
            # A plan that was made with another seed is void.
            batch_sampler.items = batch_sampler.items

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Seed; only now the batch is loaded."""
        entropy = (runner.seed or 0, runner.epoch, batch_idx)
        words = np.random.SeedSequence(entropy).generate_state(1)
        random.seed(int(words[0]))
        np.random.seed(int(words[0]))
        if torch.accelerator.is_available():
            torch.manual_seed(int(words[0]))
        else:
            # The other one notes for every accelerator that may come where
            # it was called, step by step.
            torch.default_generator.manual_seed(int(words[0]))


def _samplers(runner: Runner) -> list[Any]:
    """The samplers of the training loader that have a seed."""
    loader = runner.train_dataloader
    candidates = (
        getattr(loader.batch_sampler, 'sampler', None),
        loader.sampler,
    )
    return [s for s in candidates if hasattr(s, 'seed')][:1]
