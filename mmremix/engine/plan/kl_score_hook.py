"""Remix: decide before each epoch which modality every sample keeps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import torch
from mmengine.dist import broadcast, is_distributed
from mmengine.runner import Runner
from torch import Tensor, nn

from mmremix.datasets.stand_ins import record_broken
from mmremix.engine.plan.plan_hook import PlanHook, ScoringPlanHook
from mmremix.engine.plan.report import Decided, report
from mmremix.engine.scoring.forward import ScoringForward
from mmremix.engine.scoring.kept_inputs import Cache
from mmremix.engine.scoring.loader import presence_of
from mmremix.engine.scoring.options import ScoringOptions
from mmremix.engine.scoring.recalibration import (
    GATHER,
    check_recalibration,
    recalibrate_batch_norm,
    statistics_anew,
)
from mmremix.engine.scoring.scores import (
    Score,
    ScoringPass,
    choose_score,
)
from mmremix.engine.unwrap import unwrap
from mmremix.models import AVRecognizer
from mmremix.registry import FUNCTIONS, HOOKS
from mmremix.remix import (
    RULES,
    TIES,
    Items,
    assign,
    count_flips,
    ensure_min_share,
)
from mmremix.utils.errors import ConfigError


@HOOKS.register_module()
class KLScoreHook(ScoringPlanHook):
    """Data Remixing: after the warm-up, score, assign and hand over.

    Until ``warmup_epochs`` have passed, batches keep all modalities. Then,
    before each epoch (every ``interval``-th), the hook scores every training
    sample with each modality's own head, in eval mode with the evaluation
    transforms, and gives the sample to its least certain modality. The score
    is KL(p || uniform), as published, or any other (``score``).

    Shares, mean scores, flips, training accuracies and seconds go to the log
    and to the visualizer's backends (``remix/...``). Scores and assignments
    are in every checkpoint (in ``plan``).

    Example::

        method_remix = dict(plan=dict(type='KLScoreHook', warmup_epochs=10))

    Args:
        warmup_epochs: Epochs on full pairs before the first remix epoch.
            The paper's value is 10 of 60.
        interval: Score every so many epochs, and keep the assignments in
            between. Defaults to 1, as published.
        dataloader: See :class:`ScoringPlanHook`.
        rule: ``'weakest'``, or one of the controls ``'strongest'``,
            ``'random'`` and ``'round_robin'``; see
            :func:`mmremix.remix.assign`. ``'all'`` gives every sample to all
            modalities, once each, and scores nothing: the plan of
            :class:`EveryModalityHook`.
        ties: ``'first'`` or ``'last'``: who gets a sample that two
            modalities are equally certain of.
        min_share: Least fraction of the samples for every modality, see
            :func:`mmremix.remix.ensure_min_share`. Defaults to 0, as
            published.
        bn_recalibration: Whether to estimate the encoders' batch-norm
            statistics anew, on all samples. With ``mask='skip'`` they
            otherwise follow the samples that a modality keeps. ``True``: in
            a pass before each scoring pass, which then costs twice, and not
            for validation. ``'scoring'``: in the scoring pass, which then
            comes at the end of the epoch before, so that validation and
            checkpoints have them too; batch norms normalise by the batch in
            it. Only the last epoch, which nothing is scored after, has a
            pass of its own. Defaults to False.
        subset: Score one sample in so many each time, in turn; the others
            keep their scores. The first time all are scored. Defaults to 1,
            all, as published.
        scoring: What makes the pass cheaper, see
            :class:`~mmremix.engine.ScoringOptions`. Defaults to nothing.
        cache: See :class:`ScoringPlanHook`.
        score: What certainty is: the name, in the registry ``FUNCTIONS``, of
            a function from class scores before the softmax, ``(B, M)``, to
            numbers ``(B,)``, lower for less certain; one of two arguments
            also gets the labels ``(B,)``. There are
            ``'probability_margin'`` and ``'true_class_probability'``, which
            orders as the loss does. Defaults to
            ``'kl_to_uniform'`` (:func:`mmremix.remix.kl_to_uniform`), as
            published; where the loss is for several labels a sample, to
            ``'bernoulli_kl'`` (:func:`mmremix.remix.bernoulli_kl`).

    Raises:
        ConfigError: Before training, if the set-up cannot work; the message
            shows the config lines to write.
    """

    title = 'remix'

    def __init__(
        self,
        warmup_epochs: int,
        interval: int = 1,
        dataloader: Mapping[str, Any] | None = None,
        rule: str = 'weakest',
        ties: str = 'first',
        min_share: float = 0.0,
        bn_recalibration: bool | str = False,
        subset: int = 1,
        scoring: Mapping[str, Any] | None = None,
        cache: Cache = True,
        score: str | None = None,
    ) -> None:
        super().__init__(warmup_epochs, interval, dataloader, cache)
        for name, value, choices in (
            ('rule', rule, (*RULES, 'all')),
            ('ties', ties, TIES),
        ):
            if value not in choices:
                raise ConfigError(
                    f'KLScoreHook: {name} must be one of {choices}, got '
                    f'{value!r}. Write: '
                    f'method_remix = dict(plan=dict({name}={choices[0]!r}))'
                )
        self._check_integer('subset', subset, 1)
        idle = {
            'min_share': min_share,
            'bn_recalibration': bn_recalibration,
            'subset': subset > 1,
            'scoring': scoring,
            'score': score,
            'cache': isinstance(cache, Mapping),
            'dataloader': dataloader,
        }
        if rule == 'all' and any(idle.values()):
            given = [name for name, value in idle.items() if value]
            raise ConfigError(
                f"KLScoreHook: rule='all' scores nothing, and {given} would "
                'do nothing. Leave them out: method_remix = dict(plan=dict('
                "rule='all'))"
            )
        self.changes_size = rule == 'all'
        self.rule = rule
        self.ties = ties
        self.min_share = min_share
        self.bn_recalibration = bn_recalibration
        self.subset = subset
        self.scoring = ScoringOptions(**(scoring or {}))
        check_recalibration(bn_recalibration, interval, subset, self.scoring)
        self.score = None if score is None else _find_score(score)
        self._pass: ScoringPass | None = None
        self.latest: Decided | None = None
        """What was decided last in this process."""

    def before_train(self, runner: Runner) -> None:
        """Check what the model and the device can do, before the warm-up."""
        if self.rule == 'all':
            # Nothing to score: no loader.
            PlanHook.before_train(self, runner)
            return
        super().before_train(runner)
        model: AVRecognizer = unwrap(runner.model)
        modalities = runner.train_dataloader.dataset.modalities
        if not 0 <= self.min_share * len(modalities) <= 1:
            raise ConfigError(
                f'KLScoreHook: {len(modalities)} modalities cannot have a '
                f'share of at least {self.min_share} each. Write: '
                'min_share=0.1'
            )
        synchronised = any(
            isinstance(m, nn.SyncBatchNorm) for m in model.modules()
        )
        if self.bn_recalibration and synchronised and is_distributed():
            raise ConfigError(
                'bn_recalibration goes over shares of unequal length, at '
                'which sync_bn would hang. Write: sync_bn=None, or '
                "KLScoreHook's bn_recalibration=False"
            )
        self.score = choose_score(model, self.score)
        ScoringForward(model, self.scoring)
        self._pass = ScoringPass(
            self.dataloader, modalities, self.scoring, self.subset, self.score
        )

    def after_train_epoch(self, runner: Runner) -> None:
        """Decide for the next epoch, if that settles the statistics."""
        following = runner.epoch + 1
        if self.bn_recalibration != GATHER or following < self.warmup_epochs:
            return
        if following < runner.max_epochs:
            self._decide_for(following, runner)
        elif following > self.warmup_epochs:
            model: AVRecognizer = unwrap(runner.model)
            recalibrate_batch_norm(model, self.dataloader)

    def items(self, decision: Mapping[str, Tensor], runner: Runner) -> Items:
        dataset = runner.train_dataloader.dataset
        modalities = dataset.modalities
        if self.rule == 'all':
            return Items.every_modality(len(dataset), len(modalities))
        return Items.one_each(decision['assignments'], len(modalities))

    def decide(self, runner: Runner) -> dict[str, Tensor]:
        """Score, assign and report."""
        if self.rule == 'all':
            return {}
        assert self._pass is not None
        model: AVRecognizer = unwrap(runner.model)
        start = time.perf_counter()
        epoch = self._deciding
        if self.bn_recalibration is True:
            recalibrate_batch_norm(model, self.dataloader)
        before = None if self._state is None else self._state.tensors
        with (
            statistics_anew(model)
            if self.bn_recalibration == GATHER
            else nullcontext(())
        ) as gathering:
            table = self._pass.run(
                model,
                (epoch - self.warmup_epochs) // self.interval,
                None if before is None else before['scores'],
                gathering,
            )
        presence = presence_of(runner.train_dataloader.dataset)
        generator = torch.Generator()
        generator.manual_seed(
            runner.train_dataloader.batch_sampler.sampler.seed + epoch
        )
        assignments = assign(
            table.scores,
            self.rule,
            ties=self.ties,
            epoch=epoch,
            generator=generator,
            presence=presence,
        )
        assignments = ensure_min_share(
            assignments, table.scores, self.min_share, presence
        )
        # All ranks hold the same table; this makes sure that a last-bit
        # difference between devices cannot split them.
        device = next(model.parameters()).device
        on_device = assignments.to(device)
        broadcast(on_device, src=0)
        assignments = on_device.cpu().to(torch.int8)
        record_broken(table.broken)
        self.latest = Decided(
            epoch=epoch + 1,
            modalities=runner.train_dataloader.dataset.modalities,
            assignments=assignments,
            table=table,
            flips=count_flips(
                None if before is None else before['assignments'], assignments
            ),
            seconds=time.perf_counter() - start,
            fingerprint=self._fingerprint,
        )
        report(runner, self.latest)
        return {'scores': table.scores, 'assignments': assignments}


def _find_score(name: str) -> Score:
    function: Score | None = FUNCTIONS.get(name)
    if function is None:
        raise ConfigError(
            f'KLScoreHook: no function is registered as {name!r}. Write '
            '@FUNCTIONS.register_module() above it, and in the config: '
            "custom_imports=dict(imports=['the_file_it_is_in'])"
        )
    return function
