"""Choose a read-out by samples that each were held out once."""

from __future__ import annotations

import copy
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from mmremix.apis.held_out import KEY as HELD_OUT
from mmremix.apis.launch import build_runner
from mmremix.engine.checkpoints.safe_loading import load_checkpoint_file
from mmremix.engine.readouts import held_out_log_probs
from mmremix.engine.readouts.readout_hook import (
    choose_by,
    store_readout,
    write_evidence,
)
from mmremix.engine.unwrap import recognizer
from mmremix.utils.errors import ConfigError
from mmremix.utils.whole_files import write_whole


def fold_config(
    cfg: Config, folds: int, fold: int, by: str | None, seed: int = 0
) -> Config:
    """The config of one fold's run.

    Args:
        cfg: As it was read; stays as it is.
        folds: How many there are.
        fold: The one that is held out.
        by: Column whose equal values stay together.
        seed: Of the dealing.

    Raises:
        ConfigError: If it holds samples out already, or names a read-out.
    """
    _check(cfg)
    one = copy.deepcopy(cfg)
    one[HELD_OUT] = {'folds': folds, 'fold': fold, 'seed': seed}
    if by is not None:
        one[HELD_OUT]['by'] = by
    one.resume = False
    return one


def collect_fold(
    cfg: Config, checkpoint: str | Path, by: str | None, target: str | Path
) -> None:
    """Predict the held-out samples of a fold, and write what comes.

    Args:
        cfg: Of :func:`fold_config`, read by ``load_config``.
        checkpoint: Of its run.
        by: Column to keep.
        target: ``.npz`` file: ``labels``, ``groups`` (text; of ``by``, else
            empty) and a log-probability array for each prediction.
    """
    testing = copy.deepcopy(cfg)
    testing.test_dataloader = copy.deepcopy(cfg.val_dataloader)
    testing.test_evaluator = copy.deepcopy(cfg.val_evaluator)
    testing.test_cfg = testing.get('test_cfg') or {}
    testing.load_from = str(checkpoint)
    runner = build_runner(testing, training=False, calm=True)
    runner._test_loop = runner.build_test_loop(runner._test_loop)
    runner.call_hook('before_run')
    runner.load_or_resume()
    loader = runner.test_loop.dataloader
    held = held_out_log_probs(recognizer(runner, 'crossfit'), loader)
    groups = [''] * len(held.rows)
    if by is not None:
        column = loader.dataset.column(by)
        groups = [str(column[row]) for row in held.rows]
    arrays: dict[str, Any] = {
        'labels': held.labels,
        'groups': np.array(groups, dtype=np.str_),
        **{f'log_{k}': v for k, v in held.log_probs.items()},
    }
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    write_whole(target, stream.getvalue())


def choose_over_folds(
    files: Sequence[str | Path], kind: str, by: str | None
) -> dict[str, Any]:
    """Choose a read-out for all folds together, in plain values.

    Accuracy is averaged over the values of ``by``, or else over the folds.

    Args:
        files: Of :func:`collect_fold`, a fold each.
        kind: ``'subset'`` or ``'pool'``.
        by: Column that the folds were made of.

    Returns:
        See :func:`~mmremix.engine.readouts.readout_hook.choose_by`, with
        ``per_fold``, the accuracy of each candidate in each fold.
    """
    parts = []
    for file in files:
        with np.load(file, allow_pickle=False) as content:
            parts.append(dict(content))
    names = [k for k in parts[0] if k.startswith('log_')]
    log_probs = {
        k.removeprefix('log_'): np.concatenate([p[k] for p in parts])
        for k in names
    }
    labels = np.concatenate([p['labels'] for p in parts])
    folds = [str(i) for i, p in enumerate(parts) for _ in p['labels']]
    groups = folds
    if by is not None:
        groups = [str(g) for p in parts for g in p['groups']]
    found = choose_by(kind, log_probs, labels, groups, by or 'fold')
    found['folds'] = len(parts)
    found['per_fold'] = [
        choose_by(
            'subset',
            {k.removeprefix('log_'): p[k] for k in names},
            p['labels'],
            None if by is None else [str(g) for g in p['groups']],
            by,
        )['accuracy']
        for p in parts
    ]
    return found


def give_readout(found: dict[str, Any], checkpoint: str | Path) -> None:
    """Write a checkpoint again, with a read-out and its evidence."""
    path = Path(checkpoint)
    content = load_checkpoint_file(str(path), map_location='cpu')
    store_readout(content, found, path)
    write_evidence({path.name: found}, path.parent)


def _check(cfg: Config) -> None:
    if cfg.get(HELD_OUT) is not None:
        raise ConfigError(
            f'{HELD_OUT} = {dict(cfg[HELD_OUT])}, and a cross-fit holds each '
            f'fold out itself. Write: {HELD_OUT} = None'
        )
    if cfg.model.get('readout') is not None:
        raise ConfigError(
            f'model.readout is {cfg.model.readout!r}, and a cross-fit is to '
            'choose it. Write: model = dict(readout=None)'
        )
    hooks = [str(h.get('type')) for h in cfg.get('custom_hooks') or ()]
    if any(kind.endswith('ReadoutHook') for kind in hooks):
        raise ConfigError(
            'A cross-fit chooses one read-out for all folds. Leave '
            'ReadoutHook out of custom_hooks.'
        )
