"""Read a config file, and say what is wrong with it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmremix.apis.check_keys import check_options
from mmremix.utils.config_paths import find_config, shipped
from mmremix.utils.errors import ConfigError
from mmremix.utils.plain_config import config_from_file

_PACKAGE = Path(__file__).resolve().parents[1]


def read_config(
    path: str,
    cfg_options: Mapping[str, Any] | None = None,
    trust: bool = True,
) -> Config:
    """Read a config file and merge options into it.

    Args:
        path: Config file, or the name of a shipped one.
        cfg_options: ``{'optim_wrapper.optimizer.lr': 1e-4}``.
        trust: See :func:`~mmremix.utils.plain_config.config_from_file`.

    Returns:
        The config; methods are not put to their places yet.

    Raises:
        ConfigError: If there is no such file, if it (or a base) cannot be
            read, or if an option would change nothing or does not fit.
    """
    path = find_config(path)
    try:
        cfg = config_from_file(path, trust)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(_unreadable(path, error)) from error
    if not cfg_options:
        return cfg
    options = dict(cfg_options)
    check_options(cfg, options)
    try:
        cfg.merge_from_dict(options)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        text = error.args[0] if error.args else error
        raise ConfigError(
            f'--cfg-options {list(options)} do not fit the config: {text}'
        ) from error
    return cfg


def _unreadable(path: str, error: Exception) -> str:
    """The file and line of a mistake, which may be in a base."""
    text = f'{type(error).__name__}: {error}'
    if isinstance(error, SyntaxError):
        return f'The config {path} is no Python: {text}'
    lines = [
        entry
        for entry in traceback.extract_tb(error.__traceback__)
        if entry.filename.endswith('.py') and not _is_installed(entry.filename)
    ]
    at = ''
    if lines:
        at = f' (line {lines[-1].lineno} of {lines[-1].filename})'
    return f'The config {path} cannot be read: {text}{at}{_shipped(error)}'


def _shipped(error: Exception) -> str:
    """How to name a base that is not there, if it is one of ours."""
    missing = Path(str(getattr(error, 'filename', None) or error))
    name = missing.name.rstrip('\'"')
    root = shipped('configs')
    found = [p.relative_to(root).as_posix() for p in root.rglob(name or '?')]
    if not isinstance(error, FileNotFoundError) or not found:
        return ''
    return (
        f". A config of mmremix is named so: _base_ = ['mmremix::{found[0]}']"
    )


def _is_installed(filename: str) -> bool:
    parts = Path(filename).parts
    return Path(filename).is_relative_to(_PACKAGE) or bool(
        {'site-packages', 'importlib'} & set(parts)
    )
