"""Say what each modality contributes to the fused prediction."""

from __future__ import annotations

import time

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.datasets import MultimodalDataset
from mmremix.engine.unwrap import unwrap
from mmremix.evaluation import Contribution, measure_contribution
from mmremix.evaluation.readouts import shown_subsets
from mmremix.models import AVRecognizer
from mmremix.registry import HOOKS
from mmremix.utils.errors import ConfigError


@HOOKS.register_module()
class ContributionHook(Hook):
    """Evaluate on the validation set with every set of modalities.

    At the end of training (and every ``interval`` epochs), with the weights
    as they are then. Scalars, at the number of the epoch from 1:
    ``contribution/<name>``, the Shapley value of a modality in accuracy
    (they add up to the accuracy with all less that of always guessing the
    most frequent class), ``missing/acc_only_<name>`` and, with two
    modalities or more, ``missing/acc_without_<name>``, and for each set of
    them (of more than four: all, all but one, and single ones)
    ``subset/fusion_<a+b>`` and ``subset/heads_<a+b>``, the accuracies of the
    fused prediction and of the sum of heads with these alone, over
    ``subset/samples_<a+b>`` samples. What an absent modality is,
    says :func:`~mmremix.evaluation.measure_contribution`.

    Example::

        default_hooks = dict(contribution=dict(type='ContributionHook'))

    It costs about one validation with late fusion; with a fusion between
    the stages of the encoders (MMTM, CentralNet) and K modalities
    ``2 ** (K - 1)`` of them, since each subset is encoded. In a distributed
    run each rank has its share. Where there is nothing to measure (no
    validation, another model than :class:`~mmremix.models.AVRecognizer`) a
    warning says so, and the run goes on.

    Args:
        interval: Also every so many epochs. Defaults to only at the end; 0
            measures nothing.

    Raises:
        ConfigError: If ``interval`` is negative.
    """

    takes_multi_label = False

    priority = 'LOW'

    def __init__(self, interval: int | None = None) -> None:
        if interval is not None and interval < 0:
            raise ConfigError(
                'ContributionHook: interval must be at least 1, None for the '
                f'end of training only, or 0 for never, got {interval}.'
            )
        self.interval = interval
        self._measured = -1

    def before_train(self, runner: Runner) -> None:
        """Say if there is nothing to measure."""
        _, obstacle = _find(runner)
        if obstacle and self.interval != 0:
            runner.logger.warning(
                f'ContributionHook: nothing will be logged: {obstacle}'
            )

    def after_train_epoch(self, runner: Runner) -> None:
        """Measure if it is time."""
        if self.interval and self.every_n_epochs(runner, self.interval):
            self._measure(runner, runner.epoch + 1)

    def after_train(self, runner: Runner) -> None:
        """Measure the final weights."""
        if self.interval != 0 and self._measured != runner.epoch:
            self._measure(runner, runner.epoch)

    def _measure(self, runner: Runner, epoch: int) -> None:
        model, _ = _find(runner)
        if model is None:
            return
        start = time.perf_counter()
        # An iterator of the loader draws a number for its workers.
        with torch.random.fork_rng(devices=[]):
            found = measure_contribution(model, runner.val_loop.dataloader)
        self._measured = epoch
        runner.visualizer.add_scalars(_scalars(found), step=epoch)
        names = found.modalities
        # Plus 0, for no minus sign in front of a zero.
        parts = [
            f'{n} {round(v, 3) + 0:+.3f}' for n, v in found.shapley().items()
        ]
        without = [f'{n} {found.without(n):.3f}' for n in names]
        if len(names) > 1:
            parts[-1] += f'; accuracy without {", without ".join(without)}'
        lost = f', {found.left_out} left out' if found.left_out else ''
        runner.logger.info(
            f'Contributions to the fused accuracy, epoch {epoch}: '
            f'{", ".join(parts)}, with all {found.accuracy[names]:.3f}, '
            f'guessing {found.accuracy[()]:.3f} ({found.samples} samples'
            f'{lost}, {time.perf_counter() - start:.1f} s)'
        )


def _scalars(found: Contribution) -> dict[str, float]:
    scalars = {f'contribution/{n}': v for n, v in found.shapley().items()}
    for name in found.modalities:
        scalars[f'missing/acc_only_{name}'] = found.only(name)
        if len(found.modalities) > 1:
            scalars[f'missing/acc_without_{name}'] = found.without(name)
    if len(found.modalities) > 1:
        for subset in shown_subsets(found.modalities):
            name = '+'.join(subset)
            scalars[f'subset/fusion_{name}'] = found.accuracy[subset]
            scalars[f'subset/heads_{name}'] = found.heads[subset]
            scalars[f'subset/samples_{name}'] = found.samples
    return scalars


def _find(runner: Runner) -> tuple[AVRecognizer | None, str]:
    """The model to measure, or why there is nothing to measure."""
    model = unwrap(runner.model)
    if not isinstance(model, AVRecognizer):
        return (
            None,
            f'the model is no AVRecognizer, but {type(model).__name__}',
        )
    if runner.val_loop is None:
        return None, 'there is no validation set; add val_dataloader'
    dataset = runner.val_loop.dataloader.dataset
    if not isinstance(dataset, MultimodalDataset):
        # Others may number their samples in another way.
        return None, (
            'it needs a validation set that derives from MultimodalDataset, '
            f'as AVDataset does, not {type(dataset).__name__}'
        )
    return model, ''
