"""The loader over the training samples with evaluation transforms."""

from __future__ import annotations

import copy
import hashlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_gather_object, barrier, get_rank
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.datasets import InputCache, TableDataset
from mmremix.registry import DATASETS
from mmremix.utils.errors import ConfigError


def build_score_dataloader(
    runner: Runner,
    overrides: Mapping[str, Any] | None,
    cache: Mapping[str, Any] | None = None,
    asked_by: str = 'KLScoreHook',
) -> DataLoader[Any]:
    """Build the loader that goes over the training samples to score them.

    Args:
        runner: The runner.
        overrides: Keys that win over the default's.
        cache: Arguments of :class:`~mmremix.datasets.InputCache`, or
            ``None`` for no cache.
        asked_by: Class name of the hook that needs it, for errors.

    Raises:
        ConfigError: If no evaluation pipeline is to be had, or if the data
            set is not the training one.
    """
    train_cfg = copy.deepcopy(runner.cfg.get('train_dataloader'))
    overrides = copy.deepcopy(dict(overrides or {}))
    if 'dataset' not in overrides:
        overrides['dataset'] = _eval_dataset(runner, train_cfg, asked_by)
    cfg = {
        'batch_size': (train_cfg or {}).get('batch_size', 1),
        'num_workers': (train_cfg or {}).get('num_workers', 0),
        'persistent_workers': (train_cfg or {}).get(
            'persistent_workers', False
        ),
        'pin_memory': (train_cfg or {}).get('pin_memory', False),
        'sampler': {'type': 'ScoringSampler'},
        **overrides,
    }
    if presence_of(runner.train_dataloader.dataset) is not None:
        cfg.setdefault('collate_fn', {'type': 'mmremix.multimodal_collate'})
    if cache is not None:
        cfg['dataset'] = _cached(runner, cfg['dataset'], cache)
    dataloader: DataLoader[Any] = Runner.build_dataloader(
        cfg, seed=runner.seed
    )
    train: Any = runner.train_dataloader.dataset
    score: Any = dataloader.dataset
    found = train.identity().differences(
        score.identity(), 'to train on', 'to score'
    )
    if found:
        listed = '\n  '.join(found)
        raise ConfigError(
            f'{asked_by} would score another data set than the training '
            f'set:\n  {listed}\nBoth must hold the same samples in the same '
            'order, with the same classes and modalities. Leave the data set '
            'out to score the training set:\n'
            f"    plan=dict(type='{asked_by}', dataloader=None)"
        )
    return dataloader


def presence_of(dataset: Any) -> Tensor | None:
    """Which modalities each sample has, bool ``(N, K)``; None for all."""
    presence = getattr(dataset, 'presence', lambda: None)()
    return None if presence is None else torch.from_numpy(presence)


def _cached(
    runner: Runner, dataset_cfg: Mapping[str, Any], cache: Mapping[str, Any]
) -> InputCache:
    """One cache a machine, which its ranks share; none with another run."""
    dataset = DATASETS.build(dict(dataset_cfg))
    dataset.full_init()
    place = Path(runner.work_dir, 'scoring_cache')
    if cache.get('directory'):
        run = hashlib.sha256(os.path.abspath(runner.work_dir).encode())
        place = Path(cache['directory'], run.hexdigest()[:12])
    host = socket.gethostname()
    hosts = all_gather_object(host)
    is_first = hosts.index(host) == get_rank()
    settings = {
        **cache,
        'directory': Path(place, host),
        'content': repr(dataset_cfg),
    }
    if is_first:
        made = InputCache(dataset, **settings)
        barrier()
        return made
    # The files are there now.
    barrier()
    return InputCache(dataset, **settings)


def _eval_dataset(
    runner: Runner, train_cfg: Mapping[str, Any] | None, asked_by: str
) -> dict[str, Any]:
    """The training set with the evaluation pipeline."""
    pipeline = None
    for name in ('val_dataloader', 'test_dataloader'):
        loader_cfg = runner.cfg.get(name) or {}
        pipeline = pipeline or loader_cfg.get('dataset', {}).get('pipeline')
    train: Any = runner.train_dataloader.dataset
    if (
        train_cfg is not None
        and not pipeline
        and isinstance(train, TableDataset)
    ):
        # Its own, which depends on the mode.
        dataset = {**train_cfg['dataset'], 'test_mode': True}
        if dataset.get('pipeline'):
            raise ConfigError(
                f'{asked_by} uses the pipeline of val_dataloader, which has '
                'none, and that of train_dataloader augments. Write one: '
                'val_dataloader = dict(dataset=dict(pipeline=[...]))'
            )
        return dataset
    if train_cfg is not None and not pipeline:
        # A data set that needs none, such as ArrayDataset.
        cls = DATASETS.get(train_cfg['dataset']['type'])
        if getattr(cls, 'has_default_pipeline', False):
            return {
                **train_cfg['dataset'],
                'pipeline': [],
                'test_mode': True,
            }
    if train_cfg is None or pipeline is None:
        raise ConfigError(
            f'{asked_by} uses the pipeline of val_dataloader (or '
            'test_dataloader), and there is none. Add one, or write:\n'
            f"    dict(type='{asked_by}', dataloader=dict("
            'dataset=dict(type=..., pipeline=[...])), ...)'
        )
    return {
        **train_cfg['dataset'],
        'pipeline': copy.deepcopy(pipeline),
        'test_mode': True,
    }
