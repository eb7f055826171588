"""Whether the keys of a study hold the kind of value that they should."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmremix.utils.errors import ConfigError

Kind = tuple[Callable[[Any], bool], str, str]
"""What holds of a value, what it is in words, and one to write."""


def _is_options(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(key, str) for key in value
    )


def _is_settings(value: Any) -> bool:
    return (
        _is_options(value)
        and bool(value)
        and all(_is_options(options) for options in value.values())
    )


def _is_texts(value: Any) -> bool:
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    return listed and all(isinstance(item, str) for item in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _from(least: int) -> Callable[[Any], bool]:
    def holds(value: Any) -> bool:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and value >= least

    return holds


def _is_factor(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 < value < math.inf


_OPTIONS = (
    _is_options,
    'a dict of config options by dotted names',
    "{'train_dataloader.batch_size': 32}",
)
_STUDY: Mapping[str, Kind] = {
    'name': (_is_text, 'text', "'my_study'"),
    'base': (
        _is_text,
        'the path of one config',
        "'configs/joint_demo_concat.py'",
    ),
    'methods': (
        _is_options,
        'a dict of methods by name',
        "dict(joint=dict(), remix=dict(bases=['_base_/methods/remix.py']))",
    ),
    'options': _OPTIONS,
    'variants': (
        _is_settings,
        'a dict of the options of each setting, at least one',
        "dict(full={}, small={'train_dataloader.dataset.indices': 100})",
    ),
    'unimodal': (
        _is_flag,
        'True or False, for all modalities (one alone is a method, '
        "methods = dict(alone=dict(unimodal='audio')))",
        'True',
    ),
    'epochs': (_from(1), 'a whole number from 1', '20'),
    'choose_by': (
        _is_text,
        'the name of a metric, or None',
        "'acc/fusion_top1'",
    ),
    'reference': (_is_text, 'the name of a method', "'joint'"),
    'num_workers': (_from(0), 'a whole number from 0', '0'),
    'checkpoint_interval': (_from(1), 'a whole number from 1', '5'),
    'keep': (_is_flag, 'True or False', 'False'),
}
_METHOD: Mapping[str, Kind] = {
    'bases': (_is_texts, 'a list', "['_base_/methods/remix.py']"),
    'options': (_OPTIONS[0], _OPTIONS[1], "{'model.mask': 'skip'}"),
    'unimodal': (_is_text, 'the name of one modality', "'audio'"),
    'lr_scale': (_is_factor, 'a number above 0', '1.0'),
    'only': (_is_texts, 'a list', "['full']"),
    'from_unimodal': (_is_flag, 'True or False', 'True'),
}
# What None leaves to the default, or turns off.
_MAY_BE_NONE = ('options', 'choose_by', 'bases', 'only', 'unimodal')


def check_study(path: object, given: Mapping[str, Any]) -> None:
    """Look at the values of a study; ``seeds`` and such are not looked at.

    Args:
        path: Its file, for errors.
        given: Its keys.

    Raises:
        ConfigError: For a value of another kind, with a line to write.
    """
    for key, value in given.items():
        problem = _problem(_STUDY, key, value)
        if problem:
            wanted, line = problem
            raise ConfigError(
                f'The study {path} has {key}={_short(value)}, and it is '
                f'{wanted}. Write: {key} = {line}'
            )


def check_method(name: str, given: Any) -> None:
    """The same for the keys of one of its methods.

    Args:
        name: Of the method.
        given: Its keys, or None.

    Raises:
        ConfigError: For a value of another kind, with a line to write.
    """
    if given is not None and not _is_options(given):
        raise ConfigError(
            f'The method {name} of the study is {_short(given)}, and it is a '
            f'dict of {sorted(_METHOD)}. Write: {name}=dict()'
        )
    for key, value in (given or {}).items():
        if key in ('bases', 'only') and isinstance(value, str):
            wanted, line = 'a list', f'[{value!r}]'
        else:
            problem = _problem(_METHOD, key, value)
            if not problem:
                continue
            wanted, line = problem
        raise ConfigError(
            f'The method {name} of the study has {key}={_short(value)}, and '
            f'it is {wanted}. Write: {name}=dict({key}={line})'
        )


def _problem(
    kinds: Mapping[str, Kind], key: str, value: Any
) -> tuple[str, str] | None:
    if key not in kinds or (value is None and key in _MAY_BE_NONE):
        return None
    holds, wanted, line = kinds[key]
    return None if holds(value) else (wanted, line)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f'{text[:97]}...'
