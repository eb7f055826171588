"""Decide before each epoch which modality every sample keeps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from mmengine.dist import broadcast
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.datasets import InputCache
from mmremix.engine.hooks import remix_setup
from mmremix.engine.hooks.remix_report import report
from mmremix.engine.hooks.remix_state import RemixState
from mmremix.engine.hooks.score_loader import build_score_dataloader
from mmremix.engine.recalibration import recalibrate_batch_norm
from mmremix.engine.scoring_forward import ScoringForward
from mmremix.engine.scoring_options import ScoringOptions
from mmremix.engine.scoring_pass import ScoringPass
from mmremix.engine.unwrap import unwrap
from mmremix.engine.watch.broken_samples import record_broken
from mmremix.registry import FUNCTIONS, HOOKS
from mmremix.remix import (
    RULES,
    TIES,
    assign,
    count_flips,
    ensure_min_share,
    kl_to_uniform,
)


@HOOKS.register_module()
class KLScoreHook(Hook):
    """Data Remixing: after the warm-up, score, assign and hand over.

    Until ``warmup_epochs`` have passed, batches keep all modalities. Then,
    before each epoch (every ``interval``-th), the hook scores every training
    sample with each modality's own head, KL(p || uniform), in eval mode with
    the evaluation transforms, gives the sample to its least certain modality
    and sets the assignments on the :class:`~mmremix.datasets.RemixSampler`.

    Shares, mean KL, flips, training accuracies and seconds go to the log and
    to the visualizer's backends (``remix/...``). Scores and assignments are
    in every checkpoint (key ``remix``, plain tensors); a run that resumes
    within an epoch continues with that epoch's assignments.

    Example::

        custom_hooks = [dict(type='KLScoreHook', warmup_epochs=10)]

    Args:
        warmup_epochs: Epochs on full pairs before the first remix epoch.
            The paper's value is 10 of 60.
        interval: Score every so many epochs, and keep the assignments in
            between. Defaults to 1, as published.
        dataloader: Config of the loader to score with. Its data set must
            hold the training samples in the same order. Defaults to the
            training loader with the pipeline of ``val_dataloader`` (without
            one, of ``test_dataloader``), unshuffled. Keys given win over the
            default's: for larger batches ``dataloader=dict(batch_size=256)``.
        rule: ``'weakest'``, or one of the controls ``'strongest'``,
            ``'random'`` and ``'round_robin'``; see
            :func:`mmremix.remix.assign`.
        ties: ``'first'`` or ``'last'``: who gets a sample that two
            modalities are equally certain of.
        min_share: Least fraction of the samples for every modality, see
            :func:`mmremix.remix.ensure_min_share`. Defaults to 0, as
            published.
        bn_recalibration: Whether to estimate the encoders' batch-norm
            statistics anew, on all samples, before each scoring pass, which
            then costs twice. With ``mask='skip'`` they otherwise follow the
            samples that a modality keeps. Defaults to False.
        subset: Score one sample in so many each time, in turn; the others
            keep their scores. The first time all are scored. Defaults to 1,
            all, as published.
        scoring: What makes the pass cheaper, see
            :class:`~mmremix.engine.ScoringOptions`. Defaults to nothing.
        cache: Keep the pass's inputs, so that they are decoded once a run:
            arguments of :class:`~mmremix.datasets.InputCache`, ``dict()``
            for its defaults. Lies in the work directory, until the run ends.
        score: What certainty is: the name, in the registry ``FUNCTIONS``, of
            a function from class scores before the softmax, ``(B, M)``, to
            numbers ``(B,)``, lower for less certain. Defaults to
            :func:`mmremix.remix.kl_to_uniform`, as published.

    Raises:
        ValueError: Before training, if the set-up cannot work; the message
            shows the config lines to write.
    """

    # Before IterTimerHook starts its clock, or the scoring time would count
    # as data_time; after RuntimeInfoHook.
    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        warmup_epochs: int,
        interval: int = 1,
        dataloader: Mapping[str, Any] | None = None,
        rule: str = 'weakest',
        ties: str = 'first',
        min_share: float = 0.0,
        bn_recalibration: bool = False,
        subset: int = 1,
        scoring: Mapping[str, Any] | None = None,
        cache: Mapping[str, Any] | None = None,
        score: str | None = None,
    ) -> None:
        for name, value, choices in (
            ('rule', rule, RULES),
            ('ties', ties, TIES),
        ):
            if value not in choices:
                raise ValueError(
                    f'KLScoreHook: {name} must be one of {choices}, got '
                    f"{value!r}. Write: dict(type='KLScoreHook', "
                    f'warmup_epochs=10, {name}={choices[0]!r})'
                )
        for name, value, least in (
            ('warmup_epochs', warmup_epochs, 0),
            ('interval', interval, 1),
            ('subset', subset, 1),
        ):
            if not isinstance(value, int) or value < least:
                raise ValueError(
                    f'KLScoreHook: {name} must be an integer >= {least}, got '
                    f"{value!r}. Write: dict(type='KLScoreHook', "
                    'warmup_epochs=10, interval=1)'
                )
        self.warmup_epochs = warmup_epochs
        self.interval = interval
        self.rule = rule
        self.ties = ties
        self.min_share = min_share
        self.bn_recalibration = bn_recalibration
        self.subset = subset
        self.scoring = ScoringOptions(**(scoring or {}))
        self.score = kl_to_uniform if score is None else _find_score(score)
        self._cache_cfg = cache
        self._dataloader_cfg = dataloader
        self._dataloader: DataLoader | None = None
        self._pass: ScoringPass | None = None
        self._state: RemixState | None = None
        self._loaded: dict[str, Any] | None = None
        self._fingerprint = ''

    def after_load_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Keep the stored state; whether it counts is known later."""
        self._loaded = checkpoint.get('remix')

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Store scores and assignments."""
        # Rank 0 only: no collectives here.
        if self._state is not None:
            checkpoint['remix'] = self._state.state_dict()

    def before_train(self, runner: Runner) -> None:
        """Check the set-up and take over a resumed state."""
        remix_setup.check_train_setup(
            runner, self.warmup_epochs, self.min_share, self.bn_recalibration
        )
        model = unwrap(runner.model)
        # What the model or the device cannot do shows now, not after the
        # warm-up.
        ScoringForward(model, self.scoring)
        sampler = runner.train_dataloader.batch_sampler
        sampler.load_masked = getattr(model, 'mask', 'skip') != 'skip'
        self._dataloader = build_score_dataloader(
            runner, self._dataloader_cfg, self._cache_cfg
        )
        self._pass = ScoringPass(
            self._dataloader,
            runner.train_dataloader.dataset.modalities,
            self.scoring,
            self.subset,
            self.score,
        )
        self._fingerprint = runner.train_dataloader.dataset.fingerprint()
        # after_load_checkpoint also runs for load_from, which starts anew.
        if runner._resume and self._loaded is not None:
            self._state = RemixState.from_state_dict(self._loaded)
            self._state.check(runner.train_dataloader.dataset)

    def after_train(self, runner: Runner) -> None:
        """Give back the disk space of the cache."""
        if isinstance(self._dataloader.dataset, InputCache):
            self._dataloader.dataset.remove()

    def before_train_epoch(self, runner: Runner) -> None:
        """Score if it is time, and set the assignments."""
        sampler = runner.train_dataloader.batch_sampler
        sampler.assignments = self._assignments(runner)
        # DistSamplerSeedHook comes later.
        sampler.sampler.set_epoch(runner.epoch)
        remix_setup.check_plans(sampler)
        remix_setup.refresh_max_iters(runner)

    def _assignments(self, runner: Runner) -> Tensor | None:
        """This epoch's; ``None`` during the warm-up."""
        if runner.epoch < self.warmup_epochs:
            return None
        due = (runner.epoch - self.warmup_epochs) % self.interval == 0
        fresh = self._state is not None and self._state.epoch == runner.epoch
        if self._state is None or (due and not fresh):
            self._state = self._decide(runner)
        return self._state.assignments

    def _decide(self, runner: Runner) -> RemixState:
        """Score, assign and report."""
        model = unwrap(runner.model)
        dataset = runner.train_dataloader.dataset
        start = time.perf_counter()
        if self.bn_recalibration:
            recalibrate_batch_norm(model, self._dataloader)
        table = self._pass.run(
            model,
            (runner.epoch - self.warmup_epochs) // self.interval,
            None if self._state is None else self._state.scores,
        )
        generator = torch.Generator()
        generator.manual_seed(
            runner.train_dataloader.batch_sampler.sampler.seed + runner.epoch
        )
        assignments = assign(
            table.scores,
            self.rule,
            ties=self.ties,
            epoch=runner.epoch,
            generator=generator,
        )
        assignments = ensure_min_share(
            assignments, table.scores, self.min_share
        )
        # All ranks hold the same table; this makes sure that a last-bit
        # difference between devices cannot split them.
        device = next(model.parameters()).device
        on_device = assignments.to(device)
        broadcast(on_device, src=0)
        state = RemixState(
            epoch=runner.epoch,
            modalities=dataset.modalities,
            scores=table.scores,
            assignments=on_device.cpu().to(torch.int8),
            fingerprint=self._fingerprint,
        )
        record_broken(table.broken)
        previous = None if self._state is None else self._state.assignments
        flips = count_flips(previous, state.assignments)
        report(runner, state, table, flips, time.perf_counter() - start)
        return state


def _find_score(name: str) -> Callable[[Tensor], Tensor]:
    function = FUNCTIONS.get(name)
    if function is None:
        raise ValueError(
            f'KLScoreHook: no function is registered as {name!r}. Write '
            '@FUNCTIONS.register_module() above it, and in the config: '
            "custom_imports=dict(imports=['the_file_it_is_in'])"
        )
    return function
