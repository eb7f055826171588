"""Say at the end of a joint run what balancing may do for it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.datasets import MultimodalDataset
from mmremix.engine.readouts.separate import is_held_out
from mmremix.engine.unwrap import unwrap
from mmremix.engine.watch.gradient_conflict_hook import GradientConflictHook
from mmremix.engine.watch.run_block import methods_of
from mmremix.engine.watch.training_accuracy import training_accuracy
from mmremix.evaluation import MultimodalAccuracy
from mmremix.evaluation.diagnosis import (
    Evidence,
    diagnose,
    of_samples,
    sentence,
    table,
)
from mmremix.models import AVRecognizer
from mmremix.models.heads_trained import heads_are_trained
from mmremix.models.multi_label import is_multi_label
from mmremix.registry import HOOKS
from mmremix.utils.errors import ConfigError
from mmremix.utils.names import FUSION, HEADS
from mmremix.utils.whole_files import write_whole

DIAGNOSIS = 'diagnosis.json'
"""What was said, and why, in the work directory."""


@HOOKS.register_module()
class DiagnosisHook(Hook):
    """Say at the end of a joint run whether balancing is likely to help.

    From the last validation: each modality's own head, the fused prediction
    and the sum of the heads, with intervals over the samples (or over the
    groups of ``held_out``), the accuracy of each on some training samples,
    and the angles that :class:`GradientConflictHook` has measured. A table
    and a few sentences go to the log, and ``diagnosis.json`` to the work
    directory, for the report. The rules are those of
    :func:`~mmremix.evaluation.diagnosis.diagnose`; see :doc:`/diagnose`.

    Runs with a balancing method, with a single modality or with several
    labels a sample have nothing to ask, and nothing is said of them. The run
    itself does not change: it ends with the same bits as without the hook.

    Example::

        default_hooks = dict(
            diagnosis=dict(type='DiagnosisHook', train_samples=256))

    Args:
        train_samples: Training samples, at most, that the model predicts
            once more, with the transforms of evaluation, for the gap between
            training and validation; with 0 it is not known, and a memorising
            modality is not told from one that has learned nothing.

    Raises:
        ConfigError: If ``train_samples`` is negative.
    """

    # After all that is said of the last epoch.
    priority = 'LOWEST'

    def __init__(self, train_samples: int = 256) -> None:
        if train_samples < 0:
            raise ConfigError(
                'DiagnosisHook: train_samples must be at least 0, got '
                f"{train_samples}. Write: dict(type='DiagnosisHook', "
                'train_samples=256)'
            )
        self.train_samples = train_samples
        self._validated = -1

    def before_train(self, runner: Runner) -> None:
        """Nothing is validated yet."""
        self._validated = -1

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Note which weights have been validated."""
        self._validated = runner.iter

    def after_train(self, runner: Runner) -> None:
        """Judge by the last validation, if it was of the final weights."""
        if not _is_asked(runner) or self._validated != runner.iter:
            return
        obstacle = _obstacle(runner)
        if obstacle:
            runner.logger.info(f'Whether balancing would help: {obstacle}')
            return
        start = time.perf_counter()
        train = training_accuracy(runner, self.train_samples, 'DiagnosisHook')
        if not is_main_process():
            return
        found = _evidence(runner)
        if isinstance(found, str):
            runner.logger.info(f'Whether balancing would help: {found}')
            return
        evidence = replace(found, train=train, angle=_angles(runner))
        diagnosis = diagnose(evidence)
        said = sentence(diagnosis, evidence)
        seconds = time.perf_counter() - start
        runner.logger.info(
            f'Whether balancing would help ({seconds:.1f} s):\n'
            f'{table(evidence)}\n{said}'
        )
        content = {
            'epoch': runner.epoch,
            'text': said,
            'diagnosis': asdict(diagnosis),
            'evidence': evidence.plain(),
        }
        write_whole(
            Path(runner.work_dir, DIAGNOSIS),
            f'{json.dumps(content, indent=2)}\n'.encode(),
        )


def _is_asked(runner: Runner) -> bool:
    """Whether it is a run of several modalities without a method."""
    model = unwrap(runner.model)
    return (
        isinstance(model, AVRecognizer)
        and len(model.modalities) > 1
        and not is_multi_label(model)
        and not methods_of(runner)
    )


def _obstacle(runner: Runner) -> str:
    """Why nothing can be told, the same on all ranks."""
    if _metric(runner) is None:
        return (
            'it is told from MultimodalAccuracy, which is not there. Write: '
            "val_evaluator = dict(type='MultimodalAccuracy')"
        )
    model = unwrap(runner.model)
    if model.unimodal != 'heads' or not heads_are_trained(model):
        return (
            'it is told from heads of the modalities, and none is trained. '
            "Write: model = dict(unimodal='heads', loss_weights=None)"
        )
    return ''


def _metric(runner: Runner) -> MultimodalAccuracy | None:
    metrics = runner.val_loop.evaluator.metrics
    found = [m for m in metrics if isinstance(m, MultimodalAccuracy)]
    return found[0] if found else None


def _evidence(runner: Runner) -> Evidence | str:
    """From the samples of the last validation, or why not."""
    metric, model = _metric(runner), unwrap(runner.model)
    assert metric is not None
    names = (FUSION, HEADS, *model.modalities)
    lacking = [name for name in names if name not in metric.predicted]
    if lacking:
        return f'no validation sample has a prediction of {lacking}.'
    predicted: Mapping[str, np.ndarray] = {
        name: metric.predicted[name] for name in names
    }
    whole = metric.labels >= 0
    for values in predicted.values():
        whole = whole & (values >= 0)
    if not whole.any():
        return 'no validation sample has all modalities.'
    labels = metric.labels[whole]
    groups, by = _groups(runner, len(whole))
    found = of_samples(
        {n: values[whole] == labels for n, values in predicted.items()},
        labels,
        model.num_classes,
        None if groups is None else groups[whole].tolist(),
        by,
    )
    return replace(
        found, epochs=runner.epoch, held_out=is_held_out(runner.cfg)
    )


def _groups(runner: Runner, size: int) -> tuple[np.ndarray | None, str | None]:
    """The groups that whole ones are held out of, such as the speakers."""
    dataset: Any = runner.val_loop.dataloader.dataset
    if not isinstance(dataset, MultimodalDataset) or dataset.part is None:
        return None, None
    by = dataset.part.by
    # mmengine puts the results of all ranks into the order of the samples.
    if by is None or len(dataset) != size:
        return None, None
    return np.asarray(dataset.column(by)).astype(str), by


def _angles(runner: Runner) -> dict[str, float]:
    """Of each encoder, as they were measured last."""
    hooks = [h for h in runner.hooks if isinstance(h, GradientConflictHook)]
    prefix = 'angle_'
    return {
        name.removeprefix(prefix): value
        for hook in hooks
        for name, value in hook.found.items()
        if name.startswith(prefix)
    }
