"""Make PMR's prototypes before each epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.datasets import ScoringSampler
from mmremix.datasets.stand_ins import record_broken
from mmremix.engine.scoring.loader import build_score_dataloader, presence_of
from mmremix.engine.scoring.part import (
    epoch_generator,
    part_sampler,
    random_part,
)
from mmremix.engine.unwrap import recognizer
from mmremix.evaluation.dataset_rows import collect_rows
from mmremix.methods.pmr import PMR
from mmremix.models import AVRecognizer
from mmremix.registry import HOOKS
from mmremix.utils.errors import ConfigError


@HOOKS.register_module()
class PrototypeHook(Hook):
    """Moves the prototypes of PMR before each epoch.

    The means of the features of each class, over a random part of the
    training samples that have all modalities, in evaluation mode with the
    evaluation transforms; the same on all ranks. An epoch in which none of
    them can be loaded keeps the old prototypes. See
    :class:`~mmremix.methods.PMR`.

    Example::

        method_pmr = dict(
            step=dict(type='PMR', alpha=1.0),
            hook=dict(type='PrototypeHook', share=0.1))

    Args:
        share: Part of the training samples that have all modalities.
        dataloader: See :class:`~mmremix.engine.ScoringPlanHook`.

    Raises:
        ValueError: If ``share`` is out of range, or, before training, if the
            model has no :class:`~mmremix.methods.PMR`.
        ConfigError: Before training, if no sample has all modalities.
        RuntimeError: If none of the samples of the first epoch could be
            loaded.
    """

    takes_multi_label = False

    # After what changes weights, before IterTimerHook starts its clock.
    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        share: float = 0.1,
        dataloader: Mapping[str, Any] | None = None,
    ) -> None:
        if not 0 < share <= 1:
            raise ValueError(
                f'PrototypeHook: share must be in (0, 1], got {share}. Write: '
                "hook=dict(type='PrototypeHook', share=0.1)"
            )
        self.share = share
        self._dataloader_cfg = dataloader
        self._dataloader: DataLoader[Any] | None = None
        self._rows: Sequence[int] = ()
        self._warned = False

    def before_train(self, runner: Runner) -> None:
        """Find PMR and build the loader."""
        method = self._method(runner)
        if not runner._resume:
            method.forget()
        self._dataloader = build_score_dataloader(
            runner, self._dataloader_cfg, asked_by='PrototypeHook'
        )
        part_sampler(self._dataloader, 'PrototypeHook')
        self._rows = _complete(self._dataloader.dataset)
        self._warned = False

    def before_train_epoch(self, runner: Runner) -> None:
        """Move the prototypes."""
        assert self._dataloader is not None, 'before_train has not run'
        method = self._method(runner)
        if int(method.updated) == runner.epoch:  # resumed within the epoch
            return
        model = recognizer(runner, 'PrototypeHook', least=2)
        sampler = part_sampler(self._dataloader, 'PrototypeHook')
        part = _random_part_of(
            sampler, self._rows, self.share, epoch_generator(runner)
        )
        # An iterator of the loader draws a number for its workers.
        with part, torch.random.fork_rng(devices=[]):
            means, seen = class_means(model, self._dataloader)
        if not seen.any():
            self._say_none(runner, bool((method.known > 0).any()))
        method.update(means, seen, runner.epoch)
        missing = int((method.known == 0).sum())
        if missing:
            runner.logger.warning(
                f'PrototypeHook: {missing} of {len(seen)} classes had no '
                'sample so far. They have no prototype, and their samples '
                'do not learn from one. To take more samples: '
                "hook=dict(type='PrototypeHook', share=0.5)"
            )

    def _say_none(self, runner: Runner, has_old: bool) -> None:
        said = (
            'PrototypeHook: none of the samples that were drawn in epoch '
            f'{runner.epoch + 1} could be loaded with all modalities'
        )
        line = (
            'Check data_root, or take more of them: '
            "hook=dict(type='PrototypeHook', share=0.5)"
        )
        if not has_old:
            raise RuntimeError(
                f'{said}, and there are no prototypes of an earlier epoch. '
                f'{line}'
            )
        if not self._warned:
            self._warned = True
            runner.logger.warning(
                f'{said}: it keeps the old prototypes, here and in other '
                f'such epochs. {line}'
            )

    def _method(self, runner: Runner) -> PMR:
        model = recognizer(runner, 'PrototypeHook', least=2)
        for method in model.methods.values():
            if isinstance(method, PMR):
                return method
        raise ValueError(
            'PrototypeHook makes the prototypes of PMR, which the model does '
            "not have. Write: method_pmr = dict(step=dict(type='PMR'), "
            "hook=dict(type='PrototypeHook'))"
        )


def _complete(dataset: Any) -> Sequence[int]:
    """Rows that have all modalities."""
    presence = presence_of(dataset)
    if presence is None:
        return range(len(dataset))
    rows: list[int] = presence.all(dim=1).nonzero()[:, 0].tolist()
    if not rows:
        raise ConfigError(
            'PMR compares the modalities of a sample, and none of the '
            f'{len(dataset)} training samples has all of them. Fill in what '
            'is missing, take a model of fewer modalities, or turn it off: '
            'method_pmr = None'
        )
    return rows


@contextmanager
def _random_part_of(
    sampler: ScoringSampler,
    rows: Sequence[int],
    share: float,
    generator: torch.Generator,
) -> Iterator[None]:
    """Visit a random part of some rows inside, all rows afterwards."""
    every = sampler.rows
    try:
        with random_part(sampler, len(rows), share, generator):
            sampler.rows = [rows[i] for i in sampler.rows]
            yield
    finally:
        sampler.rows = every


def class_means(
    model: AVRecognizer, dataloader: DataLoader[Any]
) -> tuple[Tensor, Tensor]:
    """Mean features of each class, in evaluation mode.

    Args:
        model: Unwrapped; its training flags are put back at the end.
        dataloader: See :func:`~mmremix.evaluation.collect_rows`.

    Returns:
        ``(M, D)``, the modalities' features side by side, NaN for classes
        without a sample; and which have one, bool ``(M,)``. On the CPU,
        equal on all ranks.
    """

    def compute(
        inputs: Mapping[str, Tensor], active: tuple[str, ...], labels: Tensor
    ) -> Tensor | None:
        if set(active) != set(model.modalities):
            return None
        features = model.encode(inputs).features
        return torch.cat([features[n].float() for n in model.modalities], 1)

    width = sum(e.out_channels for e in model.encoders.values())
    found = collect_rows(model, dataloader, compute, width, model.num_classes)
    record_broken(found.broken)
    return found.values, found.seen
