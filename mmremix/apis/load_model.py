"""A trained model, and the names of its classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.model import BaseModel

from mmremix.apis.build_errors import build_errors_explained
from mmremix.engine.checkpoints.safe_loading import load_checkpoint_file
from mmremix.engine.watch.setup_check_hook import ORDER
from mmremix.registry import DATASETS, MODELS
from mmremix.utils.errors import ConfigError

_LISTED = 5


def load_model(
    model_cfg: Mapping[str, Any],
    checkpoint: str | None,
    device: str | torch.device = 'cpu',
) -> tuple[BaseModel, dict[str, Any]]:
    """Build a model and load all of its weights.

    Args:
        model_cfg: The config's ``model``.
        checkpoint: File; ``None`` leaves the random start.
        device: Where the model goes.

    Returns:
        The model in evaluation mode, and the checkpoint's ``meta``.

    Raises:
        ConfigError: If the model cannot be built, if the checkpoint is not
            one of this model, or if there is no such device.
        MmremixError: See
            :func:`~mmremix.engine.load_checkpoint_file`.
    """
    device = torch.device(device)
    if device.type == 'cuda' and not torch.cuda.is_available():
        raise ConfigError(
            f"device={str(device)!r}: torch sees no GPU. Write: device='cpu'"
        )
    # Compiling pays in training, and could not be exported.
    model_cfg = {k: v for k, v in model_cfg.items() if k != 'compile'}
    if checkpoint is None:
        return _build(model_cfg).to(device).eval(), {}
    loaded = load_checkpoint_file(checkpoint, map_location='cpu')
    meta = dict(loaded.get('meta') or {})
    model = _build(_in_order(model_cfg, meta.get(ORDER)))
    state = loaded.get('state_dict', loaded)
    _check_state(model.state_dict(), state, checkpoint)
    model.load_state_dict(state)
    return model.to(device).eval(), meta


def _build(model_cfg: Mapping[str, Any]) -> Any:
    with build_errors_explained({'model': model_cfg}):
        return MODELS.build(dict(model_cfg))


def class_names(
    dataset_cfg: Mapping[str, Any], meta: Mapping[str, Any], num_classes: int
) -> list[str]:
    """Names of the classes, by their index.

    Those that the checkpoint was trained with; else those of the config's
    data set (``classes``, ``metainfo`` or the data set's own). No clip and
    no annotation is read.

    Args:
        dataset_cfg: The config's ``test_dataloader.dataset``.
        meta: The checkpoint's ``meta``.
        num_classes: M of the model.

    Raises:
        ConfigError: If there are no names, or not M.
    """
    names = (meta.get('dataset_meta') or {}).get('classes')
    source = 'the checkpoint'
    if names is None:
        names = _classes_of(dataset_cfg)
        source = 'test_dataloader.dataset of the config'
    example = "test_dataloader = dict(dataset=dict(classes=['clap', 'shout']))"
    if not names:
        raise ConfigError(
            'Neither checkpoint nor config names the classes. Write in the '
            f'config, in index order:\n    {example}'
        )
    if len(names) != num_classes:
        raise ConfigError(
            f'{source} names {len(names)} classes, the model has '
            f'{num_classes}: {list(names)}. Write the right ones in the '
            f'config:\n    {example}'
        )
    return [str(name) for name in names]


def inference_dataset(cfg: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data set that a config tests with.

    Raises:
        ConfigError: If there is none, or without a pipeline.
    """
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    if not dataset.get('pipeline'):
        raise ConfigError(
            'The config has no test pipeline. Write:\n'
            '    test_dataloader = dict(dataset=dict(pipeline=[...]))'
        )
    return dataset


def _classes_of(cfg: Mapping[str, Any]) -> Any:
    names = cfg.get('classes') or (cfg.get('metainfo') or {}).get('classes')
    if isinstance(names, str):
        path = Path(cfg.get('data_root') or '', names)
        if not path.is_file():
            return None
        lines = path.read_text(encoding='utf-8-sig').splitlines()
        return [line.strip() for line in lines if line.strip()]
    if names:
        return names
    cls = cfg.get('type')
    if isinstance(cls, str):
        cls = DATASETS.get(cls)
    return getattr(cls, 'METAINFO', {}).get('classes')


def _in_order(
    model_cfg: dict[str, Any], names: list[str] | None
) -> dict[str, Any]:
    """Encoders as the checkpoint had them; mmengine prints them sorted."""
    encoders = model_cfg.get('encoders')
    if not names or not encoders or not set(names) <= set(encoders):
        return model_cfg
    # Those that are None build nothing.
    return {**model_cfg, 'encoders': {n: encoders[n] for n in names}}


def _check_state(
    wanted: Mapping[str, Any], found: Mapping[str, Any], checkpoint: str
) -> None:
    """Refuse what mmengine would only warn of: weights left at random."""
    problems = [f'{key} is missing' for key in wanted if key not in found]
    problems += [f'{key} is unknown' for key in found if key not in wanted]
    problems += [
        f'{key} is {tuple(found[key].shape)}, not {tuple(value.shape)}'
        for key, value in wanted.items()
        if key in found and found[key].shape != value.shape
    ]
    if problems:
        more = len(problems) - _LISTED
        raise ConfigError(
            f'{checkpoint} does not fit the model of the config:\n  '
            + '\n  '.join(problems[:_LISTED])
            + (f'\n  ... and {more} more' if more > 0 else '')
            + '\nTake the config that it was trained with; a copy lies in '
            'the work directory.'
        )
