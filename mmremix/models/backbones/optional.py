"""Libraries of encoders, which need not be installed."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from mmengine import registry as roots

from mmremix.utils.errors import ConfigError


def import_optional(module: str, package: str) -> Any:
    """Import a module of a package that may be missing.

    Raises:
        ImportError: That says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"An encoder of '{package}' needs the package {package}, which "
            f'does not import here ({error}). Install it: pip install '
            f'{package}'
        ) from error


def no_model(library: str, name: str, names: Sequence[str]) -> ConfigError:
    """The error for a model that a library does not have."""
    near = difflib.get_close_matches(name, names, 3)
    meant = f' Did you mean {", ".join(near)}?' if near else ''
    return ConfigError(
        f'{library} has no model {name!r}.{meant} Write: '
        f"type='{library}.{near[0] if near else names[0]}'"
    )


class LibraryRegistry(roots.Registry):
    """Makes ``type='<library>.<name>'`` an encoder.

    A scope below mmengine's ``MODELS``, whose components are the models of a
    library: whatever follows the first dot becomes the argument ``name``.

    Args:
        scope: The library.
        backbone: From ``name`` and the other arguments to an encoder.
    """

    def __init__(self, scope: str, backbone: Callable[..., Any]) -> None:
        super().__init__('model', parent=roots.MODELS, scope=scope)
        self._backbone = backbone

    def get(self, key: str) -> Callable[..., Any]:
        """The constructor of a model."""
        made = partial(self._backbone, key)
        made.__name__ = key  # type: ignore[attr-defined]
        return made


def require_library(modality: str, kind: str) -> None:
    """Refuse an encoder of a library of OpenMMLab that does not import.

    mmengine would say that there is no such type.

    Raises:
        ConfigError: With the reason.
    """
    scope = kind.partition('.')[0]
    if scope != 'mmpretrain' or '.' not in kind:
        return
    try:
        importlib.import_module(f'{scope}.models')
    # Packages may raise anything while they are imported.
    except Exception as error:
        raise ConfigError(
            f'encoders.{modality}: type={kind!r} needs {scope}, which does '
            f'not import here ({type(error).__name__}: {error}). Install it '
            f'with all it needs: pip install {scope}==1.2.0'
        ) from error
