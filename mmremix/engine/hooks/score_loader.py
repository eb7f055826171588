"""The loader that KLScoreHook scores with."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.dist import get_dist_info
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmremix.datasets import InputCache
from mmremix.registry import DATASETS


def build_score_dataloader(
    runner: Runner,
    overrides: Mapping[str, Any] | None,
    cache: Mapping[str, Any] | None = None,
) -> DataLoader:
    """Build the loader that goes over the training samples to score them.

    Args:
        runner: The runner.
        overrides: Keys that win over the default's.
        cache: Arguments of :class:`~mmremix.datasets.InputCache`, or
            ``None`` for no cache.

    Raises:
        ValueError: If no evaluation pipeline is to be had, or if the data
            set is not the training one.
    """
    train_cfg = copy.deepcopy(runner.cfg.get('train_dataloader'))
    overrides = copy.deepcopy(dict(overrides or {}))
    if 'dataset' not in overrides:
        overrides['dataset'] = _eval_dataset(runner, train_cfg)
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
    if cache is not None:
        cfg['dataset'] = _cached(runner, cfg['dataset'], cache)
    dataloader = Runner.build_dataloader(cfg, seed=runner.seed)
    train, score = runner.train_dataloader.dataset, dataloader.dataset
    if len(train) != len(score) or train.fingerprint() != score.fingerprint():
        raise ValueError(
            f'KLScoreHook would score {len(score)} samples (fingerprint '
            f'{score.fingerprint()}), but the training set has {len(train)} '
            f'({train.fingerprint()}). Both must hold the same samples in '
            'the same order, with the same classes and modalities. Leave '
            'the data set out to score the training set:\n'
            "    custom_hooks = [dict(type='KLScoreHook', warmup_epochs=10)]"
        )
    return dataloader


def _cached(
    runner: Runner, dataset_cfg: Mapping[str, Any], cache: Mapping[str, Any]
) -> InputCache:
    """Every rank has its own folder, with the samples that it scores."""
    dataset = DATASETS.build(dict(dataset_cfg))
    dataset.full_init()
    rank, world_size = get_dist_info()
    place = cache.get('directory') or Path(runner.work_dir, 'scoring_cache')
    return InputCache(
        dataset,
        **{
            **cache,
            'directory': Path(place, f'rank{rank}_of_{world_size}'),
            'content': repr(dataset_cfg),
        },
    )


def _eval_dataset(
    runner: Runner, train_cfg: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The training set with the evaluation pipeline."""
    pipeline = None
    for name in ('val_dataloader', 'test_dataloader'):
        loader_cfg = runner.cfg.get(name) or {}
        pipeline = pipeline or loader_cfg.get('dataset', {}).get('pipeline')
    if train_cfg is None or pipeline is None:
        raise ValueError(
            'KLScoreHook scores with the pipeline of val_dataloader (or '
            'test_dataloader), and there is none. Add one, or write:\n'
            "    custom_hooks = [dict(type='KLScoreHook', warmup_epochs=10, "
            'dataloader=dict(dataset=dict(type=..., pipeline=[...])))]'
        )
    return {
        **train_cfg['dataset'],
        'pipeline': copy.deepcopy(pipeline),
        'test_mode': True,
    }
