"""The loader over the training samples with evaluation transforms."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.datasets import AVDataset, MultimodalDataset
from mmremix.datasets.worker_pool import with_workers_of
from mmremix.engine.scoring.kept_inputs import Cache, keep_inputs
from mmremix.registry import DATASETS
from mmremix.utils.errors import ConfigError


def build_score_dataloader(
    runner: Runner,
    overrides: Mapping[str, Any] | None,
    cache: Cache = None,
    asked_by: str = 'KLScoreHook',
) -> DataLoader[Any]:
    """Build the loader that goes over the training samples to score them.

    It has the workers of the training loader where it can.

    Args:
        runner: The runner.
        overrides: Keys that win over the default's.
        cache: See :data:`~mmremix.engine.scoring.kept_inputs.Cache`.
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
    cfg.setdefault('collate_fn', {'type': 'mmremix.multimodal_collate'})
    train: Any = runner.train_dataloader.dataset
    dataset_cfg = cfg['dataset']
    if _same_rows(train, (train_cfg or {}).get('dataset'), dataset_cfg):
        shared = DATASETS.build({**dataset_cfg, 'lazy_init': True})
        shared.share_rows(train)
        cfg['dataset'] = shared
    dataloader: DataLoader[Any] = Runner.build_dataloader(
        cfg, seed=runner.seed
    )
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
    if isinstance(score, MultimodalDataset):
        keep_inputs(runner, score, cache, 'scoring_cache')
    return with_workers_of(runner.train_dataloader, dataloader)


def _same_rows(train: Any, train_cfg: Any, score_cfg: Any) -> bool:
    """Whether an annotation that was read need not be read again."""
    if not isinstance(train, AVDataset) or train.media_rows is None:
        return False
    if type(train).load_data_list is not AVDataset.load_data_list:
        return False
    if not isinstance(train_cfg, Mapping) or not isinstance(
        score_cfg, Mapping
    ):
        return False
    free = ('pipeline', 'test_mode', 'lazy_init')
    mine, theirs = (
        {k: v for k, v in cfg.items() if k not in free}
        for cfg in (train_cfg, score_cfg)
    )
    return mine == theirs and DATASETS.get(str(mine['type'])) is type(train)


def presence_of(dataset: Any) -> Tensor | None:
    """Which modalities each sample has, bool ``(N, K)``; None for all."""
    presence = getattr(dataset, 'presence', lambda: None)()
    return None if presence is None else torch.from_numpy(presence)


def _eval_dataset(
    runner: Runner, train_cfg: Mapping[str, Any] | None, asked_by: str
) -> dict[str, Any]:
    """The training set with the evaluation pipeline."""
    pipeline = None
    for name in ('val_dataloader', 'test_dataloader'):
        loader_cfg = runner.cfg.get(name) or {}
        pipeline = pipeline or loader_cfg.get('dataset', {}).get('pipeline')
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
