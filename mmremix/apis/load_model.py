"""A trained model, and the names of its classes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModel

from mmremix.apis.build_errors import build_errors_explained
from mmremix.apis.row_pipeline import has_rows
from mmremix.engine.checkpoints.recipe import RECIPE, recipe_warning
from mmremix.engine.checkpoints.safe_loading import load_checkpoint_file
from mmremix.engine.checkpoints.weights import check_weights, without_methods
from mmremix.engine.watch.setup_check_hook import ORDER
from mmremix.registry import DATASETS, MODELS
from mmremix.utils.errors import ConfigError


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
    # Compiling pays in training, and could not be exported. Methods act in
    # training only.
    left_out = ('compile', 'methods')
    model_cfg = {k: v for k, v in model_cfg.items() if k not in left_out}
    if checkpoint is None:
        return _build(model_cfg).to(device).eval(), {}
    loaded = load_checkpoint_file(checkpoint, map_location='cpu')
    meta = dict(loaded.get('meta') or {})
    model = _build(_in_order(model_cfg, meta.get(ORDER)))
    state = loaded.get('state_dict', loaded)
    check_weights(model.state_dict(), state, checkpoint)
    model.load_state_dict(without_methods(state))
    return model.to(device).eval(), meta


def _build(model_cfg: Mapping[str, Any]) -> Any:
    with build_errors_explained({'model': model_cfg}):
        return MODELS.build(dict(model_cfg))


def note_other_config(
    cfg: Mapping[str, Any], meta: Mapping[str, Any], checkpoint: str
) -> None:
    """Warn if a checkpoint was trained with another config or other classes.

    Fusion heads, and inputs that were made otherwise, often have the same
    names and shapes of weights.

    Args:
        cfg: The config.
        meta: The checkpoint's ``meta``.
        checkpoint: Its file.
    """
    stored = meta.get(RECIPE)
    if isinstance(stored, Mapping):
        warning = recipe_warning(checkpoint, stored, cfg)
        if warning:
            print_log(warning, 'current', level=logging.WARNING)
    else:
        print_log(
            f'{checkpoint} does not say what it was trained with (an earlier '
            'version wrote it): fusion and recipe are not compared.',
            'current',
        )
    trained = (meta.get('dataset_meta') or {}).get('classes')
    ours = _classes_of(inference_dataset(cfg))
    if trained and ours and list(map(str, ours)) != list(map(str, trained)):
        print_log(
            f'{checkpoint} was trained with other classes than the config '
            f'names; those of the checkpoint are used: {list(trained)}, not '
            f'{list(ours)}.',
            'current',
            level=logging.WARNING,
        )


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
    # Rows of arrays and tables have a default one.
    if not dataset.get('pipeline') and not has_rows(dataset):
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
