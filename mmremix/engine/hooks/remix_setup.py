"""What KLScoreHook checks around it, and the loop's length."""

from __future__ import annotations

import hashlib

from mmengine.dist import all_gather_object, is_distributed
from mmengine.hooks import SyncBuffersHook
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmremix.datasets import RemixSampler, multimodal_collate

_LOADER_LINES = (
    'Write in the config:\n'
    '    train_dataloader = dict(\n'
    "        sampler=dict(type='DefaultSampler', shuffle=True),\n"
    "        batch_sampler=dict(type='RemixSampler'),\n"
    '        ...)'
)


def check_train_setup(
    runner: Runner,
    warmup_epochs: int,
    min_share: float = 0.0,
    bn_recalibration: bool = False,
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
    _check_accumulation(runner.optim_wrapper, sampler)
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
        _check_distributed(runner, bn_recalibration)


def check_plans(sampler: RemixSampler) -> None:
    """Stop if the ranks are about to train on different modalities.

    One exchange an epoch; without it they would wait for each other for ever.

    Raises:
        RuntimeError: On every rank, with what each has planned.
    """
    if not is_distributed():
        return
    steps = [batch.modality for batch in sampler.epoch_plan()]
    digest = hashlib.sha256(repr(steps).encode()).hexdigest()[:8]
    found = all_gather_object((len(steps), digest))
    if len(set(found)) > 1:
        listed = '\n'.join(
            f'  rank {rank}: {count} steps, modalities {name}'
            for rank, (count, name) in enumerate(found)
        )
        raise RuntimeError(
            f'The ranks have planned different epochs:\n{listed}\n'
            'They need the same data set, seed and assignments. Look for what '
            'differs between the machines: annotation files, versions, '
            'randomness=dict(seed=...)'
        )


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


def _check_accumulation(wrapper: OptimWrapper, sampler: RemixSampler) -> None:
    """An optimiser step must not mix modalities."""
    counts = getattr(wrapper, '_accumulative_counts', 1)
    if counts != sampler.accumulation:
        raise ValueError(
            f'The optimiser steps after {counts} batches, but RemixSampler '
            f'has groups of {sampler.accumulation} batches of one modality. '
            f'Write in the config:\n'
            f'    optim_wrapper = dict(accumulative_counts={counts})\n'
            '    train_dataloader = dict(batch_sampler=dict(\n'
            f"        type='RemixSampler', accumulation={counts}))"
        )
    if counts > 1:
        # mmengine looks for an incomplete last step where the length of the
        # first epoch says that the run ends. The sampler has none.
        wrapper._max_counts = -1


def _check_constant_length(runner: Runner, sampler: RemixSampler) -> None:
    """What counts iterations needs epochs of equal length."""
    fix = (
        'Remix epochs differ in length under '
        f"tail='{sampler.tail}', passes={sampler.passes}. Write:\n"
        "    batch_sampler=dict(type='RemixSampler', tail='fixed', passes=1)"
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


def _check_distributed(runner: Runner, bn_recalibration: bool) -> None:
    model = runner.model
    if not getattr(model, 'find_unused_parameters', True):
        raise ValueError(
            'A masked encoder takes no part in a remix step, which '
            'DistributedDataParallel must be told. Write:\n'
            '    find_unused_parameters = True\n'
            'or, if you set it, model_wrapper_cfg=dict('
            "type='MMDistributedDataParallel', find_unused_parameters=True)"
        )
    if bn_recalibration and any(
        isinstance(m, nn.SyncBatchNorm) for m in model.modules()
    ):
        raise ValueError(
            'bn_recalibration goes over shares of unequal length, at which '
            "sync_bn would hang. Write: sync_bn=None, or KLScoreHook's "
            'bn_recalibration=False'
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


def refresh_max_iters(runner: Runner) -> None:
    """Let the run's length in iterations follow this epoch's.

    mmengine computes it once, from the first epoch. It feeds the ETA.
    """
    loop = runner.train_loop
    remaining = loop.max_epochs - loop.epoch
    loop._max_iters = loop.iter + remaining * len(loop.dataloader)
