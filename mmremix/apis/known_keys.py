"""Which keys of a config are read, by mmengine and by mmremix."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.runner import (
    EpochBasedTrainLoop,
    IterBasedTrainLoop,
    Runner,
    TestLoop,
    ValLoop,
)
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.utils.data import DataLoader

ALLOW = 'allow_unknown_keys'
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# What mmengine and mmremix read from a config beside the runner's arguments.
_READ = (
    *('activation_checkpointing', 'compile', 'custom_imports'),
    *('efficient_conv_bn_eval', 'find_unused_parameters'),
    *('model_wrapper_cfg', 'runner_type', 'strategy', 'sync_bn'),
    *('tta_model', 'tta_pipeline', 'methods', 'held_out', ALLOW),
)
# Variables that most configs have, and that look like `tta_pipeline`.
USUAL = ('train_pipeline', 'val_pipeline', 'test_pipeline')
# Names of other frameworks, and of mmcv 1, with the place they mean here.
ELSEWHERE = {
    'batch_size': 'train_dataloader.batch_size',
    'checkpoint_config': 'default_hooks.checkpoint',
    'data': 'train_dataloader',
    'epochs': 'train_cfg.max_epochs',
    'evaluation': 'val_evaluator',
    'hooks': 'custom_hooks',
    'log_config': 'default_hooks.logger',
    'lr': 'optim_wrapper.optimizer.lr',
    'lr_config': 'param_scheduler',
    'max_epochs': 'train_cfg.max_epochs',
    'num_workers': 'train_dataloader.num_workers',
    'optimizer': 'optim_wrapper.optimizer',
    'optimizer_config': 'optim_wrapper',
    'resume_from': 'load_from',
    'scheduler': 'param_scheduler',
    'seed': 'randomness.seed',
    'total_epochs': 'train_cfg.max_epochs',
}


def names_of(*callables: Any) -> set[str]:
    """Names of the arguments that any of these takes."""
    return {
        name
        for each in callables
        for name, given in inspect.signature(each).parameters.items()
        if name != 'self' and given.kind not in (given.VAR_KEYWORD,)
    }


_LOADER = names_of(DataLoader.__init__) | {
    *('dataset', 'num_batch_per_epoch', 'disable_subprocess_warning'),
}
_RUNNING = {'runner', 'dataloader', 'evaluator'}
# Dicts without a type: nobody's constructor would complain about these.
PLAIN: dict[str, set[str]] = {
    **dict.fromkeys(LOADERS, _LOADER),
    'train_cfg': names_of(
        EpochBasedTrainLoop.__init__, IterBasedTrainLoop.__init__
    )
    - _RUNNING
    | {'by_epoch'},
    'val_cfg': names_of(ValLoop.__init__) - _RUNNING,
    'test_cfg': names_of(TestLoop.__init__) - _RUNNING,
    'randomness': names_of(Runner.set_randomness),
    'auto_scale_lr': {'enable', 'base_batch_size'},
    'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    'env_cfg.mp_cfg': {'mp_start_method', 'opencv_num_threads'},
    'optim_wrapper.clip_grad': names_of(clip_grad_norm_, clip_grad_value_)
    - {'parameters'}
    | {'type'},
    'optim_wrapper.paramwise_cfg': {
        *('custom_keys', 'bias_lr_mult', 'bias_decay_mult'),
        *('norm_decay_mult', 'flat_decay_mult', 'dwconv_decay_mult'),
        *('dcn_offset_lr_mult', 'bypass_duplicate'),
    },
}


def known_keys() -> set[str]:
    """Keys at the top level of a config that have a meaning."""
    runner = names_of(Runner.__init__) - {'cfg'}
    return {*runner, *_READ, *USUAL}


def nearest(key: str, known: Collection[str], cutoff: float = 0.6) -> str:
    """The known name that is most like a key, or nothing."""
    lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(key.lower(), lower, 1, cutoff)
    return lower[found[0]] if found else ''


def did_you_mean(key: str, known: Collection[str]) -> str:
    """A sentence that names what is near, or else all."""
    near = nearest(key, known)
    if near:
        return f'Did you mean {near}?'
    return f'Known are: {", ".join(sorted(known))}.'


def value_at(cfg: Mapping[str, Any], path: str) -> Any:
    """What stands at a dotted path, or ``None``."""
    value: Any = cfg
    for key in filter(None, path.split('.')):
        if not isinstance(value, (Mapping, Config)):
            return None
        value = value.get(key)
    return value


def walk(value: Any, path: str = '') -> Iterator[tuple[str, Any]]:
    """All values within a config, with their dotted paths."""
    inner: Any = ()
    if isinstance(value, (Mapping, Config)):
        inner = value.items()
    elif isinstance(value, Sequence) and not isinstance(value, str):
        inner = enumerate(value)
    for key, part in inner:
        here = f'{path}.{key}' if path else str(key)
        yield here, part
        yield from walk(part, here)


def short(value: Any, length: int = 60) -> str:
    """A value on one line."""
    text = repr(value)
    return text if len(text) <= length else f'{text[: length - 3]}...'
