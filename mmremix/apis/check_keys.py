"""Refuse keys of a config that nobody reads."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from mmremix.apis.known_keys import (
    ALLOW,
    ELSEWHERE,
    PLAIN,
    USUAL,
    did_you_mean,
    known_keys,
    nearest,
    short,
    value_at,
    walk,
)
from mmremix.apis.methods import PREFIX
from mmremix.utils.errors import ConfigError

_CUTOFF = 0.8


def check_keys(cfg: Config) -> None:
    """Refuse a key that is most likely misspelt.

    A config may have variables of its own. One that is almost the name of a
    key that is read (``optim_wraper``), or the name that a key has in
    another framework (``optimizer``, ``lr``), is refused unless the file
    uses it, or the same value stands in another place. So is an unknown key
    of a dict that has no ``type``, such as ``train_dataloader``.

    To have such variables all the same::

        allow_unknown_keys = ['seed']  # or True, for all

    Args:
        cfg: The config.

    Raises:
        ConfigError: With the nearest key.

    Warns:
        UserWarning: For a component (a dict with a ``type``) at the top
            level that nothing uses.
    """
    known, allowed = known_keys(), _allowed(cfg)
    for key in cfg if allowed is not True else ():
        ours = key in known or key.startswith(PREFIX) or key in allowed
        if not ours:
            _check_variable(cfg, key, known)
    for path, names in PLAIN.items():
        plain = value_at(cfg, path)
        if path == 'optim_wrapper.paramwise_cfg' and value_at(
            cfg, 'optim_wrapper.constructor'
        ):
            continue
        if not isinstance(plain, Mapping) or (
            'type' in plain and 'type' not in names
        ):
            continue
        for key in plain:
            # mmengine's own marks: _scope_, _delete_.
            if key not in names and not key.startswith('_'):
                raise ConfigError(
                    f'{path} has an unknown key, {path}.{key}='
                    f'{short(plain[key])}. {did_you_mean(key, names)}'
                )


def check_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Refuse an option that would change nothing.

    Args:
        cfg: The config, before the options are merged into it.
        options: Of ``--cfg-options``.

    Raises:
        ConfigError: If an option names a key that is not there and not
            known, or a variable, whose value is in its places already.
    """
    allowed = _allowed(
        {**cfg, **{k: options[k] for k in [ALLOW] & options.keys()}}
    )
    if allowed is True:
        return
    known = known_keys() - set(USUAL)
    for path in options:
        key = path.split('.')[0]
        if key in known or key in allowed:
            continue
        if key.startswith(PREFIX):
            methods = [name for name in cfg if name.startswith(PREFIX)]
            # That a method is off may be said where none is on.
            off = options[path] is None and not methods
            whole = '.' not in path and options[path] is not None
            if key not in cfg and not off and not whole:
                raise ConfigError(
                    f'--cfg-options {path}: the config has no {key}. '
                    f'{did_you_mean(key, methods)}'
                )
        elif key in cfg:
            raise ConfigError(
                f'--cfg-options {path}: {key} is a variable of the config '
                'file. It has been read, so this would change nothing. '
                f'{_used_at(cfg, key)}'
            )
        else:
            raise ConfigError(
                f'--cfg-options {path}: there is no {key}. '
                f'{_meant(key, known | set(cfg))}To set it all the same: '
                f'{ALLOW}="[\'{key}\']"'
            )


def with_variables_allowed(cfg: Config) -> Config:
    """A copy whose own variables are no mistakes.

    For a config that is made of another, in which they were used.

    Args:
        cfg: Passed :func:`check_keys`, or will when it is read from its file.
    """
    made, allowed = copy.deepcopy(cfg), _allowed(cfg)
    if allowed is not True:
        known = known_keys()
        own = [k for k in cfg if k not in known and not k.startswith(PREFIX)]
        made[ALLOW] = list(dict.fromkeys([*allowed, *own]))
    return made


def _allowed(cfg: Mapping[str, Any]) -> Any:
    """``True``, or the names that may be there."""
    given = cfg.get(ALLOW) or ()
    listed = isinstance(given, Sequence) and not isinstance(given, str)
    if given is not True and not listed:
        raise ConfigError(
            f'{ALLOW} must be True or a list of names, got {given!r}. '
            f"Write: {ALLOW} = ['{given}']"
        )
    return given


def _check_variable(cfg: Config, key: str, known: set[str]) -> None:
    value = cfg[key]
    used = _is_read(key, cfg.text or '') or _stands_elsewhere(cfg, key)
    near = nearest(key, known - set(USUAL), _CUTOFF)
    meant = near or ELSEWHERE.get(key, '')
    if meant and not used and value_at(cfg, meant) != value:
        raise ConfigError(
            f'The config has {key} = {short(value)}, which nothing reads. '
            f'{_meant(key, known)}If it is a variable of your own, write: '
            f"{ALLOW} = ['{key}']"
        )
    if near and used and nearest(key, known, 0.9):
        warnings.warn(
            f'{key} of the config is taken for a variable of your own. Did '
            f"you mean {near}? If not: {ALLOW} = ['{key}']",
            stacklevel=4,
        )
    elif not used and isinstance(value, Mapping) and 'type' in value:
        warnings.warn(
            f'{key} = {short(value)} of the config: nothing builds it.',
            stacklevel=4,
        )


def _meant(key: str, known: Collection[str]) -> str:
    if key in ELSEWHERE:
        return f'Did you mean {ELSEWHERE[key]}? '
    near = nearest(key, known)
    return f'Did you mean {near}? ' if near else ''


def _is_read(name: str, text: str) -> bool:
    """Whether a config file uses a variable, besides setting it."""
    code = re.sub('#.*', '', text)
    use = rf'(?<![\w.]){re.escape(name)}\b(?!\s*=[^=])'
    # A child reads a base's as _base_.name.
    return bool(re.search(rf'{use}|_base_\.{re.escape(name)}\b', code))


def _stands_elsewhere(cfg: Mapping[str, Any], key: str) -> bool:
    """Whether a value is a part of another: a config that was printed."""
    value = cfg[key]
    if value is None or isinstance(value, bool) or value in ({}, [], ''):
        return False
    for path, other in walk({k: v for k, v in cfg.items() if k != key}):
        if '.' in path and other == value:
            return True
        # dict(**clips, ann_file=...)
        both = isinstance(value, Mapping) and isinstance(other, Mapping)
        if both and all(
            k in other and other[k] == v for k, v in value.items()
        ):
            return True
    return False


def _used_at(cfg: Mapping[str, Any], key: str) -> str:
    places = [
        path
        for path, value in walk({k: v for k, v in cfg.items() if k != key})
        if '.' in path and value == cfg[key]
    ]
    if not places:
        return 'Set what is made of it instead.'
    return f'Set instead: {", ".join(places[:4])}'
