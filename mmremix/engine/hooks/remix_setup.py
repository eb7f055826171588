"""What KLScoreHook needs around it: checks, its loader, the loop's length."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from mmengine.dist import is_distributed
from mmengine.hooks import SyncBuffersHook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader

from mmremix.datasets import RemixSampler, multimodal_collate

_LOADER_LINES = (
    'Write in the config:\n'
    '    train_dataloader = dict(\n'
    "        sampler=dict(type='DefaultSampler', shuffle=True),\n"
    "        batch_sampler=dict(type='RemixSampler'),\n"
    '        ...)'
)


def check_train_setup(
    runner: Runner, warmup_epochs: int, min_share: float = 0.0
) -> None:
    """Refuse a run that cannot remix, before it trains.

    Raises:
        ValueError: With the config lines that fix it.
    """
    loop = runner.train_loop
    if not isinstance(loop, EpochBasedTrainLoop):
        raise ValueError(
            'KLScoreHook re-plans the batches at each epoch, which '
            f'{type(loop).__name__} cannot do: it loads ahead. Write:\n'
            '    train_cfg = dict(by_epoch=True, max_epochs=60)'
        )
    if warmup_epochs >= loop.max_epochs:
        raise ValueError(
            f'KLScoreHook: warmup_epochs={warmup_epochs}, but the run has '
            f'{loop.max_epochs} epochs: nothing would be remixed. Write:\n'
            "    custom_hooks = [dict(type='KLScoreHook', "
            f'warmup_epochs={max(loop.max_epochs // 6, 0)})]\n'
            'or a longer run:\n'
            '    train_cfg = dict(by_epoch=True, '
            f'max_epochs={6 * warmup_epochs})\n'
            'or, to train without Remix, leave the hook out.'
        )
    sampler = runner.train_dataloader.batch_sampler
    if not isinstance(sampler, RemixSampler):
        raise ValueError(
            'KLScoreHook hands its assignments to a RemixSampler, but the '
            f'batch sampler is {type(sampler).__name__}. ' + _LOADER_LINES
        )
    if sampler.tail != 'fixed' or sampler.passes > 1:
        _check_constant_length(runner, sampler)
    if not 0 <= min_share * len(sampler.modalities) <= 1:
        raise ValueError(
            f'KLScoreHook: {len(sampler.modalities)} modalities cannot have '
            f'a share of at least {min_share} each. Write: min_share=0.1'
        )
    if not sampler.reassemble:
        _check_mixed_batches(runner)
    if is_distributed():
        _check_distributed(runner)


def _check_mixed_batches(runner: Runner) -> None:
    """Batches that are not pure need our collate function."""
    dataloader = runner.train_dataloader
    collate = getattr(dataloader.collate_fn, 'func', dataloader.collate_fn)
    if collate is not multimodal_collate:
        raise ValueError(
            'RemixSampler(reassemble=False) mixes samples of different '
            f'modalities, which {getattr(collate, "__name__", collate)} '
            'cannot collate. Write in train_dataloader:\n'
            "    collate_fn=dict(type='mmremix.multimodal_collate'),"
        )


def _check_constant_length(runner: Runner, sampler: RemixSampler) -> None:
    """What counts iterations needs epochs of equal length."""
    fix = (
        'Remix epochs differ in length under '
        f"tail='{sampler.tail}', passes={sampler.passes}. Write:\n"
        "    batch_sampler=dict(type='RemixSampler', tail='fixed', passes=1)"
    )
    wrapper = runner.optim_wrapper
    if getattr(wrapper, '_accumulative_counts', 1) > 1:
        raise ValueError(
            'Gradient accumulation needs epochs of equal length. ' + fix
        )
    schedulers = runner.param_schedulers or []
    if isinstance(schedulers, dict):
        schedulers = [s for group in schedulers.values() for s in group]
    for scheduler in schedulers:
        if not scheduler.by_epoch:
            raise ValueError(
                f'{type(scheduler).__name__} counts iterations, which needs '
                'epochs of equal length. '
                + fix
                + '\nor let it count epochs: param_scheduler=dict('
                f"type='{type(scheduler).__name__}', by_epoch=True, ...)"
            )


def _check_distributed(runner: Runner) -> None:
    model = runner.model
    if not getattr(model, 'find_unused_parameters', True):
        raise ValueError(
            'A masked encoder takes no part in a remix step, which '
            'DistributedDataParallel must be told. Write:\n'
            '    find_unused_parameters = True\n'
            'or, if you set it, model_wrapper_cfg=dict('
            "type='MMDistributedDataParallel', find_unused_parameters=True)"
        )
    has_bn = any(isinstance(m, _BatchNorm) for m in model.modules())
    has_hook = any(isinstance(h, SyncBuffersHook) for h in runner.hooks)
    if has_bn and not has_hook:
        raise ValueError(
            'Without SyncBuffersHook the ranks have different batch-norm '
            'statistics, and score differently. Write:\n'
            '    default_hooks = dict('
            "sync_buffers=dict(type='SyncBuffersHook'))"
        )


def build_score_dataloader(
    runner: Runner, overrides: Mapping[str, Any] | None
) -> DataLoader:
    """Build the loader that goes over the training samples to score them.

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
        # Unequal shares are fine: the ranks do not talk while they score.
        'sampler': {
            'type': 'DefaultSampler',
            'shuffle': False,
            'round_up': False,
        },
        **overrides,
    }
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


def refresh_max_iters(runner: Runner) -> None:
    """Let the run's length in iterations follow this epoch's.

    mmengine computes it once, from the first epoch. It feeds the ETA.
    """
    loop = runner.train_loop
    remaining = loop.max_epochs - loop.epoch
    loop._max_iters = loop.iter + remaining * len(loop.dataloader)
