"""Where configs are: files, names of shipped ones, other packages."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import mmremix
from mmremix.utils.errors import ConfigError, MissingFileError

_PACKAGE = Path(mmremix.__file__).resolve().parent
_SEPARATOR = '::'


class MissingConfigError(ConfigError, MissingFileError):
    """There is no such config."""


def shipped(name: str) -> Path:
    """``configs`` or ``tools``, of the wheel or of the checkout.

    Args:
        name: Of the folder.
    """
    installed = _PACKAGE / '.mim' / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def shipped_configs() -> dict[str, Path]:
    """The configs that can be trained, by name.

    ``remix_demo_concat``, ``examples/random``, without what only stands in
    ``_base_`` of others.
    """
    root = shipped('configs')
    return {
        path.relative_to(root).with_suffix('').as_posix(): path
        for path in sorted(root.rglob('*.py'))
        if '_base_' not in path.relative_to(root).parts
    }


def find_config(name: str | os.PathLike[str]) -> str:
    """The file of a config.

    Args:
        name: A file; or the name of a shipped config, with or without
            ``.py``, ``configs/`` or ``mmremix::`` around it.

    Raises:
        MissingConfigError: If it is neither, with the nearest names.
    """
    path = os.fspath(name)
    if Path(path).is_file():
        return path
    known = shipped_configs()
    short = path.removeprefix(f'mmremix{_SEPARATOR}').removesuffix('.py')
    short = short.removeprefix('./').removeprefix('configs/')
    if short in known:
        return str(known[short])
    near = get_close_matches(short, known, 3, 0.6)
    raise MissingConfigError(
        f'There is no config file {path}'
        + f', and none of that name in {shipped("configs")}'
        + (f'. Did you mean {", ".join(near)}?' if near else '.')
    )


@contextmanager
def running(path: str | os.PathLike[str]) -> Iterator[None]:
    """While a config is run as Python, find what it names.

    Its folder joins ``sys.path``, at the end and for good: modules of
    ``custom_imports`` may lie beside it, and import others later, in workers
    too. ``_base_ = ['mmremix::remix_demo_concat.py']`` and the same of other
    packages with configs in ``.mim`` are found by
    :func:`external_config`, for mmengine's own way needs
    ``pkg_resources``, which setuptools no longer has, and knows only the
    packages of OpenMMLab.
    """
    from mmengine.config import Config

    folder = str(Path(path).resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    original = Config._get_cfg_path

    def find(name: str, filename: str) -> tuple[str, str | None]:
        if _SEPARATOR in name:
            return external_config(name)
        found: tuple[str, str | None] = original(name, filename)
        return found

    Config._get_cfg_path = staticmethod(find)
    try:
        yield
    finally:
        Config._get_cfg_path = staticmethod(original)


def external_config(name: str) -> tuple[str, str | None]:
    """The file of ``<package>::<config>`` and the scope of its components.

    Args:
        name: Such as ``'mmaction::_base_/default_runtime.py'``: a path below
            the package's ``configs``.

    Raises:
        ConfigError: If the package or its configs are not installed.
        MissingConfigError: If it has no such config.
    """
    package, _, inner = name.partition(_SEPARATOR)
    if package == 'mmremix':
        root = shipped('configs')
    else:
        spec = importlib.util.find_spec(package) if package else None
        if spec is None or spec.origin is None:
            raise ConfigError(f'{name}: no package {package} is installed.')
        root = Path(spec.origin).parent / '.mim' / 'configs'
    if not root.is_dir():
        raise ConfigError(f'{name}: {package} came without configs ({root}).')
    path = root / (inner if inner.endswith('.py') else f'{inner}.py')
    if not path.is_file():
        found = sorted(root.rglob(f'{Path(inner).stem}.py'))
        near = [p.relative_to(root).as_posix() for p in found]
        raise MissingConfigError(
            f'{name}: there is no {path}'
            + (f'. Did you mean {package}::{near[0]}?' if near else '.')
        )
    # Ours are of the scope of whoever names them.
    return str(path), None if package == 'mmremix' else package
