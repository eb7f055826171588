"""The runs that a study asks for."""

from __future__ import annotations

import copy
import hashlib
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmremix.apis.check_keys import check_options
from mmremix.apis.config_file import read_config
from mmremix.apis.config_shape import check_shape
from mmremix.apis.held_out import apply_held_out
from mmremix.apis.launch import load_config
from mmremix.apis.methods import PREFIX, apply_methods
from mmremix.apis.unimodal import (
    config_text,
    modalities_of,
    unimodal_config,
)
from mmremix.study.records import Record
from mmremix.study.study_file import Method, Study, find
from mmremix.utils.errors import ConfigError
from mmremix.utils.whole_files import write_whole

LEARNING_RATE = 'optim_wrapper.optimizer.lr'
# Where data lies and how it is loaded changes no result.
_INCIDENTAL = re.compile(
    r"'(data_root|num_workers|persistent_workers|prefetch_factor|pin_memory)'"
    r': [^,}]+,?'
)


@dataclass(frozen=True)
class Task:
    """One run, as plain values: a worker process gets it.

    Attributes:
        config: File of the setting and method.
        work_dir: Of the run.
        options: Seed, learning rate and fold, by dotted names.
        record: What is known of the run before it.
        choose_by: See :class:`Study`.
        group: Column of the groups, for the predictions.
        num_workers: See :class:`Study`.
        checkpoint_interval: See :class:`Study`.
        keep: See :class:`Study`.
        needs: Work directories of the runs whose encoders it starts from,
            by modality.
        keep_encoder: Whether others start from its encoder.
    """

    config: str
    work_dir: str
    options: dict[str, Any]
    record: Record
    choose_by: str | None
    group: str | None
    num_workers: int
    checkpoint_interval: int
    keep: bool
    needs: dict[str, str] = field(default_factory=dict)
    keep_encoder: bool = False


def plan(study: Study, root: str | Path, versions: Record) -> list[Task]:
    """Every run of a study, seed by seed.

    Args:
        study: The study.
        root: Folder of all work directories. The configs are written there.
        versions: What every record says of the software.

    Raises:
        ConfigError: For a config that cannot be read or has other keys.
    """
    tasks = []
    # Read once: mmengine reports each time which variables it has filled in.
    joint = read_config(study.base)
    for setting, variant in study.variants.items():
        alone: dict[str, Path] = {}
        # Those that start from others come after them.
        for method in sorted(study.methods, key=lambda m: m.from_unimodal):
            if method.only and setting not in method.only:
                continue
            place = Path(root, setting, method.name)
            text = method_config(study, method, variant, joint)
            digest = hashlib.sha256(_INCIDENTAL.sub('', text).encode())
            needs = {}
            if method.from_unimodal:
                needs = _predecessors(method, modalities_of(joint), alone)
                names = [f'{n} {path.name}' for n, path in needs.items()]
                digest.update(' '.join(names).encode())
            folder = place / digest.hexdigest()[:8]
            config = folder / 'config.py'
            write_whole(config, text.encode())
            if method.unimodal is not None:
                alone.setdefault(method.unimodal, folder)
            tasks += [
                _task(
                    study, setting, method, seed, lr, config, needs, versions
                )
                for seed in study.seeds
                for lr in study.learning_rates
            ]
            _check(tasks[-1])
    # What is compared is known after the first seed.
    return sorted(tasks, key=lambda t: study.seeds.index(t.record['seed']))


def method_config(
    study: Study, method: Method, variant: Mapping[str, Any], joint: Config
) -> str:
    """The config of a method in a setting, as a file.

    Args:
        study: The study.
        method: One of its methods.
        variant: Options of the setting.
        joint: The study's base; stays as it is.

    Raises:
        ConfigError: For options that do not fit, or if no samples are held
            out.
    """
    cfg = copy.deepcopy(joint)
    # A method that was turned off in the base is not in the way of one here.
    for key in [k for k in cfg if k.startswith(PREFIX) and cfg[k] is None]:
        cfg.pop(key)
    for name in method.bases:
        folder = Path(study.base).parent
        part = read_config(str(find(name, study.folder, folder)))
        cfg.merge_from_dict(part.to_dict())
    shared = {**study.options, **variant}
    check_options(cfg, shared)
    cfg.merge_from_dict(shared)
    if method.unimodal is not None:
        names = modalities_of(cfg)
        if method.unimodal not in names:
            raise ConfigError(
                f'The method {method.name} of the study has unimodal='
                f'{method.unimodal!r}, and the modalities of {study.base} '
                f'are {list(names)}. Write: {method.name}=dict('
                f'unimodal={names[0]!r})'
            )
        cfg = unimodal_config(cfg, method.unimodal)
    # It changes no result, and the hash not either.
    if cfg.get('default_hooks'):
        cfg.default_hooks.pop('diagnosis', None)
    check_options(cfg, method.options)
    cfg.merge_from_dict(dict(method.options))
    # Wrong combinations are better found now than by each run.
    apply_methods(cfg)
    tried = copy.deepcopy(cfg)
    if study.held_out is not None:
        tried.held_out = {**study.held_out, 'fold': 0}
        apply_held_out(tried)
    if tried.get('val_dataloader') is None:
        raise ConfigError(
            f'{study.base} holds no samples out, by which a study chooses '
            "epochs. Write in the study: held_out = dict(by='subject', "
            'folds=5)'
        )
    return config_text(cfg)


def config_of(task: Task) -> Config:
    """The config of a run, without what the run itself will warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return load_config(
            task.config, cfg_options=task.options, work_dir=task.work_dir
        )


def _check(task: Task) -> None:
    """Refuse what the run would refuse before it builds anything."""
    try:
        check_shape(config_of(task), training=True)
    except ConfigError as error:
        method, setting = task.record['method'], task.record['setting']
        raise ConfigError(
            f'The method {method} in the setting {setting}: {error}'
        ) from error


def _predecessors(
    method: Method, modalities: Sequence[str], alone: Mapping[str, Path]
) -> dict[str, Path]:
    missing = [name for name in modalities if name not in alone]
    if missing or method.unimodal is not None:
        raise ConfigError(
            f'The method {method.name} starts from unimodal runs, and this '
            f'study has none of {missing or "its own kind"}. Write in the '
            'study: unimodal = True'
        )
    return {name: alone[name] for name in modalities}


def _task(
    study: Study,
    setting: str,
    method: Method,
    seed: int,
    lr: float,
    config: Path,
    needs: Mapping[str, Path],
    versions: Record,
) -> Task:
    options: dict[str, Any] = {
        LEARNING_RATE: lr * method.lr_scale,
        'randomness.seed': seed,
    }
    fold, folds = None, {}
    if study.held_out is not None:
        fold, folds = study.fold(seed), {'folds': study.num_folds}
        options['held_out'] = {**study.held_out, 'fold': fold}
    record: Record = {
        'study': study.name,
        'setting': setting,
        'method': method.name,
        'seed': seed,
        'lr': lr,
        'config': config.parent.name,
        'fold': fold,
        **folds,
        'base': Path(study.base).stem,
        **({'modality': method.unimodal} if method.unimodal else {}),
        **versions,
    }
    run = f'seed{seed}_lr{lr:g}'
    return Task(
        config=str(config),
        work_dir=str(config.parent / run),
        options=options,
        record=record,
        choose_by=study.choose_by,
        group=(study.held_out or {}).get('by'),
        num_workers=study.num_workers,
        checkpoint_interval=study.checkpoint_interval,
        keep=study.keep,
        needs={name: str(path / run) for name, path in needs.items()},
        keep_encoder=method.unimodal is not None
        and any(other.from_unimodal for other in study.methods),
    )
