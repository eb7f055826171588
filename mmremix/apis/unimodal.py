"""One modality's own run, and a joint run that starts from such runs."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, ConfigDict

from mmremix.apis.config_text import config_text as config_text
from mmremix.apis.methods import PREFIX
from mmremix.engine.checkpoints.files import damage, numbered
from mmremix.engine.checkpoints.safe_loading import load_checkpoint_file
from mmremix.engine.plan.plan_hook import PlanHook
from mmremix.registry import HOOKS
from mmremix.utils.whole_files import write_whole

ENCODERS = 'encoders.pth'
"""What the joint run of ``tools/unimodal.py`` starts from."""

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def without_methods(cfg: Config) -> Config:
    """A copy of a config, not yet applied, that trains without any method.

    Args:
        cfg: Of ``Config.fromfile``.
    """
    plain = copy.deepcopy(cfg)
    for key in [key for key in plain if key.startswith(PREFIX)]:
        plain.pop(key)
    plain.model.pop('methods', None)
    plain.custom_hooks = [
        hook for hook in plain.get('custom_hooks') or () if not _plans(hook)
    ]
    return plain


def modalities_of(cfg: Config) -> tuple[str, ...]:
    """Names of the modalities that the model of a config has."""
    return tuple(
        name
        for name, encoder in cfg.model.encoders.items()
        if encoder is not None
    )


def unimodal_config(cfg: Config, name: str) -> Config:
    """The config of one modality alone, from that of the joint model.

    Encoder, data, optimiser and schedule are those of the joint config; on
    the encoder is one linear head. The balancing methods are left out.

    Args:
        cfg: Of ``Config.fromfile``; stays as it is.
        name: The modality.

    Raises:
        ValueError: If the model has no such modality.
    """
    if name not in modalities_of(cfg):
        raise ValueError(
            f'The model of the config has the modalities {modalities_of(cfg)}'
            f', and no {name!r}.'
        )
    alone = without_methods(cfg)
    alone.model.encoders = {name: alone.model.encoders[name]}
    alone.model.fusion = {'type': 'ConcatFusionHead'}
    alone.model.unimodal = 'fusion'
    # Those of the joint model may name other modalities, or no fused loss.
    alone.model.pop('loss_weights', None)
    for dataset in _datasets(alone):
        dataset['modalities'] = [name]
    alone.load_from = None
    alone.resume = False
    return alone


def joint_config(cfg: Config, encoders: str | Path) -> Config:
    """The joint config, starting from encoders that were trained alone.

    Args:
        cfg: Of ``Config.fromfile``; stays as it is.
        encoders: File of :func:`gather_encoders`.
    """
    joint = copy.deepcopy(cfg)
    joint.load_from = str(encoders)
    joint.resume = False
    return joint


def gather_encoders(
    checkpoints: Mapping[str, str | Path], target: str | Path
) -> None:
    """Put the encoders of unimodal checkpoints into one file.

    Heads, optimiser states and statistics of the input are left out.

    Args:
        checkpoints: Checkpoint of each modality.
        target: File to write, for ``load_from``.

    Raises:
        ValueError: If a checkpoint has no encoder of its modality.
    """
    found: dict[str, Any] = {}
    for name, path in checkpoints.items():
        loaded = load_checkpoint_file(str(path), map_location='cpu')
        state = loaded.get('state_dict', loaded)
        prefix = f'encoders.{name}.'
        own = {k: v for k, v in state.items() if k.startswith(prefix)}
        if not own:
            raise ValueError(
                f'{path} has no weights {prefix}*. Name a checkpoint of a '
                f'model with the modality {name!r}.'
            )
        found.update(own)
    content = io.BytesIO()
    torch.save({'state_dict': found, 'meta': {}}, content)
    write_whole(target, content.getvalue())


def last_epoch(work_dir: str | Path) -> tuple[int, Path] | None:
    """Number and file of the newest undamaged checkpoint of a run."""
    for number, path in numbered(work_dir, 'epoch_{}.pth').items():
        if damage(path) is None:
            return number, path
    return None


def _datasets(cfg: Config) -> Iterator[ConfigDict]:
    """Every data set that has modalities, also within wrappers."""
    todo = [(cfg.get(key) or {}).get('dataset') for key in _LOADERS]
    while todo:
        dataset = todo.pop()
        if dataset is None:
            continue
        inner = [dataset.get('dataset'), *(dataset.get('datasets') or ())]
        if any(x is not None for x in inner):
            todo += inner
        else:
            yield dataset


def _plans(hook: Mapping[str, Any]) -> bool:
    kind = hook.get('type')
    cls = HOOKS.get(kind) if isinstance(kind, str) else kind
    return isinstance(cls, type) and issubclass(cls, PlanHook)
