"""Refuse configs that lack a part, or have the wrong kind of value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config

from mmremix.apis.known_keys import LOADERS, short, value_at
from mmremix.utils.errors import ConfigError

_PARTS = {
    'train': ('train_dataloader', 'train_cfg', 'optim_wrapper'),
    'val': ('val_dataloader', 'val_cfg', 'val_evaluator'),
    'test': ('test_dataloader', 'test_cfg', 'test_evaluator'),
}
_LINES = {
    'train_cfg': 'dict(by_epoch=True, max_epochs=60)',
    'val_cfg': 'dict()',
    'test_cfg': 'dict()',
    'optim_wrapper': "dict(type='OptimWrapper', "
    "optimizer=dict(type='Adam', lr=1e-3))",
    'val_evaluator': "dict(type='MultimodalAccuracy')",
    'test_evaluator': "dict(type='MultimodalAccuracy')",
}
_DICTS = (
    *('model', 'data_preprocessor', 'train_cfg', 'val_cfg', 'test_cfg'),
    *LOADERS,
    *('optim_wrapper', 'default_hooks', 'env_cfg', 'log_processor'),
    *('randomness', 'auto_scale_lr', 'visualizer', 'model_wrapper_cfg'),
    *('model.encoders', 'model.fusion', 'model.methods', 'model.loss'),
    *('model.data_preprocessor', 'model.loss_weights'),
    *(
        f'{loader}.{key}'
        for loader in LOADERS
        for key in (
            'dataset',
            'sampler',
            'batch_sampler',
        )
    ),
    'optim_wrapper.optimizer',
)
_LEVELS = ('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL', 'NOTSET')
_POSITIVE = (
    *(f'{loader}.batch_size' for loader in LOADERS),
    *('train_cfg.max_epochs', 'train_cfg.max_iters'),
    *('train_cfg.val_interval', 'model.num_classes'),
)


# Those of mmengine, which can be turned off with None.
_DEFAULT_HOOKS = (
    *('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler'),
    'checkpoint',
)


def check_shape(cfg: Config, *, training: bool) -> None:
    """Refuse a config before anything is built or written.

    Args:
        cfg: The config.
        training: Whether it must be able to train.

    Raises:
        ConfigError: Naming the key, its value and the lines to write.
    """
    if cfg.get('model') is None:
        raise ConfigError(
            'The config has no model. Write: model = dict('
            "type='AVRecognizer', ...)"
        )
    for path in _DICTS:
        _check_dict(path, value_at(cfg, path))
    for name, parts in _PARTS.items():
        _check_part(cfg, name, parts, needed=training and name == 'train')
    for path in _POSITIVE:
        _check_positive(cfg, path)
    _check_encoders(cfg)
    level = cfg.get('log_level', 'INFO')
    if level not in _LEVELS:
        raise ConfigError(
            f'log_level must be one of {_LEVELS}, got {level!r}. Write: '
            "log_level = 'INFO'"
        )
    for loader in LOADERS:
        _check_loader(cfg, loader)
    train_cfg = cfg.get('train_cfg')
    plain = isinstance(train_cfg, Mapping) and train_cfg.get('type') is None
    if plain and 'by_epoch' not in train_cfg:
        raise ConfigError(
            f'train_cfg = {short(train_cfg)} says neither by_epoch nor type. '
            f'Write: train_cfg = {_LINES["train_cfg"]}'
        )
    if cfg.get('optim_wrapper') is None and cfg.get('param_scheduler'):
        raise ConfigError(
            'param_scheduler is set without an optim_wrapper to act on. '
            'Write: param_scheduler = None'
        )


def complete(cfg: Config) -> None:
    """Fill in what mmengine asks for.

    Args:
        cfg: Changed in place.
    """
    cfg.randomness = {'seed': None, **(cfg.get('randomness') or {})}
    if cfg.get('env_cfg') is None:
        cfg.env_cfg = {'dist_cfg': {'backend': 'nccl'}}
    if cfg.get('work_dir') is None:
        cfg.work_dir = 'work_dirs'
    for loader in map(cfg.get, LOADERS):
        # mmengine's own leaves every tensor by itself.
        if isinstance(loader, dict):
            loader.setdefault(
                'collate_fn', {'type': 'mmremix.multimodal_collate'}
            )
    # mmengine takes None for its own hooks only.
    for name, hook in dict(cfg.get('default_hooks') or {}).items():
        if hook is None and name not in _DEFAULT_HOOKS:
            cfg.default_hooks.pop(name)


def _check_dict(path: str, value: Any) -> None:
    """Built objects are welcome; plain values are not."""
    if isinstance(value, str | int | float | list | tuple):
        hint = ''
        items = value if isinstance(value, list | tuple) else ()
        if len(items) == 1 and isinstance(items[0], Mapping):
            hint = ' Take it out of the list.'
        raise ConfigError(
            f'{path} must be a dict, got {type(value).__name__} '
            f'{short(value)}.{hint} Write: {path} = dict(...)'
        )


def _check_part(
    cfg: Config, name: str, parts: Sequence[str], needed: bool
) -> None:
    lacking = [part for part in parts if cfg.get(part) is None]
    if not lacking or (len(lacking) == len(parts) and not needed):
        return
    lines = [
        f'    {part} = {_LINES.get(part, "dict(batch_size=..., dataset=...)")}'
        for part in lacking
    ]
    others = [part for part in parts if part not in lacking]
    out = (
        ''
        if needed
        else (
            '\nor turn it off:\n'
            + '\n'.join(f'    {part} = None' for part in others)
        )
    )
    raise ConfigError(
        f'To {"validate" if name == "val" else name}, a config needs '
        f'{", ".join(parts)}; this one lacks {", ".join(lacking)}. Write:\n'
        + '\n'.join(lines)
        + out
    )


def _check_positive(cfg: Config, path: str) -> None:
    parent = value_at(cfg, path.rpartition('.')[0])
    if not isinstance(parent, Mapping) or path.split('.')[-1] not in parent:
        return
    value = value_at(cfg, path)
    if path == 'model.num_classes' and 'encoders' not in parent:
        return  # no model of ours
    whole = isinstance(value, int) and not isinstance(value, bool)
    # A loader without batch_size has a batch sampler that knows it.
    if value is None and path.endswith('batch_size'):
        return
    if not whole or value < 1:
        raise ConfigError(
            f'{path} must be a whole number from 1, got {value!r}. Write, '
            f'for example: {path}=2'
        )


def _check_encoders(cfg: Config) -> None:
    encoders = value_at(cfg, 'model.encoders')
    if not isinstance(encoders, Mapping):
        return
    if all(encoder is None for encoder in encoders.values()):
        raise ConfigError(
            f'model.encoders = {encoders!r} has no encoder. Write: '
            "model=dict(encoders=dict(video=dict(type='ResNet', depth=18)))"
        )
    for name, encoder in encoders.items():
        _check_dict(f'model.encoders.{name}', encoder)


def _check_loader(cfg: Config, name: str) -> None:
    loader = cfg.get(name)
    if not isinstance(loader, Mapping):
        return
    if loader.get('dataset') is None:
        raise ConfigError(
            f'{name} has no dataset. Write: {name} = dict(dataset=dict('
            "type='AVDataset', data_root=..., ann_file=..., pipeline=[...]))"
        )
    # mmengine goes through the samples in their order then, on every rank.
    training = name == 'train_dataloader'
    orders = ('sampler', 'batch_sampler', *['shuffle'] * training)
    alone = cfg.get('launcher', 'none') == 'none'
    if not any(loader.get(key) for key in orders) and (training or not alone):
        raise ConfigError(
            f'{name} has no sampler. Write: {name} = dict(sampler=dict('
            f"type='DefaultSampler', shuffle={training}))"
        )
    dataset = loader['dataset']
    pipeline = (
        dataset.get('pipeline', ()) if isinstance(dataset, Mapping) else ()
    )
    if not isinstance(pipeline, list | tuple):
        raise ConfigError(
            f'{name}.dataset.pipeline must be a list of transforms, got '
            f"{short(pipeline)}. Write: pipeline=[dict(type='ForModality', "
            "...), dict(type='PackAVInputs')]"
        )
    batches = loader.get('num_batch_per_epoch')
    if batches is not None:
        count = batches * (loader.get('batch_size') or 1)
        raise ConfigError(
            f'{name}.num_batch_per_epoch={batches}: mmengine then takes the '
            f'first {count} samples (on each rank), the same in every epoch, '
            'behind the back of scoring and of the checks of the data. Say '
            f'so in the data set instead, or leave it out:\n    {name} = dict('
            f'num_batch_per_epoch=None, dataset=dict(indices={count}))'
        )
    if not loader.get('num_workers'):
        for key in ('persistent_workers', 'prefetch_factor'):
            if loader.get(key):
                off = {'persistent_workers': False}.get(key)
                raise ConfigError(
                    f'{name}.{key}={loader[key]} needs workers, and '
                    f'num_workers={loader.get("num_workers", 0)}. Write:\n'
                    f'    {name} = dict({key}={off})\n'
                    f'    {name} = dict(num_workers=2)'
                )
