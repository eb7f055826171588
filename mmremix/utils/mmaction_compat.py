"""Make ``import mmaction.models`` work with mmaction2 1.2.0 from the index.

Two parts of it cannot be imported, and ``mmaction.models`` imports both:

- ``mmaction.models.localizers.drn`` is not in the wheel: the folder lacks an
  ``__init__.py``, so the build skipped it (open-mmlab/mmaction2#2714).
- ``mmaction.models.multimodal`` (VindLU) is imported as soon as
  ``transformers`` is installed; it also needs ``timm``, which nothing asks
  for, and names that newer ``transformers`` releases no longer have.

Stubs take their places, only where the real thing cannot be imported.
Importing this module imports neither mmaction nor transformers.
"""

from __future__ import annotations

import ast
import importlib
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from mmremix.utils.versions import require

_DRN = 'mmaction.models.localizers.drn.drn'
_MULTIMODAL = 'mmaction.models.multimodal'
_VINDLU = f'{_MULTIMODAL}.vindlu'
_VINDLU_MODELS = ('VindLUVQA', 'VindLURetrievalMC', 'VindLURetrieval')


def make_mmaction_importable() -> tuple[str, ...]:
    """Put stubs in ``sys.modules`` for what mmaction cannot import.

    Does nothing for a part that is whole or already imported, or if mmaction
    is not installed. The stubs register placeholders under the names of the
    missing models in mmaction's ``MODELS``; building one raises an
    ``ImportError`` that says what is missing. Call it before the first
    ``import mmaction.models``.

    Returns:
        The module names that were given a stub, in this call.
    """
    if find_spec('mmaction') is None:
        return ()
    stubbed = []
    if _DRN not in sys.modules and _find_unimported(_DRN) is None:
        _stub(
            _DRN,
            ('DRN',),
            'the installed mmaction2 lacks mmaction/models/localizers/drn, '
            'as the 1.2.0 wheel does. Install mmaction2 from its source '
            'repository',
        )
        stubbed.append(_DRN)
    if _MULTIMODAL not in sys.modules:
        failure = _vindlu_failure()
        if failure:
            _stub(
                _MULTIMODAL,
                _VINDLU_MODELS,
                f'VindLU does not import here: {failure}. Install timm and '
                'a transformers release that has what mmaction2 imports',
            )
            stubbed.append(_MULTIMODAL)
    return tuple(stubbed)


def import_mmaction_models() -> ModuleType:
    """Import ``mmaction.models`` and return it.

    Afterwards its models can be built by prefix, for example
    ``dict(type='mmaction.ResNet', depth=18)``.

    Raises:
        ImportError: If mmaction2 or what it needs is missing.
    """
    require('torch', 'mmengine', 'mmcv', 'mmaction2', 'importlib_metadata')
    make_mmaction_importable()
    return importlib.import_module('mmaction.models')


def _find_unimported(name: str) -> ModuleSpec | None:
    """Find a submodule without importing its parent packages.

    ``importlib.util.find_spec`` imports them, which is what fails here.
    """
    top, *below = name.split('.')
    spec = find_spec(top)
    for part in below:
        if spec is None or spec.submodule_search_locations is None:
            return None
        # Not the dotted name: for a folder without __init__.py Python would
        # look for its parent among the imported modules.
        spec = PathFinder.find_spec(part, spec.submodule_search_locations)
    return spec


def _vindlu_failure() -> str | None:
    """Why VindLU cannot be imported; None if it can or is not going to be.

    Tries what its files import from transformers and timm. That import is
    slow, but mmaction is about to do the same.
    """
    try:
        version('transformers')
    except PackageNotFoundError:
        return None  # mmaction registers its own placeholders
    spec = _find_unimported(_VINDLU)
    if spec is None or spec.origin is None:
        return f'{_VINDLU} is missing'
    for module, name in sorted(_third_party_imports(Path(spec.origin).parent)):
        try:
            found = hasattr(importlib.import_module(module), name)
        # Packages may raise anything while they are imported.
        except Exception as error:
            return f'{module}: {type(error).__name__}: {error}'
        if not found:
            return f'{module} has no {name}'
    return None


def _third_party_imports(folder: Path) -> set[tuple[str, str]]:
    """All ``from transformers/timm... import name`` in a folder."""
    return {
        (node.module, alias.name)
        for file in folder.glob('*.py')
        for node in ast.walk(ast.parse(file.read_text(encoding='utf-8')))
        if isinstance(node, ast.ImportFrom)
        and node.level == 0
        and node.module is not None
        and node.module.split('.')[0] in ('timm', 'transformers')
        for alias in node.names
    }


def _stub(module_name: str, models: tuple[str, ...], reason: str) -> None:
    """Put a module in ``sys.modules`` that makes placeholders on access.

    On access, because registering needs ``mmaction.registry``, whose import
    takes seconds; ``mmaction.models`` has it by the time it asks.
    """
    module = module_from_spec(ModuleSpec(module_name, loader=None))
    module.__doc__ = f'Stand-in made by mmremix: {reason}.'
    made: dict[str, type] = {}

    def __getattr__(name: str) -> type:
        if name not in models:
            raise AttributeError(f'{module_name} (a stand-in) has no {name}')
        if name not in made:
            made[name] = _placeholder(name, reason)
        return made[name]

    vars(module).update(__all__=list(models), __getattr__=__getattr__)
    sys.modules[module_name] = module


def _placeholder(name: str, reason: str) -> type:
    def __init__(self: object, *args: Any, **kwargs: Any) -> None:
        raise ImportError(f'{name} cannot be built: {reason}.')

    placeholder = type(name, (), {'__init__': __init__})
    registry = importlib.import_module('mmaction.registry')
    registry.MODELS.register_module(name=name, module=placeholder)
    return placeholder
