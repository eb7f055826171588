"""Say where in a config a component that cannot be built stands."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from mmengine.registry import build_from_cfg
from mmengine.runner import Runner

from mmremix.apis.known_keys import (
    LOADERS,
    PLAIN,
    did_you_mean,
    names_of,
    nearest,
    walk,
)
from mmremix.utils.errors import ConfigError, MmremixError

_UNEXPECTED = re.compile(r"got an unexpected keyword argument '(\w+)'")
_MISSING = re.compile(r'missing \d+ required [\w-]+ arguments?: (.*)')
_UNKNOWN_TYPE = re.compile(r'^(\S+) is not in the (\S+) registry')
_OF_A_CONFIG = (
    *(AssertionError, ImportError, KeyError, OSError, TypeError, ValueError),
)
# Steps of a runner before it trains or tests.
_SET_UP = ('before_run', 'before_train', 'before_val', 'before_test')
_SET_UP_LOADING = (*_SET_UP, 'after_load_checkpoint')


@contextmanager
def build_errors_explained(cfg: Mapping[str, Any]) -> Iterator[None]:
    """Raise what fails while a component is built as a mistake of the config.

    An argument or a type that does not exist is named with its place and
    the nearest one. Other errors of a constructor keep their text.

    Args:
        cfg: The config.

    Raises:
        ConfigError: From the error, whose traceback it keeps.
    """
    try:
        yield
    except MmremixError:
        raise
    except _OF_A_CONFIG as error:
        message = _explanation(error, cfg)
        if message is None:
            raise
        raise ConfigError(message) from error


def _explanation(error: Exception, cfg: Mapping[str, Any]) -> str | None:
    frames = _frames(error)
    builds = [f for f in frames if f.f_code in _BUILDERS]
    if not builds:
        return str(error) if _is_said_in_set_up(error, frames) else None
    return _of_build(error, builds, frames[-1], cfg)


_BUILDERS = {
    build_from_cfg.__code__: 'component',
    Runner.build_dataloader.__code__: 'loader',
}


def _of_build(
    error: Exception,
    builds: list[FrameType],
    last: FrameType,
    cfg: Mapping[str, Any],
) -> str:
    unknown = _UNEXPECTED.search(str(error))
    # An argument that a class hands on is the fault of the one that got it.
    key = unknown[1] if unknown else None
    frame = next(
        (f for f in reversed(builds) if key and key in _given(f)), builds[-1]
    )
    given, kind = _given(frame), _kind(frame)
    name = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
    place = _place(given, cfg) or name or 'The config'
    label = f'{place} ({name})' if name and name != place else place
    if key is not None and key in given:
        return (
            f'{label}: there is no argument {key!r}, which is '
            f'{given[key]!r} here. {did_you_mean(key, _arguments(kind))}'
        )
    if isinstance(error, KeyError) and last is frame:
        return _of_key(error, frame, label)
    missing = _MISSING.search(str(error))
    if missing and last is frame:
        return f'{label}: it needs {missing[1]}, which the config lacks.'
    text = str(error) or type(error).__name__
    if last.f_globals.get('__name__', '').startswith('mmremix.'):
        return f'{label}: {text}'
    where = f'{Path(last.f_code.co_filename).name}, line {last.f_lineno}'
    return f'{label}: {type(error).__name__}: {text} ({where})'


def _of_key(error: KeyError, frame: FrameType, label: str) -> str:
    text = str(error.args[0] if error.args else error)
    given = _given(frame)
    if _BUILDERS[frame.f_code] == 'loader':
        lines = {
            'sampler': "sampler=dict(type='DefaultSampler', shuffle=True)",
            'batch_size': 'batch_size=64',
        }
        return (
            f'{label} has no {text}. Write in it: '
            f'{lines.get(text, f"{text}=dict(...)")}'
        )
    found = _UNKNOWN_TYPE.match(text)
    if found:
        names = _registered(frame.f_locals['registry'])
        near = nearest(found[1], names)
        return (
            f'{label}: there is no type={found[1]!r} among the '
            f'{found[2].split("::")[-1]}s. '
            + (f'Did you mean {near}?' if near else '')
            + ' A class of yours is found after custom_imports = dict('
            "imports=['my_module'])"
        )
    if '"type"' in text:
        return f"{label} has no type: {given!r}. Write in it: type='...'"
    return f'{label}: {text}'


def _frames(error: BaseException) -> list[FrameType]:
    frames, trace = [], error.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    return frames


def _given(frame: FrameType) -> Mapping[str, Any]:
    """The config that is being built."""
    key = 'cfg' if _BUILDERS[frame.f_code] == 'component' else 'dataloader'
    given = frame.f_locals.get(key)
    return given if isinstance(given, Mapping) else {}


def _kind(frame: FrameType) -> Any:
    """The class that is being built, or its name."""
    if _BUILDERS[frame.f_code] == 'loader':
        return 'DataLoader'
    found = frame.f_locals.get('obj_cls')
    return found if found is not None else _given(frame).get('type')


def _place(given: Mapping[str, Any], cfg: Mapping[str, Any]) -> str:
    """Where in the config this stands, or what holds most of it."""
    best, most = [''], 0
    for path, value in walk(cfg):
        if not isinstance(value, Mapping) or not value:
            continue
        same = sum(k in given and given[k] == v for k, v in value.items())
        # Arguments may have been added on the way, or a few taken.
        typed = value.get('type', given.get('type')) == given.get('type')
        if same < len(value) - 1 or not typed or same < most:
            continue
        best, most = ([path], same) if same > most else ([*best, path], most)
    return ' and '.join(best[:3])


def _arguments(kind: Any) -> set[str]:
    """Arguments of a class, with those that it hands on to its bases."""
    if kind == 'DataLoader':
        return PLAIN[LOADERS[0]]
    if not inspect.isclass(kind):
        return names_of(kind) if callable(kind) else set()
    found: set[str] = set()
    for base in kind.__mro__:
        init = base.__dict__.get('__init__')
        if init is None or base is object:
            continue
        found |= names_of(init)
        kinds = [p.kind for p in inspect.signature(init).parameters.values()]
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            break
    return {name for name in found if name != 'args'}


def _registered(registry: Any) -> list[str]:
    """Names that a registry, and those around it, know."""
    names = list(registry.module_dict)
    while registry.parent is not None:
        registry = registry.parent
        names += list(registry.module_dict)
    for scope, child in registry.children.items():
        names += [f'{scope}.{name}' for name in child.module_dict]
    return names


def _is_said_in_set_up(error: Exception, frames: list[FrameType]) -> bool:
    """Whether mmremix itself raised it before the first step."""
    ours = frames[-1].f_globals.get('__name__', '').startswith('mmremix.')
    return (
        ours
        and isinstance(error, ValueError)
        and any(
            f.f_code is Runner.call_hook.__code__
            and f.f_locals.get('fn_name') in _SET_UP_LOADING
            for f in frames
        )
    )
