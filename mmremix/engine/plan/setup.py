"""What a PlanHook needs around it, and the loop's length."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mmengine.dist import all_gather_object, is_distributed
from mmengine.hooks import SyncBuffersHook
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch.nn.modules.batchnorm import _BatchNorm

from mmremix.datasets import RemixSampler, multimodal_collate
from mmremix.engine.one_modality import warn_of_one
from mmremix.utils.errors import ConfigError

if TYPE_CHECKING:
    from mmremix.engine.plan.plan_hook import PlanHook

_LOADER_LINES = (
    'Write in the config:\n'
    '    train_dataloader = dict(\n'
    "        sampler=dict(type='DefaultSampler', shuffle=True),\n"
    "        batch_sampler=dict(type='RemixSampler'),\n"
    '        ...)'
)


def check_train_setup(runner: Runner, hook: PlanHook) -> None:
    """Refuse a run whose epochs cannot be planned, before it trains.

    Raises:
        ConfigError: With the config lines that fix it.
    """
    kind = type(hook).__name__
    loop = runner.train_loop
    if not isinstance(loop, EpochBasedTrainLoop):
        raise ConfigError(
            f'{kind} re-plans the batches at each epoch, which '
            f'{type(loop).__name__} cannot do: it loads ahead. Write:\n'
            '    train_cfg = dict(by_epoch=True, max_epochs=60)'
        )
    others = [
        type(h).__name__
        for h in runner.hooks
        if h is not hook and hasattr(h, 'decide') and hasattr(h, 'items')
    ]
    if others:
        raise ConfigError(
            f'{kind} and {", ".join(others)} both decide what an epoch '
            'trains on; only one can. Write method_<name> = None to turn a '
            'method off, or take the hook out of custom_hooks.'
        )
    if hook.warmup_epochs >= loop.max_epochs:
        raise ConfigError(
            f'{kind}: warmup_epochs={hook.warmup_epochs}, but the run has '
            f'{loop.max_epochs} epochs: every one would be joint. Write:\n'
            f"    method_<name> = dict(plan=dict(type='{kind}', "
            f'warmup_epochs={max(loop.max_epochs // 6, 0)}))\n'
            'or a longer run:\n'
            '    train_cfg = dict(by_epoch=True, '
            f'max_epochs={6 * hook.warmup_epochs})\n'
            'or, to train jointly, leave the method out.'
        )
    sampler = runner.train_dataloader.batch_sampler
    if not isinstance(sampler, RemixSampler):
        raise ConfigError(
            f'{kind} hands its plan to a RemixSampler, but the batch sampler '
            f'is {type(sampler).__name__}. ' + _LOADER_LINES
        )
    _check_accumulation(runner.optim_wrapper, sampler)
    constant = sampler.tail == 'fixed' and sampler.passes == 1
    if not constant or hook.changes_size:
        _check_constant_length(runner, sampler, hook)
    mixes = sampler.joint_share > 0 or not sampler.decouple
    if not sampler.reassemble or (sampler.lacks and mixes):
        _check_mixed_batches(runner)
    if is_distributed():
        _check_distributed(runner)
    warn_of_one(runner, kind, sampler.modalities, 'method_<name> = None')


def keep_steps_whole(wrapper: OptimWrapper) -> None:
    """Let gradient accumulation know that no step is incomplete.

    mmengine looks for an incomplete last step where the length of the first
    epoch says that the run ends; the sampler leaves none.
    """
    if getattr(wrapper, '_accumulative_counts', 1) > 1:
        wrapper._max_counts = -1
        # A run begins and resumes between two steps, whatever it had as
        # accumulative_counts before.
        wrapper._inner_count = 0


def check_plans(sampler: RemixSampler) -> None:
    """Stop if the ranks are about to train on different modalities.

    One exchange an epoch; without it they would wait for each other for ever.

    Raises:
        RuntimeError: On every rank, with what each has planned.
    """
    if not is_distributed():
        return
    steps = sampler.epoch_groups()
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
        raise ConfigError(
            'RemixSampler(reassemble=False) mixes samples of different '
            f'modalities, which {getattr(collate, "__name__", collate)} '
            'cannot collate. Write in train_dataloader:\n'
            "    collate_fn=dict(type='mmremix.multimodal_collate'),"
        )


def _check_accumulation(wrapper: OptimWrapper, sampler: RemixSampler) -> None:
    """An optimiser step must not mix modalities."""
    counts = getattr(wrapper, '_accumulative_counts', 1)
    if counts != sampler.accumulation:
        raise ConfigError(
            f'The optimiser steps after {counts} batches, but RemixSampler '
            f'has groups of {sampler.accumulation} batches of one modality. '
            f'Write in the config:\n'
            f'    optim_wrapper = dict(accumulative_counts={counts})\n'
            '    train_dataloader = dict(batch_sampler=dict(\n'
            f"        type='RemixSampler', accumulation={counts}))"
        )


def _check_constant_length(
    runner: Runner, sampler: RemixSampler, hook: PlanHook
) -> None:
    """What counts iterations needs epochs of equal length."""
    fix = (
        f'Its epochs differ in length under {type(hook).__name__}, '
        f"tail='{sampler.tail}', passes={sampler.passes}. "
    )
    if not hook.changes_size:
        fix += (
            "Write:\n    batch_sampler=dict(type='RemixSampler', "
            "tail='fixed', passes=1)\nor let it count epochs: "
        )
    else:
        fix += 'Let it count epochs: '
    schedulers = runner.param_schedulers or []
    if isinstance(schedulers, dict):
        schedulers = [s for group in schedulers.values() for s in group]
    for scheduler in schedulers:
        if not scheduler.by_epoch:
            kind = type(scheduler).__name__
            raise ConfigError(
                f'{kind} counts iterations, which needs epochs of equal '
                f'length. {fix}param_scheduler=dict(type={kind!r}, '
                'by_epoch=True, ...)'
            )


def _check_distributed(runner: Runner) -> None:
    model = runner.model
    if not getattr(model, 'find_unused_parameters', True):
        raise ConfigError(
            'A masked encoder takes no part in a remix step, which '
            'DistributedDataParallel must be told. Write:\n'
            '    find_unused_parameters = True\n'
            'or, if you set it, model_wrapper_cfg=dict('
            "type='MMDistributedDataParallel', find_unused_parameters=True)"
        )
    has_bn = any(isinstance(m, _BatchNorm) for m in model.modules())
    has_hook = any(isinstance(h, SyncBuffersHook) for h in runner.hooks)
    if has_bn and not has_hook:
        raise ConfigError(
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
    begun = loop.iter - getattr(loop, 'done', 0)
    loop._max_iters = begun + remaining * len(loop.dataloader)
