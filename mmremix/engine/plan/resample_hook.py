"""Resample (SMV): copies of samples whose modalities contribute little."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from math import factorial
from typing import Any

import torch
from mmengine.dist import broadcast
from mmengine.runner import Runner
from torch import Tensor

from mmremix.datasets.stand_ins import record_broken
from mmremix.engine.plan.plan_hook import ScoringPlanHook
from mmremix.engine.scoring.kept_inputs import Cache
from mmremix.engine.scoring.part import (
    epoch_generator,
    part_sampler,
    random_part,
)
from mmremix.engine.unwrap import recognizer
from mmremix.evaluation.dataset_rows import DatasetRows, collect_rows
from mmremix.methods.resample import (
    modality_copies,
    sample_copies,
    sample_values,
)
from mmremix.models import AVRecognizer
from mmremix.models.recognizers.subsets import subset_scores
from mmremix.registry import HOOKS
from mmremix.remix import UNASSIGNED, Items, assign_weakest, kl_to_uniform
from mmremix.utils.names import FUSION
from mmremix.utils.shapley import Subset, all_subsets

LEVELS = ('sample', 'modality')
ORIGINALS = ('complete', 'weakest')


@HOOKS.register_module()
class ResampleHook(ScoringPlanHook):
    """Resample: give modalities that contribute little more of the samples.

    Until ``warmup_epochs`` have passed, batches keep all modalities. Then,
    before each epoch, the hook predicts every training sample with each set
    of modalities, in eval mode with the evaluation transforms, and from what
    is right computes the value of each modality in each sample (SMV, CVPR
    2024, arXiv 2309.06255). The epoch holds every sample complete, and
    copies that keep one modality only, in batches of their own. So it grows,
    with two modalities up to five times; the log says how much.

    Mean values, copies, growth and seconds go to the log and to the
    visualizer's backends (``resample/...``). Values and copies are in every
    checkpoint (in ``plan``).

    Example::

        method_resample = dict(
            plan=dict(type='ResampleHook', warmup_epochs=5),
            model=dict(loss_weights=dict(
                all_active=dict(unimodal=0.0),
                some_active=dict(unimodal=0.0))))

    Args:
        warmup_epochs: Epochs without copies.
        interval: Score every so many epochs, and keep the copies in between.
        level: ``'sample'``: copies of each sample by its own values,
            :func:`~mmremix.methods.resample.sample_copies`. ``'modality'``:
            copies of random samples for the modality with the lower mean
            value, :func:`~mmremix.methods.resample.modality_copies`.
        alpha: For ``level='modality'``, how many copies a gap is worth.
        share: For ``level='modality'``, the random part of the samples that
            is scored, and that the means are over; with
            ``originals='weakest'`` it is all of them.
        originals: What a sample keeps beside its copies: ``'complete'``, as
            published; or, for "Resample + Remix", its ``'weakest'`` modality
            only, as :func:`mmremix.remix.assign_weakest` finds it from the
            modalities' own heads. All batches then hold one modality.
        dataloader: See :class:`ScoringPlanHook`.
        cache: See :class:`ScoringPlanHook`.

    Raises:
        ValueError: On other values, or, before training, if the set-up
            cannot work; the message shows the config lines to write.
    """

    takes_multi_label = False

    title = 'resample'
    changes_size = True

    def __init__(
        self,
        warmup_epochs: int = 5,
        interval: int = 1,
        level: str = 'sample',
        alpha: float = 1.0,
        share: float = 0.2,
        originals: str = 'complete',
        dataloader: Mapping[str, Any] | None = None,
        cache: Cache = True,
    ) -> None:
        super().__init__(warmup_epochs, interval, dataloader, cache)
        for name, value, valid, wanted in (
            ('level', level, level in LEVELS, f'one of {LEVELS}'),
            (
                'originals',
                originals,
                originals in ORIGINALS,
                f'one of {ORIGINALS}',
            ),
            ('alpha', alpha, alpha >= 0, 'at least 0'),
            ('share', share, 0 < share <= 1, 'in (0, 1]'),
        ):
            if not valid:
                raise ValueError(
                    f'ResampleHook: {name} must be {wanted}, got {value!r}. '
                    "Write: dict(type='ResampleHook', level='sample', "
                    "alpha=1.0, share=0.2, originals='complete')"
                )
        self.level = level
        self.alpha = alpha
        self.share = share
        self.originals = originals

    def pure_from(self, runner: Runner) -> int | None:
        """``None``: samples with all modalities remain, beside the copies."""
        if self.originals == 'complete':
            return None
        return super().pure_from(runner)

    def before_train(self, runner: Runner) -> None:
        """Check what the model can do, too."""
        super().before_train(runner)
        recognizer(runner, 'ResampleHook', least=2)
        if self._scores_a_part:
            part_sampler(self.dataloader, 'ResampleHook')

    def items(self, decision: Mapping[str, Tensor], runner: Runner) -> Items:
        copies = Items.copies(decision['copies'].long())
        num_samples, num_modalities = decision['copies'].shape
        if self.originals == 'complete':
            originals = Items.complete(num_samples, num_modalities)
        else:
            originals = Items.one_each(decision['originals'], num_modalities)
        return originals.join(copies)

    def decide(self, runner: Runner) -> dict[str, Tensor]:
        """Predict with every set, count the copies and report."""
        start = time.perf_counter()
        model = recognizer(runner, 'ResampleHook', least=2)
        names = model.modalities
        generator = epoch_generator(runner)
        found = self._score(model, generator)
        record_broken(found.broken)
        subsets = all_subsets(names)[1:]
        hits = found.values[:, : len(subsets)] > 0.5
        values = sample_values(dict(zip(subsets, hits.T, strict=True)))
        means = values[found.seen].double().mean(dim=0) / factorial(len(names))
        if self.level == 'sample':
            # Nothing is known of a sample that could not be loaded.
            copies = sample_copies(values) * found.seen[:, None]
        else:
            copies = modality_copies(means, len(values), self.alpha, generator)
        decision = {
            'values': torch.where(
                found.seen[:, None], values / factorial(len(names)), torch.nan
            ).float(),
            'copies': copies.short(),
        }
        if self.originals == 'weakest':
            certainty = found.values[:, len(subsets) :]
            _check_finite(certainty[found.seen])
            decision['originals'] = assign_weakest(certainty).to(torch.int8)
        # All ranks hold the same table; this makes sure that a last-bit
        # difference between devices cannot split them.
        device = next(model.parameters()).device
        for key in [key for key in decision if key != 'values']:
            on_device = decision[key].int().to(device)
            broadcast(on_device, src=0)
            decision[key] = on_device.cpu().to(decision[key].dtype)
        seconds = time.perf_counter() - start
        self._report(runner, found, means, decision, seconds)
        return decision

    @property
    def _scores_a_part(self) -> bool:
        """Whether means of a part of the samples are all that it needs."""
        return (
            self.level == 'modality'
            and self.share < 1
            and self.originals == 'complete'
        )

    def _score(
        self, model: AVRecognizer, generator: torch.Generator
    ) -> DatasetRows:
        """Hits with each set of modalities, and how certain each head is."""
        subsets = all_subsets(model.modalities)[1:]
        with_heads = self.originals == 'weakest'

        def compute(
            inputs: Mapping[str, Tensor], active: Subset, labels: Tensor
        ) -> Tensor | None:
            if set(active) != set(model.modalities):
                return None
            output = model.run(inputs) if with_heads else None
            scores = subset_scores(model, inputs, subsets, output)
            columns = [
                (scores[s][FUSION].argmax(dim=1) == labels).float()
                for s in subsets
            ]
            if output is not None:
                columns += [
                    kl_to_uniform(output.scores[n]).float()
                    for n in model.modalities
                ]
            return torch.stack(columns, dim=1)

        width = len(subsets) + with_heads * len(model.modalities)
        part: AbstractContextManager[None] = nullcontext()
        if self._scores_a_part:
            sampler = part_sampler(self.dataloader, 'ResampleHook')
            size = len(sampler.rows)
            part = random_part(sampler, size, self.share, generator)
        with part:
            return collect_rows(model, self.dataloader, compute, width)

    def _report(
        self,
        runner: Runner,
        found: DatasetRows,
        means: Tensor,
        decision: Mapping[str, Tensor],
        seconds: float,
    ) -> None:
        names = recognizer(runner, 'ResampleHook').modalities
        size, copies = len(found.seen), decision['copies'].long().sum(dim=0)
        kept = size
        if 'originals' in decision:
            kept = int((decision['originals'] != UNASSIGNED).sum())
        total = kept + int(copies.sum())
        scalars = {
            'resample/growth': total / size,
            'resample/seconds': seconds,
        }
        parts = []
        for name, mean, count in zip(
            names, means.tolist(), copies.tolist(), strict=True
        ):
            scalars[f'resample/value_{name}'] = mean
            scalars[f'resample/copies_{name}'] = count
            parts.append(f'{name} {mean:.3f} ({count} copies)')
        epoch = runner.epoch + 1
        runner.visualizer.add_scalars(scalars, step=epoch)
        runner.logger.info(
            f'Resample epoch {epoch}: mean value {", ".join(parts)}; the '
            f'epoch has {total} items of {size} samples, '
            f'{total / size:.2f} times as many; scored '
            f'{int(found.seen.sum())} samples in {seconds:.1f} s'
        )


def _check_finite(certainty: Tensor) -> None:
    """A sample that was seen has a place."""
    diverged = int(certainty.isnan().any(dim=1).sum())
    if diverged:
        raise FloatingPointError(
            f'The predictions of {diverged} samples are NaN or infinite: '
            'training has diverged. Lower the learning rate, or clip '
            'gradients: optim_wrapper=dict(clip_grad=dict(max_norm=1.0))'
        )
