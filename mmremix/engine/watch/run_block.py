"""What a run is, in a few lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.runner import Runner
from torch import nn

from mmremix.engine.plan.plan_hook import plan_hook
from mmremix.engine.unwrap import unwrap


def run_block(runner: Runner, mode: str) -> str:
    """Data, model, method, device and log of a run, a line each.

    Args:
        runner: Whose loops of this mode are built.
        mode: ``'train'`` or ``'test'``.
    """
    config = runner.cfg.filename
    lines = [('config', short_path(config))] if config else []
    if mode == 'train':
        lines += [
            ('data', _train_data(runner)),
            ('model', _model(runner)),
            ('method', _method(runner)),
            ('training', _schedule(runner)),
        ]
    else:
        lines += [
            ('data', _data(runner.test_dataloader.dataset, 'to test')),
            ('model', _model(runner)),
            (
                'weights',
                short_path(runner._load_from or 'none: a random start'),
            ),
        ]
    lines.append(('device', _device(runner)))
    if runner.logger.log_file:
        lines.append(('log', short_path(runner.logger.log_file)))
    return '\n'.join(f'{name:<9} {text}' for name, text in lines)


def short_path(path: str) -> str:
    """Relative to where the command was given, if it is below."""
    absolute = Path(path).absolute()
    here = Path.cwd()
    if absolute.is_relative_to(here):
        return str(absolute.relative_to(here))
    return path


def _train_data(runner: Runner) -> str:
    parts = [_data(runner.train_dataloader.dataset, 'to train')]
    if runner.val_loop is not None:
        count = len(runner.val_dataloader.dataset)
        parts.append(f'{count} to validate')
    classes = (getattr(runner.train_dataloader.dataset, 'metainfo', {})).get(
        'classes'
    )
    if classes:
        parts.append(f'{len(classes)} classes')
    return ', '.join(parts)


def _data(dataset: Any, purpose: str) -> str:
    root = getattr(dataset, 'data_root', '') or getattr(
        dataset, 'ann_file', ''
    )
    place = f' {short_path(str(root))}' if root else ''
    kind = type(dataset).__name__
    return f'{kind}{place}: {len(dataset)} samples {purpose}'


def _model(runner: Runner) -> str:
    model = unwrap(runner.model)
    count = sum(p.numel() for p in model.parameters())
    return ', '.join([*_parts(runner, model), f'{_number(count)} parameters'])


def _parts(runner: Runner, model: nn.Module) -> Iterator[str]:
    encoders = getattr(model, 'encoders', None)
    if not isinstance(encoders, nn.ModuleDict):
        yield type(model).__name__
        return
    written = (runner.cfg.get('model') or {}).get('encoders') or {}
    for name, encoder in encoders.items():
        # What is written; the module may be a wrapper of it.
        kind = (written.get(name) or {}).get('type', type(encoder).__name__)
        yield f'{name} {kind if isinstance(kind, str) else kind.__name__}'
    fusion = getattr(model, 'fusion', None)
    if fusion is not None:
        yield type(fusion).__name__


def _number(count: int) -> str:
    if count >= 1e6:
        return f'{count / 1e6:.1f} million'
    return f'{count:,}'


def methods_of(runner: Runner) -> list[str]:
    """Names of the balancing methods of a run; none in joint training."""
    names = list(runner.cfg.get('methods') or ())
    names += [n for n in _steps(runner) if n not in names]
    hook = plan_hook(runner)
    return names if names or hook is None else [hook.title]


def _method(runner: Runner) -> str:
    shown = ', '.join(methods_of(runner)) or 'none: joint training'
    hook = plan_hook(runner)
    if hook is None:
        return shown
    return f'{shown}, {_times(hook.warmup_epochs, "epoch")} of warm-up'


def _steps(runner: Runner) -> list[str]:
    return list(getattr(unwrap(runner.model), 'methods', ()) or ())


def _schedule(runner: Runner) -> str:
    loader = runner.train_dataloader
    sampler = getattr(loader, 'batch_sampler', None)
    size = getattr(sampler, 'batch_size', loader.batch_size)
    ranks = get_world_size()
    each = f'{ranks} x {size}' if ranks > 1 else f'{size}'
    wrapper = runner.optim_wrapper
    optimizer = getattr(wrapper, 'optimizer', None)
    if optimizer is None:
        how = type(wrapper).__name__
    else:
        rate = optimizer.param_groups[0]['lr']
        how = f'{type(optimizer).__name__}, learning rate {rate:g}'
    return f'{_times(runner.max_epochs, "epoch")}, batches of {each}, {how}'


def _times(count: int, what: str) -> str:
    return f'{count} {what}' if count == 1 else f'{count} {what}s'


def _device(runner: Runner) -> str:
    device = next(unwrap(runner.model).parameters()).device
    if device.type == 'cuda':
        name = torch.cuda.get_device_name(device)
    else:
        name = f'CPU, {_times(torch.get_num_threads(), "thread")}'
        name += f' of {os.cpu_count()}' if os.cpu_count() else ''
    ranks = get_world_size()
    return f'{name}, {ranks} processes' if ranks > 1 else name
