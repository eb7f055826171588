"""A study's file, and the runs that it asks for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmremix.apis.check_keys import check_options
from mmremix.apis.config_file import read_config
from mmremix.apis.known_keys import nearest
from mmremix.apis.methods import apply_methods
from mmremix.apis.unimodal import config_text, modalities_of, unimodal_config
from mmremix.study.records import Record
from mmremix.utils.errors import ConfigError
from mmremix.utils.plain_config import config_from_file
from mmremix.utils.whole_files import write_whole

LEARNING_RATE = 'optim_wrapper.optimizer.lr'
_NAME = re.compile(r'[\w.-]+')
# Where data lies and how it is loaded changes no result.
_INCIDENTAL = re.compile(
    r"'(data_root|num_workers|persistent_workers|prefetch_factor|pin_memory)'"
    r': [^,}]+,?'
)


@dataclass(frozen=True)
class Method:
    """One of the methods that are compared.

    Attributes:
        name: In the tables.
        bases: Config files that join ``_base_``.
        options: Config options, by dotted names.
        unimodal: Train this modality alone instead.
        lr_scale: Its learning rates are the study's times this.
        only: Settings that it is run in; all, if empty.
    """

    name: str
    bases: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    unimodal: str | None = None
    lr_scale: float = 1.0
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """A study: see docs/study.md.

    Attributes:
        name: Of the file.
        base: Config of the joint model.
        methods: What is compared.
        seeds: Of each method.
        learning_rates: The tries, the same number for every method.
        variants: Config options of each setting, by its name.
        held_out: ``by`` and ``folds``; the fold is ``seed % folds``.
        options: Config options of all runs.
        choose_by: Metric on the held-out samples that chooses the epoch.
        reference: Method that the others are compared with.
        num_workers: Of every data loader.
        checkpoint_interval: Epochs between two checkpoints to resume from.
        keep: Whether the weights stay after a run.
        folder: Of the file; files are looked for from here on.
    """

    name: str
    base: str
    methods: tuple[Method, ...]
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    learning_rates: tuple[float, ...] = (1e-3, 3e-4)
    variants: Mapping[str, Mapping[str, Any]] = field(
        default_factory=lambda: {'full': {}}
    )
    held_out: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    choose_by: str = 'acc/fusion_top1'
    reference: str = 'joint'
    num_workers: int = 0
    checkpoint_interval: int = 5
    keep: bool = False
    folder: Path = Path()


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
    """

    config: str
    work_dir: str
    options: dict[str, Any]
    record: Record
    choose_by: str
    group: str | None
    num_workers: int
    checkpoint_interval: int
    keep: bool


def load_study(
    path: str | Path, options: Mapping[str, Any] | None = None
) -> Study:
    """Read a study.

    Args:
        path: Its file.
        options: Of ``--cfg-options``; win over the file's.

    Raises:
        ConfigError: For keys that are unknown, missing or of a wrong kind.
    """
    if not Path(path).is_file():
        raise ConfigError(f'There is no study {path}.')
    cfg = config_from_file(str(path), True)
    cfg.merge_from_dict(dict(options or {}))
    given: dict[str, Any] = cfg.to_dict()
    known = set(Study.__dataclass_fields__) - {'folder'} | {'epochs'}
    known |= {'unimodal'}
    for key in given:
        if key not in known:
            near = nearest(key, known)
            raise ConfigError(
                f'The study {path} has {key}={given[key]!r}; its keys are '
                f'{sorted(known)}.' + (f' Did you mean {near}?' * bool(near))
            )
    for key in ('base', 'methods'):
        if not given.get(key):
            raise ConfigError(
                f'The study {path} has no {key}. Write:\n'
                "    base = 'configs/joint_demo_concat.py'\n"
                '    methods = dict(joint=dict(), remix=dict('
                "bases=['_base_/methods/remix.py']))"
            )
    folder = Path(path).resolve().parent
    base = find(given['base'], folder)
    alone = given.pop('unimodal', False)
    methods = [_method(n, m) for n, m in given.pop('methods').items()]
    if alone:
        names = modalities_of(read_config(str(base)))
        methods += [Method(f'unimodal_{n}', unimodal=n) for n in names]
    shared = dict(given.pop('options', None) or {})
    if 'epochs' in given:
        shared['train_cfg.max_epochs'] = given.pop('epochs')
    for key in ('seeds', 'learning_rates'):
        if key in given:
            given[key] = _several(key, given[key])
    given.setdefault('name', Path(path).stem)
    study = Study(
        **{
            'reference': methods[0].name,
            **given,
            'base': str(base),
            'methods': tuple(methods),
            'options': shared,
            'folder': folder,
        }
    )
    _check(study)
    return study


def find(name: str, folder: Path, *more: Path) -> Path:
    """A file that is named from here, or from a folder above the study.

    Raises:
        ConfigError: If it is nowhere.
    """
    places = [Path(), *more, folder, *folder.parents]
    for place in places:
        if Path(place, name).is_file():
            return Path(place, name).resolve()
    raise ConfigError(
        f'There is no {name}, neither here nor in {folder} or a folder above '
        'it.'
    )


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
    for setting, variant in study.variants.items():
        for method in study.methods:
            if method.only and setting not in method.only:
                continue
            place = Path(root, setting, method.name)
            text = method_config(study, method, variant)
            digest = hashlib.sha256(_INCIDENTAL.sub('', text).encode())
            folder = place / digest.hexdigest()[:8]
            config = folder / 'config.py'
            write_whole(config, text.encode())
            tasks += [
                _task(study, setting, method, seed, lr, config, versions)
                for seed in study.seeds
                for lr in study.learning_rates
            ]
    # What is compared is known after the first seed.
    return sorted(tasks, key=lambda t: study.seeds.index(t.record['seed']))


def method_config(
    study: Study, method: Method, variant: Mapping[str, Any]
) -> str:
    """The config of a method in a setting, as a file."""
    base = Path(study.base)
    cfg = read_config(study.base)
    for name in method.bases:
        part = read_config(str(find(name, study.folder, base.parent)))
        cfg.merge_from_dict(part.to_dict())
    shared = {**study.options, **variant}
    check_options(cfg, shared)
    cfg.merge_from_dict(shared)
    if method.unimodal is not None:
        cfg = unimodal_config(cfg, method.unimodal)
    check_options(cfg, method.options)
    cfg.merge_from_dict(dict(method.options))
    # Wrong combinations are better found now.
    apply_methods(cfg)
    return config_text(cfg)


def _task(
    study: Study,
    setting: str,
    method: Method,
    seed: int,
    lr: float,
    config: Path,
    versions: Record,
) -> Task:
    options: dict[str, Any] = {
        LEARNING_RATE: lr * method.lr_scale,
        'randomness.seed': seed,
    }
    fold = None
    if study.held_out is not None:
        fold = seed % int(study.held_out.get('folds', 5))
        options['held_out'] = {**study.held_out, 'fold': fold}
    record: Record = {
        'study': study.name,
        'setting': setting,
        'method': method.name,
        'seed': seed,
        'lr': lr,
        'config': config.parent.name,
        'fold': fold,
        **({'modality': method.unimodal} if method.unimodal else {}),
        **versions,
    }
    return Task(
        config=str(config),
        work_dir=str(config.parent / f'seed{seed}_lr{lr:g}'),
        options=options,
        record=record,
        choose_by=study.choose_by,
        group=(study.held_out or {}).get('by'),
        num_workers=study.num_workers,
        checkpoint_interval=study.checkpoint_interval,
        keep=study.keep,
    )


def _method(name: str, given: Mapping[str, Any] | None) -> Method:
    given = dict(given or {})
    known = set(Method.__dataclass_fields__) - {'name'}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ConfigError(
            f'The method {name} of the study has {unknown}; a method has '
            f'{sorted(known)}. Write: {name}=dict('
            "bases=['_base_/methods/remix.py'], options={'model.mask': 'skip'"
            '})'
        )
    for key in ('bases', 'only'):
        given[key] = tuple(given.get(key) or ())
    return Method(name, **given)


def _several(key: str, value: Any) -> tuple[Any, ...]:
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    if not listed or not value or len(set(value)) != len(value):
        raise ConfigError(
            f'{key} of a study must be a list of different values, got '
            f'{value!r}. Write: seeds = [0, 1, 2, 3, 4]; '
            'learning_rates = [1e-3, 3e-4]'
        )
    return tuple(value)


def _check(study: Study) -> None:
    names = [method.name for method in study.methods]
    for name in [*names, *study.variants]:
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f'{name!r} names folders: use letters, digits, ".", "-" and '
                '"_" only.'
            )
    if study.reference not in names:
        raise ConfigError(
            f'reference={study.reference!r} is none of the methods {names}. '
            f'Write: reference = {names[0]!r}'
        )
    held_out = study.held_out
    if held_out is not None and (
        not isinstance(held_out, Mapping) or 'fold' in held_out
    ):
        raise ConfigError(
            f'held_out={held_out!r}: the fold is that of the seed. Write: '
            "held_out = dict(by='subject', folds=5)"
        )
