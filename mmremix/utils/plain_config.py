"""Read configs that others may have written, without running them.

mmengine's ``Config.fromfile`` executes a ``.py`` config. A config that a run
has printed needs no execution: it is assignments of plain values.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from mmengine import registry as roots
from mmengine.config import Config

from mmremix.utils.config_paths import running
from mmremix.utils.errors import ConfigError

_LARGEST = 16 * 2**20  # bytes of a file
_SCOPES = ('mmremix', 'mmengine', 'mmcv', 'mmaction')
_WEIGHTS = ('.pth', '.pt', '.ckpt')
_STARTED = re.compile(r'\d{8}_\d{6}')
# Their values name code that mmengine imports before anything is built.
_IMPORTS = ('custom_imports', 'default_scope', '_scope_')
_UNREADABLE = (
    *(SyntaxError, ValueError, TypeError),
    *(RecursionError, MemoryError),
)
_CONSTANTS = {'inf': float('inf'), 'nan': float('nan')}


def config_from_file(path: str | Path, trust: bool = False) -> Config:
    """Read a config; one that lies with a run is not executed.

    Args:
        path: Config file.
        trust: Whether to execute it wherever it lies.

    Raises:
        ConfigError: If it lies with a run (:func:`is_of_a_run`) and is more
            than plain values, or names code that is not of this package.
    """
    if trust or not is_of_a_run(path):
        with running(path):
            return Config.fromfile(str(path))
    cfg = read_plain_config(path)
    check_types(cfg.to_dict(), str(path))
    return cfg


def is_of_a_run(path: str | Path) -> bool:
    """Whether a config lies where runs put theirs, or beside weights.

    Such a folder is passed on with the weights, so what is in it need not
    be of whoever uses it.
    """
    folder = Path(path).resolve().parent
    if folder.name == 'vis_data' or _STARTED.fullmatch(folder.name):
        return True
    return any(
        other.name in ('last_checkpoint', '.run.lock')
        or other.suffix in _WEIGHTS
        or (_STARTED.fullmatch(other.name) and (other / 'vis_data').is_dir())
        for other in folder.iterdir()
    )


def read_plain_config(path: str | Path) -> Config:
    """Read a config of assignments of plain values, as runs print them.

    Nothing of it is executed or imported. Values are numbers, texts, lists,
    tuples, sets, dicts and ``dict(...)``.

    Args:
        path: Config file.

    Raises:
        ConfigError: If it is anything else; names file and line.
        OSError: If it cannot be read.
    """
    if Path(path).stat().st_size > _LARGEST:
        raise _refused(path, 'it is larger than 16 MB')
    text = ''
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
        values = {
            name: _value(node)
            for name, node in _assignments(ast.parse(text).body)
        }
    except _NotPlain as error:
        line = getattr(error.node, 'lineno', 1)
        what = text.splitlines()[line - 1].strip()[:60]
        why = f'line {line} is no plain value: {what}'
        raise _refused(path, why) from None
    except _UNREADABLE as error:
        raise _refused(path, f'it cannot be parsed ({error})') from error
    if '_base_' in values:
        raise _refused(path, 'it names other files to execute, _base_')
    try:
        return Config(values, filename=str(path))
    except KeyError as error:  # names that mmengine keeps for itself
        raise _refused(path, f'it is no config ({error})') from error


def check_types(value: Any, source: str, place: str = '') -> None:
    """Refuse configs that would import or call what is not registered.

    For a ``type`` that no registry has, mmengine imports whatever module it
    names, and calls what is in it with the arguments beside it.

    Args:
        value: The dict of a config, or a part of one.
        source: Its file, for the message.
        place: Where the part is, for the message.

    Raises:
        ConfigError: Naming the key.
    """
    if isinstance(value, Mapping):
        for key, inner in value.items():
            inside = f'{place}.{key}' if place else str(key)
            if key in _IMPORTS and inner not in (None, *_SCOPES):
                raise _refused(source, f'it imports {inside} = {inner!r}')
            if key in ('type', 'runner_type') and not _is_known(inner):
                raise _refused(source, f'{inside} = {inner!r} is not known')
            check_types(inner, source, inside)
    elif isinstance(value, (list, tuple)):
        for i, inner in enumerate(value):
            check_types(inner, source, f'{place}.{i}')


class _NotPlain(Exception):
    """A part of a config that would have to be executed."""

    def __init__(self, node: ast.AST) -> None:
        super().__init__(node)
        self.node = node


def _assignments(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for i, node in enumerate(body):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name):
                yield target.id, node.value
                continue
        is_docstring = (
            i == 0
            and isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
        )
        if not is_docstring:
            raise _NotPlain(node)


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.List):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_value(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return {
            _value(key) if key is not None else _no(node): _value(value)
            for key, value in zip(node.keys, node.values, strict=True)
        }
    if isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return _CONSTANTS[node.id]
    is_dict = (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == 'dict'
    )
    if is_dict and isinstance(node, ast.Call) and not node.args:
        return {
            word.arg if word.arg is not None else _no(node): _value(word.value)
            for word in node.keywords
        }
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _value(node.operand)
        return -number if isinstance(number, (int, float)) else _no(node)
    if isinstance(node, (ast.Constant, ast.Set)):
        try:
            return ast.literal_eval(node)
        except ValueError:
            return _no(node)
    return _no(node)


def _no(node: ast.AST) -> Any:
    raise _NotPlain(node)


def _is_known(kind: Any) -> bool:
    """Whether a name is that of something registered."""
    if not isinstance(kind, str):
        return False
    scope, _, name = kind.rpartition('.')
    if scope and scope not in _SCOPES:
        return False
    _register_all()
    return any(
        name in registry.module_dict
        for root in _registries(roots)
        for registry in (root, *root.children.values())
    )


@cache
def _register_all() -> None:
    """Have mmremix and the packages below it register what they have."""
    from mmremix import registry as own

    for root in _registries(roots):
        with suppress(ImportError):
            root.import_from_location()
        if 'mmremix' in root.children:
            root.children['mmremix'].import_from_location()
    for registry, name in (
        (own.MODELS, 'mmaction.ResNet'),
        (own.TRANSFORMS, 'mmaction.Resize'),
    ):
        with suppress(ImportError, RuntimeError), warnings.catch_warnings():
            # Importing all of MMAction2, mmcv-lite says what it lacks.
            warnings.simplefilter('ignore', UserWarning)
            registry.get(name)


def _registries(module: ModuleType) -> list[Any]:
    return [r for r in vars(module).values() if isinstance(r, module.Registry)]


def _refused(path: str | Path, why: str) -> ConfigError:
    return ConfigError(
        f'{path} lies with a run and is not executed, and {why}. If you know '
        'who wrote it, let it run as Python, with: --trust (in Python: '
        'trust=True). Or name the config of your own.'
    )
