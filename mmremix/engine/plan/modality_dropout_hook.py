"""Modality dropout in the plan: samples that keep a random set."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from mmengine.runner import Runner
from torch import Tensor

from mmremix.engine.plan.plan_hook import PlanHook
from mmremix.engine.scoring.loader import presence_of
from mmremix.methods.modality_dropout import check_rates, keep_some, rates_of
from mmremix.registry import HOOKS
from mmremix.remix import Items


@HOOKS.register_module()
class ModalityDropoutHook(PlanHook):
    """Every sample once an epoch, with modalities left out at random.

    Each modality of each sample is left out with a probability, drawn anew
    for each epoch, but never all of them. Samples that keep the same set
    share batches, so what they lack is neither loaded nor encoded
    (``mask='skip'``), nor seen by its head. Let batches come in random order:

    Example::

        method_modality_dropout_samples = dict(
            plan=dict(type='ModalityDropoutHook', p=0.5),
            train_dataloader=dict(batch_sampler=dict(order='shuffled')))

    Args:
        p: Probability of each modality to be left out, or of those named
            (the others stay).
        warmup_epochs: See :class:`PlanHook`.

    Raises:
        ValueError: If p is no probability; before training, if it names what
            is no modality.
    """

    title = 'modality dropout'

    def __init__(
        self, p: float | Mapping[str, float] = 0.5, warmup_epochs: int = 0
    ) -> None:
        super().__init__(warmup_epochs)
        check_rates('ModalityDropoutHook', p)
        self.p = p

    def before_train(self, runner: Runner) -> None:
        """Refuse names that are no modalities."""
        super().before_train(runner)
        self._rates(runner)

    def decide(self, runner: Runner) -> dict[str, Tensor]:
        seed = runner.train_dataloader.batch_sampler.sampler.seed
        # Of their own: seed + epoch is what the sampler shuffles with.
        state = np.random.SeedSequence((seed, runner.epoch)).generate_state(1)
        generator = torch.Generator().manual_seed(int(state[0]))
        rates = self._rates(runner)
        size = len(runner.train_dataloader.dataset)
        drawn = torch.rand(size, len(rates), generator=generator)
        presence = presence_of(runner.train_dataloader.dataset)
        if presence is not None:  # of what is there, one is to stay
            drawn = torch.where(presence, drawn, -1.0)
            rates = torch.where(presence, rates, 1.0)
        return {'keeps': keep_some(drawn, rates)}

    def items(self, decision: Mapping[str, Tensor], runner: Runner) -> Items:
        keeps = decision['keeps']
        return Items.pure(torch.arange(len(keeps)), keeps)

    def pure_from(self, runner: Runner) -> int | None:
        """Never: samples that keep everything have batches of their own."""
        everything = bool((self._rates(runner) < 1).all())
        return None if everything else super().pure_from(runner)

    def _rates(self, runner: Runner) -> Tensor:
        modalities = runner.train_dataloader.dataset.modalities
        return rates_of('ModalityDropoutHook', self.p, modalities)
