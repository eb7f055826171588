"""Decide before each epoch what it trains on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.engine.plan import setup
from mmremix.engine.plan.state import PlanState
from mmremix.engine.scoring.kept_inputs import (
    Cache,
    checked_cache,
    drop_inputs,
)
from mmremix.engine.scoring.loader import build_score_dataloader
from mmremix.engine.unwrap import unwrap
from mmremix.remix import Items
from mmremix.utils.errors import ConfigError


class PlanHook(Hook):
    """Base class of what decides which samples an epoch trains on, and how.

    Until ``warmup_epochs`` have passed, every sample comes once with all
    modalities. Then, before each epoch (every ``interval``-th), the hook
    calls :meth:`decide` and hands the :meth:`items` of the decision to the
    :class:`~mmremix.datasets.RemixSampler`. The decision is in every
    checkpoint, as plain tensors; a run that resumes within an epoch continues
    with that epoch's.

    Derive from it, implement both, and name it in a config as ``plan`` of a
    method::

        method_mine = dict(plan=dict(type='MyPlanHook', warmup_epochs=5))

    Args:
        warmup_epochs: Epochs with all modalities before the first decision.
        interval: Decide every so many epochs, and keep the decision in
            between.

    Raises:
        ConfigError: Before training, if the set-up cannot work; the message
            shows the config lines to write.
    """

    # Before IterTimerHook starts its clock, or the time to decide would count
    # as data_time; after RuntimeInfoHook.
    priority = 'ABOVE_NORMAL'

    title: ClassVar[str] = 'planned'
    """What the log calls an epoch that it decided."""

    changes_size: bool = False
    """Whether its epochs may have more or fewer items than samples."""

    loads_masked: ClassVar[bool] = False
    """Whether masked modalities are loaded too, for a loss that needs them."""

    def __init__(self, warmup_epochs: int = 0, interval: int = 1) -> None:
        for name, value, least in (
            ('warmup_epochs', warmup_epochs, 0),
            ('interval', interval, 1),
        ):
            self._check_integer(name, value, least)
        self.warmup_epochs = warmup_epochs
        self.interval = interval
        self._state: PlanState | None = None
        self._loaded: Mapping[str, Any] | None = None
        self._fingerprint = ''
        self._deciding = 0  # the epoch that decide is called for

    @abstractmethod
    def decide(self, runner: Runner) -> dict[str, Tensor]:
        """Decide for the epoch that is about to begin.

        All ranks call it, and must come to the same.

        Returns:
            Tensors on the CPU from which :meth:`items` follow.
        """

    @abstractmethod
    def items(self, decision: Mapping[str, Tensor], runner: Runner) -> Items:
        """What the epoch trains on.

        Args:
            decision: The latest of :meth:`decide`.
            runner: The runner, for the epoch's number.
        """

    @property
    def decision(self) -> Mapping[str, Tensor] | None:
        """What the current epoch rests on; ``None`` in a warm-up."""
        return None if self._state is None else self._state.tensors

    def pure_from(self, runner: Runner) -> int | None:
        """The epoch from which every batch holds one modality only.

        ``None`` if batches with several remain.
        """
        sampler = runner.train_dataloader.batch_sampler
        masks = sampler.decouple and not sampler.joint_share
        return self.warmup_epochs if masks else None

    def after_load_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Keep the stored state; whether it counts is known later."""
        self._loaded = checkpoint.get('plan')

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Store the decision."""
        # Rank 0 only: no collectives here.
        if self._state is not None:
            checkpoint['plan'] = self._state.state_dict()

    def before_train(self, runner: Runner) -> None:
        """Check the set-up and take over a resumed state."""
        setup.check_train_setup(runner, self)
        sampler = runner.train_dataloader.batch_sampler
        setup.keep_steps_whole(runner.optim_wrapper)
        masked = getattr(unwrap(runner.model), 'mask', 'skip') != 'skip'
        sampler.load_masked = masked or self.loads_masked
        dataset = runner.train_dataloader.dataset
        self._fingerprint = dataset.fingerprint()
        # after_load_checkpoint also runs for load_from, which starts anew.
        if runner._resume and self._loaded is not None:
            self._state = PlanState.from_state_dict(self._loaded)
            self._state.check(type(self).__name__, dataset)

    def before_train_epoch(self, runner: Runner) -> None:
        """Decide if it is time, and set the items."""
        sampler = runner.train_dataloader.batch_sampler
        sampler.items = self._current_items(runner)
        # DistSamplerSeedHook comes later.
        sampler.sampler.set_epoch(runner.epoch)
        setup.check_plans(sampler)
        setup.refresh_max_iters(runner)

    def _current_items(self, runner: Runner) -> Items | None:
        """This epoch's; ``None`` during the warm-up."""
        if runner.epoch < self.warmup_epochs:
            return None
        due = (runner.epoch - self.warmup_epochs) % self.interval == 0
        fresh = self._state is not None and self._state.epoch == runner.epoch
        if self._state is None or (due and not fresh):
            self._decide_for(runner.epoch, runner)
        assert self._state is not None
        return self.items(self._state.tensors, runner)

    def _decide_for(self, epoch: int, runner: Runner) -> None:
        """Decide, and keep what was decided."""
        self._deciding = epoch
        self._state = PlanState(
            hook=type(self).__name__,
            epoch=epoch,
            modalities=runner.train_dataloader.dataset.modalities,
            tensors=self.decide(runner),
            num_samples=len(runner.train_dataloader.dataset),
            fingerprint=self._fingerprint,
        )

    def _check_integer(self, name: str, value: int, least: int) -> None:
        if not isinstance(value, int) or value < least:
            kind = type(self).__name__
            raise ConfigError(
                f'{kind}: {name} must be an integer >= {least}, got '
                f'{value!r}. Write: method_<name> = dict(plan=dict('
                f'type={kind!r}, warmup_epochs=10, interval=1))'
            )


class ScoringPlanHook(PlanHook):
    """A :class:`PlanHook` that runs the model over the training samples.

    Args:
        warmup_epochs: See :class:`PlanHook`.
        interval: See :class:`PlanHook`.
        dataloader: Config of the loader to score with. Its data set must
            hold the training samples in the same order. Defaults to the
            training loader with the pipeline of ``val_dataloader`` (without
            one, of ``test_dataloader``), unshuffled. Keys given win over the
            default's: for larger batches ``dataloader=dict(batch_size=256)``.
        cache: Keep the pass's inputs, so that they are decoded once a run.
            Arguments of :class:`~mmremix.datasets.InputCache`, ``True`` for
            its defaults (exact), ``False`` for none. Lies in the work
            directory, until the run ends.
    """

    def __init__(
        self,
        warmup_epochs: int = 0,
        interval: int = 1,
        dataloader: Mapping[str, Any] | None = None,
        cache: Cache = True,
    ) -> None:
        super().__init__(warmup_epochs, interval)
        self._cache_cfg = checked_cache(cache)
        self._dataloader_cfg = dataloader
        self._dataloader: DataLoader[Any] | None = None

    @property
    def dataloader(self) -> DataLoader[Any]:
        """Over the training samples, with evaluation transforms."""
        assert self._dataloader is not None, 'before_train has not run'
        return self._dataloader

    def before_train(self, runner: Runner) -> None:
        """Build the loader too."""
        super().before_train(runner)
        self._dataloader = build_score_dataloader(
            runner,
            self._dataloader_cfg,
            self._cache_cfg,
            type(self).__name__,
        )

    def after_train(self, runner: Runner) -> None:
        """Give back the disk space of the cache."""
        self.give_back()

    def give_back(self) -> None:
        """The same; the runner calls it after an error too."""
        if self._dataloader is not None:
            drop_inputs(self._dataloader.dataset)


def plan_hook(runner: Runner) -> PlanHook | None:
    """The hook of a run that decides its epochs, if there is one."""
    found = [h for h in runner.hooks if isinstance(h, PlanHook)]
    return found[0] if found else None
