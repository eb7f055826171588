"""Spare a module the import of another that it calls late or never."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


def defer_import(module: str, importer: str) -> None:
    """Let ``importer`` take functions of ``module`` without importing it.

    While ``importer`` is imported, and only then, a stand-in takes the place
    of ``module``: what is taken from it imports the real one when called.
    Nothing changes if either is imported already. MMAction2's pose
    transforms are so spared ``scipy.stats``, half a second of each
    start, of which they call one function::

        defer_import('scipy.stats', 'mmaction.datasets.transforms.pose...')

    Args:
        module: Name of the module that is imported late.
        importer: Name of the module that begins with ``from module import``
            functions.
    """
    if importer not in sys.modules:
        sys.meta_path.insert(0, _Finder(module, importer))


class _Finder(MetaPathFinder):
    """Finds ``importer`` as usual, once, and wraps its loader."""

    def __init__(self, module: str, importer: str) -> None:
        self.module = module
        self.importer = importer

    def find_spec(
        self, name: str, path: Any = None, target: Any = None
    ) -> ModuleSpec | None:
        if name != self.importer:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader and self.module not in sys.modules:
            spec.loader = _Loader(spec.loader, self.module)
        return spec


class _Loader(Loader):
    """Runs a module while ``deferred`` is a stand-in."""

    def __init__(self, loader: Loader, deferred: str) -> None:
        self.loader = loader
        self.deferred = deferred

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # Tools that ask a module for its loader find the usual one.
        module.__loader__ = self.loader
        if module.__spec__:
            module.__spec__.loader = self.loader
        stand_in = _stand_in(self.deferred)
        sys.modules[self.deferred] = stand_in
        try:
            self.loader.exec_module(module)
        finally:
            if sys.modules.get(self.deferred) is stand_in:
                del sys.modules[self.deferred]


def _stand_in(name: str) -> ModuleType:
    module = ModuleType(name)

    def __getattr__(attribute: str) -> Callable[..., Any]:
        if attribute.startswith('__'):
            raise AttributeError(attribute)

        def deferred(*args: Any, **kwargs: Any) -> Any:
            real = getattr(importlib.import_module(name), attribute)
            return real(*args, **kwargs)

        return deferred

    vars(module)['__getattr__'] = __getattr__
    return module
