"""Judge trained joint models by samples that they were not trained on."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.runner import Runner

from mmremix.apis.launch import build_runner
from mmremix.apis.unimodal import modalities_of
from mmremix.datasets.identity import DataIdentity
from mmremix.engine import GradientConflictHook, held_out_log_probs
from mmremix.engine.checkpoints.safe_loading import load_checkpoint_file
from mmremix.engine.readouts.readout_hook import groups_of
from mmremix.engine.readouts.separate import overlap
from mmremix.engine.unwrap import recognizer
from mmremix.engine.watch.training_accuracy import training_accuracy
from mmremix.evaluation.diagnosis import (
    Evidence,
    diagnose,
    of_log_probs,
    over_runs,
    sentence,
    table,
)
from mmremix.models.heads_trained import heads_are_trained
from mmremix.utils.errors import ConfigError

_HOLD_OUT = (
    "Hold a part of the training samples out, held_out = dict(by='subject', "
    'folds=5, fold=0), and train on the rest'
)


def check_joint(cfg: Config) -> None:
    """Refuse models that there is nothing to balance in.

    Args:
        cfg: As it was read, or as it is run.

    Raises:
        ConfigError: For one modality, a method, or no heads.
    """
    names = modalities_of(cfg)
    if len(names) < 2:
        raise ConfigError(
            f'The model has the modalities {names}: there is nothing to '
            'balance.'
        )
    methods = list(cfg.get('methods') or ())
    methods += [
        key.removeprefix('method_')
        for key in cfg
        if key.startswith('method_') and cfg[key] is not None
    ]
    if methods:
        off = ', '.join(f'method_{name} = None' for name in methods)
        raise ConfigError(
            f'The config trains with {methods}; what balancing would do is '
            'told from joint training. Name the config of the joint model, '
            f'or write: {off}'
        )
    if cfg.model.get('unimodal', 'heads') != 'heads':
        raise ConfigError(
            f'model.unimodal is {cfg.model.unimodal!r}: without heads of the '
            'modalities nothing can be told. Write: model = dict(unimodal='
            "'heads')"
        )


def judge_checkpoint(
    cfg: Config,
    checkpoint: str | Path,
    *,
    by: str | None = None,
    train_samples: int = 512,
    on_test: bool = False,
) -> Evidence:
    """Predict validation and training samples with a trained model.

    Args:
        cfg: Of ``load_config``. Judged are the samples of
            ``val_dataloader``, which are the held-out ones where the config
            holds some out.
        checkpoint: Of its training.
        by: Column whose values are the groups that intervals are over.
            Defaults to that of ``held_out``.
        train_samples: How many training samples to predict at most, for the
            gap; 0 for none.
        on_test: Whether to go on if they are the test samples. The evidence
            then says so.

    Raises:
        ConfigError: If the samples are trained on, or tested on, or if the
            checkpoint was trained on others than the config says.
    """
    check_joint(cfg)
    if cfg.get('val_dataloader') is None:
        raise ConfigError(
            f'The config has no val_dataloader to judge by. {_HOLD_OUT}.'
        )
    running = copy.deepcopy(cfg)
    running.load_from = str(checkpoint)
    running.resume = False
    runner = build_runner(running, training=False, calm=True)
    dataset: Any = runner.val_dataloader.dataset
    check_trained_on(runner, checkpoint)
    held_out = _is_held_out(runner, on_test)
    model = recognizer(runner, 'tools/diagnose.py', least=2)
    if not heads_are_trained(model):
        raise ConfigError(
            'None of the heads of the modalities has a loss, so nothing can '
            'be told. Write: model = dict(loss_weights=None)'
        )
    runner.call_hook('before_run')
    runner.load_or_resume()
    # Whatever was chosen to answer, all heads are looked at.
    model.readout.set({})
    held = held_out_log_probs(model, runner.val_dataloader)
    if by is None and dataset.part is not None:
        by = dataset.part.by
    column = groups_of(dataset, by)
    groups = None if column is None else [column[row] for row in held.rows]
    found = of_log_probs(held.log_probs, held.labels, groups, by)
    return replace(
        found,
        held_out=held_out,
        train=training_accuracy(runner, train_samples, 'tools/diagnose.py'),
        angle=_angles(runner),
        epochs=_epoch(checkpoint),
    )


def judge_folds(
    files: Sequence[str | Path],
    parts: Sequence[Evidence],
    by: str | None,
) -> Evidence:
    """The held-out samples of all folds together.

    Args:
        files: Of :func:`~mmremix.apis.crossfit.collect_fold`.
        parts: Of the run of each fold: training accuracies and angles.
        by: Column that the folds were made of; without, intervals are over
            the folds.
    """
    log_probs: dict[str, list[np.ndarray]] = {}
    labels: list[np.ndarray] = []
    groups: list[Any] = []
    for number, file in enumerate(files):
        with np.load(file, allow_pickle=False) as content:
            for key in content.files:
                if key.startswith('log_'):
                    name = key.removeprefix('log_')
                    log_probs.setdefault(name, []).append(content[key])
            labels.append(content['labels'])
            groups += (
                [str(number)] * len(content['labels'])
                if by is None
                else content['groups'].tolist()
            )
    together = of_log_probs(
        {name: np.concatenate(rows) for name, rows in log_probs.items()},
        np.concatenate(labels),
        groups,
        by or 'folds',
    )
    means = over_runs(parts, same_samples=False)
    return replace(
        together, train=means.train, angle=means.angle, epochs=means.epochs
    )


def report_of(runs: Sequence[Evidence], same_samples: bool) -> dict[str, Any]:
    """What is said of one run or several, in plain values.

    Returns:
        ``text``, ``table``, ``diagnosis``, ``evidence`` of all together,
        and ``runs``, the evidence of each.
    """
    evidence = over_runs(runs, same_samples)
    diagnosis = diagnose(evidence)
    return {
        'text': sentence(diagnosis, evidence),
        'table': table(evidence),
        'diagnosis': asdict(diagnosis),
        'evidence': evidence.plain(),
        'runs': [run.plain() for run in runs],
    }


def check_trained_on(runner: Runner, checkpoint: str | Path) -> None:
    """Refuse weights of other training samples than the config has.

    Raises:
        ConfigError: Naming the differences.
    """
    content = load_checkpoint_file(str(checkpoint), map_location='cpu')
    stored = content.get('train_data')
    if stored is None:
        return
    dataset: Any = runner.train_dataloader.dataset
    found = DataIdentity.from_state_dict(stored).differences(
        dataset.identity(), 'in the checkpoint', 'in the config'
    )
    if found:
        listed = '\n  '.join(found)
        raise ConfigError(
            f'{checkpoint} was trained on other samples than those of the '
            f'config:\n  {listed}\nIt may have been trained on those that '
            'are to judge it. Name the config that it was trained with.'
        )


def _is_held_out(runner: Runner, on_test: bool) -> bool:
    val = runner.val_dataloader.dataset
    shared = overlap(val, runner.train_dataloader.dataset)
    if shared:
        raise ConfigError(
            f'{len(shared)} of the {len(val)} validation samples are trained '
            f'on too, such as {shared[0]}. {_HOLD_OUT}.'
        )
    test = (runner.cfg.get('test_dataloader') or {}).get('dataset')
    shared = [] if test is None else overlap(val, test)
    if shared and not on_test:
        raise ConfigError(
            f'{len(shared)} of the {len(val)} validation samples are tested '
            f'on too, such as {shared[0]}: what is chosen by them says '
            f'nothing about new ones. {_HOLD_OUT}; or see what they say, as '
            'samples of the test, with --on-test.'
        )
    return not shared


def _angles(runner: Runner) -> dict[str, float]:
    hook = GradientConflictHook(interval=1)
    hook.before_train(runner)
    found, _ = hook.compare(runner)
    prefix = 'angle_'
    return {
        name.removeprefix(prefix): angle
        for name, angle in found.items()
        if name.startswith(prefix)
    }


def _epoch(checkpoint: str | Path) -> int | None:
    content = load_checkpoint_file(str(checkpoint), map_location='cpu')
    epoch = (content.get('meta') or {}).get('epoch')
    return None if epoch is None else int(epoch)
