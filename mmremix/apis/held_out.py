"""Validate on a part of the training samples: one key of a config."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmremix.datasets.held_out import Part
from mmremix.utils.errors import ConfigError

KEY = 'held_out'
OPTIONS = ('by', 'folds', 'fold', 'share', 'seed')


def apply_held_out(cfg: Config) -> None:
    """Hold out a part of the training samples, and validate on it.

    A config says so in one line::

        held_out = dict(by='subject', folds=5, fold=0, seed=0)

    ``train_dataloader`` then keeps the rest, and ``val_dataloader`` becomes
    the held-out part of the same annotation with the evaluation pipeline: the
    best checkpoint, and whatever else is decided on validation samples, is
    chosen there. ``test_dataloader`` stays. The options are those of
    :class:`~mmremix.datasets.Part`; ``held_out = None`` turns it off.

    Args:
        cfg: Changed in place: the key becomes a ``part`` of both data sets.
            Applying it again changes nothing.

    Raises:
        ConfigError: On unknown options, or if the data sets cannot be split.
    """
    given = cfg.pop(KEY, None)
    if given is None:
        return
    if not isinstance(given, Mapping) or set(given) - set(OPTIONS):
        raise ConfigError(
            f'{KEY} is a dict of {OPTIONS}, got {given!r}. Write: {KEY} = '
            "dict(by='subject', folds=5, fold=0, seed=0), or share=0.2 "
            'instead of folds and fold. A variable of your own needs another '
            'name.'
        )
    Part.of(given)
    train = (cfg.get('train_dataloader') or {}).get('dataset')
    if not isinstance(train, Mapping) or 'dataset' in train:
        raise ConfigError(
            f'{KEY} splits the data set of train_dataloader, which must be '
            f'one without wrapper, got {_kind(train)}. Write: '
            "train_dataloader = dict(dataset=dict(type='AVDataset', ...))"
        )
    if train.get('part') is not None:
        raise ConfigError(
            f'{KEY} = {dict(given)}, but the data set of train_dataloader has '
            f'a part already: {dict(train["part"])}. Write one of the two: '
            'train_dataloader = dict(dataset=dict(part=None))'
        )
    like = cfg.get('val_dataloader') or cfg.get('test_dataloader')
    if not like:
        raise ConfigError(
            f'{KEY} evaluates as val_dataloader (or test_dataloader) does, '
            'and there is none. Write: val_dataloader = dict(batch_size=32, '
            "sampler=dict(type='DefaultSampler', shuffle=False), "
            'dataset=dict(...))'
        )
    evaluated = like.get('dataset') or {}
    if train.get('pipeline') and not evaluated.get('pipeline'):
        raise ConfigError(
            f'{KEY} evaluates with the pipeline of val_dataloader (or '
            'test_dataloader), and there is none. Write: val_dataloader = '
            'dict(dataset=dict(pipeline=[...], ...), ...)'
        )
    _to_validate(cfg, like, train, evaluated, dict(given))
    cfg.train_dataloader.dataset.part = {'keep': 'train', **given}


def _to_validate(
    cfg: Config,
    like: Mapping[str, Any],
    train: Mapping[str, Any],
    evaluated: Mapping[str, Any],
    given: Mapping[str, Any],
) -> None:
    """Let a config validate on what is held out."""
    dataset = {
        **copy.deepcopy(dict(train)),
        'test_mode': True,
        'part': {'keep': 'held_out', **given},
    }
    # Arrays may do without one.
    if evaluated.get('pipeline'):
        dataset['pipeline'] = copy.deepcopy(evaluated['pipeline'])
    loader = copy.deepcopy(dict(like))
    loader['dataset'] = dataset
    cfg.val_dataloader = loader
    if cfg.get('val_cfg') is None:
        cfg.val_cfg = {}
    if cfg.get('val_evaluator') is None and cfg.get('test_evaluator'):
        cfg.val_evaluator = copy.deepcopy(cfg.test_evaluator)


def _kind(dataset: Any) -> str:
    kind = dataset.get('type') if isinstance(dataset, Mapping) else dataset
    return str(kind)
