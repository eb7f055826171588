"""Say where in a config a component that cannot be built stands."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from mmengine.registry import OPTIMIZERS, build_from_cfg
from mmengine.runner import Runner

from mmremix.apis.known_keys import (
    LOADERS,
    PLAIN,
    did_you_mean,
    names_of,
    nearest,
    short,
    value_at,
    walk,
)
from mmremix.utils.errors import ConfigError, MmremixError

_UNEXPECTED = re.compile(r"got an unexpected keyword argument '(\w+)'")
_MISSING = re.compile(r'missing \d+ required [\w-]+ arguments?: (.*)')
_UNKNOWN_TYPE = re.compile(r'^(\S+) is not in the (.+?) registry')
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
    except Exception as error:
        message = _explanation(error, cfg)
        if message is None:
            raise
        raise ConfigError(message) from error


def _explanation(error: Exception, cfg: Mapping[str, Any]) -> str | None:
    frames = _frames(error)
    if frames[-1].f_code is _CALL_HOOK and error.__context__ is not None:
        # mmengine words a TypeError of a hook anew.
        cause = error.__context__
        frames += _frames(cause)
        error = cause if isinstance(cause, Exception) else error
    builds = [f for f in frames if f.f_code in _BUILDERS]
    if builds:
        return _of_build(error, builds, frames, cfg)
    stages = [_STAGES[f.f_code] for f in frames if f.f_code in _STAGES]
    if stages:
        return _of_stage(error, stages[-1], frames[-1], cfg)
    return str(error) if _is_said_in_set_up(error, frames) else None


_BUILDERS = {
    build_from_cfg.__code__: 'component',
    Runner.build_dataloader.__code__: 'loader',
}
_CALL_HOOK = Runner.call_hook.__code__
# Steps of a runner that read a key of the config themselves.
_STAGES = {
    Runner.build_logger.__code__: 'log_level',
    Runner.build_model.__code__: 'model',
    Runner.build_optim_wrapper.__code__: 'optim_wrapper',
    Runner.build_param_scheduler.__code__: 'param_scheduler',
    Runner.build_test_loop.__code__: 'test_cfg',
    Runner.build_train_loop.__code__: 'train_cfg',
    Runner.build_val_loop.__code__: 'val_cfg',
    Runner.build_visualizer.__code__: 'visualizer',
    Runner.register_hooks.__code__: 'default_hooks or custom_hooks',
    Runner.scale_lr.__code__: 'auto_scale_lr',
    Runner.set_randomness.__code__: 'randomness',
    Runner.wrap_model.__code__: 'model_wrapper_cfg',
}


def _of_stage(
    error: Exception, key: str, last: FrameType, cfg: Mapping[str, Any]
) -> str:
    optimizer = value_at(cfg, 'optim_wrapper.optimizer.type')
    unknown = isinstance(optimizer, str) and OPTIMIZERS.get(optimizer) is None
    if key == 'optim_wrapper' and unknown:
        return f'optim_wrapper.optimizer: {_no_type(optimizer, OPTIMIZERS)}'
    return f'{key}: {_text(error, last)}'


def _of_build(
    error: Exception,
    builds: list[FrameType],
    frames: list[FrameType],
    cfg: Mapping[str, Any],
) -> str:
    last = frames[-1]
    unknown = _UNEXPECTED.search(str(error))
    # An argument that a class hands on is the fault of the one that got it.
    key = unknown[1] if unknown else None
    frame = next(
        (f for f in reversed(builds) if key and key in _given(f)), builds[-1]
    )
    given, kind = _given(frame), _kind(frame)
    name = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
    place, known = _place(given, cfg), _arguments(kind)
    if not place:
        place, more = _hook(frames, cfg)
        known |= more
    place = place or name or 'The config'
    label = f'{place} ({name})' if name and name != place else place
    if key is not None and key in given:
        return (
            f'{label}: there is no argument {key!r}, which is '
            f'{short(given[key])} here. {did_you_mean(key, known)}'
        )
    if isinstance(error, KeyError) and last is frame:
        return _of_key(error, frame, label, place, cfg)
    missing = _MISSING.search(str(error))
    if missing and last is frame:
        return f'{label}: it needs {missing[1]}, which the config lacks.'
    return f'{label}: {_text(error, last)}'


def _text(error: Exception, last: FrameType) -> str:
    """What an error says, and where it is raised if others raise it."""
    text = str(error) or type(error).__name__
    if last.f_globals.get('__name__', '').startswith('mmremix.'):
        return text
    where = f'{Path(last.f_code.co_filename).name}, line {last.f_lineno}'
    return f'{type(error).__name__}: {text} ({where})'


def _of_key(
    error: KeyError,
    frame: FrameType,
    label: str,
    place: str,
    cfg: Mapping[str, Any],
) -> str:
    text = str(error.args[0] if error.args else error)
    given = _given(frame)
    found = _UNKNOWN_TYPE.match(text)
    if found:
        return f'{label}: {_no_type(found[1], frame.f_locals["registry"])}'
    if '"type"' in text:
        parent, _, key = place.rpartition('.')
        beside = set(value_at(cfg, parent) or ()) - {key}
        near = nearest(key, beside, 0.8)
        hint = f'Did you mean {parent}.{near}? ' if near else ''
        return (
            f'{label} has no type: {short(given)}. {hint}Write in it: '
            "type='...'"
        )
    return f'{label}: {text}'


def _no_type(name: str, registry: Any) -> str:
    near = nearest(name, _registered(registry))
    hint = f'Did you mean {near}? ' if near else ''
    if near == f'mmremix.{name}':
        hint = f"Write type={near!r}, or default_scope = 'mmremix'. "
    return (
        f'there is no type={name!r} among the {registry.name}s. {hint}A class '
        "of yours is found after custom_imports = dict(imports=['my_module'])"
    )


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
        if not same or same < len(value) - 1 or not typed or same < most:
            continue
        best, most = ([path], same) if same > most else ([*best, path], most)
    return ' and '.join(_as_written(path, cfg) for path in best[:3])


def _hook(
    frames: list[FrameType], cfg: Mapping[str, Any]
) -> tuple[str, set[str]]:
    """Where the hook stands that builds something, and its arguments."""
    for frame in frames:
        hook = frame.f_locals.get('hook')
        if frame.f_code is not _CALL_HOOK or hook is None:
            continue
        kind = type(hook).__name__
        for path, value in walk(cfg):
            typed = isinstance(value, Mapping) and value.get('type')
            if str(typed).rpartition('.')[2] == kind:
                return _as_written(path, cfg), _arguments(type(hook))
    return '', set()


def _as_written(path: str, cfg: Mapping[str, Any]) -> str:
    """The key of a method, of which the parts went to their places."""
    methods = list(cfg.get('methods') or ())
    parts = path.split('.')
    if parts[:2] == ['model', 'methods'] and parts[2] in methods:
        return '.'.join([f'method_{parts[2]}', 'step', *parts[3:]])
    if methods and parts[0] == 'custom_hooks':
        return f'{path} or method_{"|".join(methods)}.plan'
    return path


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
            f.f_code is _CALL_HOOK
            and f.f_locals.get('fn_name') in _SET_UP_LOADING
            for f in frames
        )
    )
