"""The file of a study, read and checked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmremix.apis.config_file import read_config
from mmremix.apis.known_keys import nearest
from mmremix.apis.unimodal import modalities_of
from mmremix.study.study_shape import check_method, check_study
from mmremix.utils.errors import ConfigError
from mmremix.utils.plain_config import config_from_file

_NAME = re.compile(r'[\w.-]+')


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
        from_unimodal: Start from the encoders of the unimodal runs of the
            same seed and learning rate.
    """

    name: str
    bases: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    unimodal: str | None = None
    lr_scale: float = 1.0
    only: tuple[str, ...] = ()
    from_unimodal: bool = False


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
        choose_by: Metric on the held-out samples that chooses the epoch;
            ``None``: the last one counts.
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
    choose_by: str | None = 'acc/fusion_top1'
    reference: str = 'joint'
    num_workers: int = 0
    checkpoint_interval: int = 5
    keep: bool = False
    folder: Path = Path()

    def fold(self, seed: int) -> int:
        """The fold that the runs of a seed hold out."""
        return seed % self.num_folds

    @property
    def num_folds(self) -> int:
        """How many there are; 1 if the validation set is held out."""
        if self.held_out is None:
            return 1
        return int(self.held_out.get('folds', 5))


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
    check_study(path, given)
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


def _method(name: str, given: Any) -> Method:
    check_method(name, given)
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
    given['options'] = dict(given.get('options') or {})
    return Method(name, **given)


def _several(key: str, value: Any) -> tuple[Any, ...]:
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    kinds = int if key == 'seeds' else int | float
    numbers = listed and all(
        isinstance(x, kinds) and 0 <= x < math.inf for x in value
    )
    if not numbers or not value or len(set(value)) != len(value):
        raise ConfigError(
            f'{key} of a study must be a list of different numbers, got '
            f'{value!r}. Write: seeds = [0, 1, 2, 3, 4]; '
            'learning_rates = [1e-3, 3e-4]'
        )
    return tuple(value)


def _check(study: Study) -> None:
    names = [method.name for method in study.methods]
    for name in [study.name, *names, *study.variants]:
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f'{name!r} names folders: use letters, digits, ".", "-" and '
                '"_" only.'
            )
        if names.count(name) > 1:
            raise ConfigError(
                f'Two methods of the study are called {name}: `unimodal = '
                'True` makes one for each modality. Give yours another name.'
            )
    for method in study.methods:
        other = sorted(set(method.only) - set(study.variants))
        if other:
            raise ConfigError(
                f'The method {method.name} of the study has only={other}, and '
                f'the settings are {list(study.variants)}: it would not be '
                f'run there. Write: only={list(study.variants)[:1]}'
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
