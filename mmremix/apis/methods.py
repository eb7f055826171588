"""Put the methods that a config names to their places."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config, ConfigDict

from mmremix.apis.known_keys import nearest
from mmremix.utils.errors import ConfigError

PREFIX = 'method_'
PARTS = ('plan', 'step', 'hook')
"""Parts that are components; a method's other parts are merged into the
config's keys of the same name."""

MERGED = ('model', 'optim_wrapper', 'train_dataloader', 'default_hooks')


def apply_methods(cfg: Config) -> list[str]:
    """Replace a config's ``method_<name>`` keys by what they stand for.

    Each is a dict of the places where the method acts::

        method_mla = dict(
            plan=dict(type='EveryModalityHook'),  # a PlanHook
            step=dict(type='MLA', projection='rls'),  # a Method
            model=dict(fusion=dict(_delete_=True, type='SharedHead')))

    ``plan``, and ``hook`` (for what else happens between epochs), join
    ``custom_hooks``, unless a hook of the same type stands there already,
    which is then the config's own form of it; ``step`` becomes
    ``model.methods.<name>``; ``model``, ``optim_wrapper``,
    ``train_dataloader`` and ``default_hooks`` are merged into these.
    ``method_<name> = None`` turns a method of a base config off.

    Args:
        cfg: Changed in place; applying it again changes nothing.

    Returns:
        Names of the methods that are on, in order.

    Raises:
        ConfigError: If a part is unknown, or if two methods cannot be
            combined, with the reason and the lines to write.
    """
    given = {
        key.removeprefix(PREFIX): cfg.pop(key)
        for key in [key for key in cfg if key.startswith(PREFIX)]
    }
    methods = {name: part for name, part in given.items() if part is not None}
    _check_hooks(cfg.get('custom_hooks') or [])
    _check_off(given.keys() - methods.keys(), methods)
    _check_parts(methods)
    _check_one_plan(methods)
    _check_merged(methods)
    for name, parts in methods.items():
        for part in ('plan', 'hook'):
            hooks = list(cfg.get('custom_hooks') or ())
            if parts.get(part) and not _is_among(parts[part], hooks):
                cfg.custom_hooks = [*hooks, parts[part]]
        merged = {key: parts[key] for key in MERGED if parts.get(key)}
        if parts.get('step') is not None:
            model = merged.setdefault('model', ConfigDict())
            merged['model'] = {**model, 'methods': {name: parts['step']}}
        # mmengine's merge is that of config files: `_delete_` works too.
        cfg.merge_from_dict(merged)
    if methods:
        cfg.methods = [*cfg.get('methods', ()), *methods]
    return list(cfg.get('methods', ()))


def _check_hooks(hooks: Any) -> None:
    """The hook of a method has no place in the list that a user counts."""
    if isinstance(hooks, Sequence) and not isinstance(hooks, str):
        return
    raise ConfigError(
        f'custom_hooks must be a list, got {hooks!r}. The options of a '
        'method are those of its key: method_remix.plan.warmup_epochs=10 '
        'instead of custom_hooks.0.warmup_epochs=10'
    )


def _check_off(off: Collection[str], methods: Collection[str]) -> None:
    """``method_remxi = None`` would leave Remix on."""
    for name in off:
        near = nearest(name, methods, 0.75)
        # 'ogm' may be turned off where 'ogm_ge' is on.
        if near and abs(len(near) - len(name)) < 2:
            raise ConfigError(
                f'{PREFIX}{name} = None turns nothing off, and '
                f'{PREFIX}{near} is on. Did you mean {PREFIX}{near} = None? '
                f'If not, leave {PREFIX}{name} out.'
            )


def _check_parts(methods: Mapping[str, Any]) -> None:
    known = (*PARTS, *MERGED)
    for name, parts in methods.items():
        if not isinstance(parts, Mapping):
            raise ConfigError(
                f'{PREFIX}{name} must be a dict of {known}, got {parts!r}. '
                f'To turn it off: {PREFIX}{name} = None'
            )
        unknown = [part for part in parts if part not in known]
        if unknown:
            raise ConfigError(
                f'{PREFIX}{name} has {unknown}; the parts of a method are '
                f'{known}. Write, for example: {PREFIX}{name} = dict('
                "plan=dict(type='KLScoreHook', warmup_epochs=10))"
            )

        for part in PARTS:
            given = parts.get(part)
            if given and 'type' not in given:
                others = {*methods} - {name}
                near = nearest(name, others, 0.7)
                raise ConfigError(
                    f'{PREFIX}{name}: its {part} has no type: {dict(given)}. '
                    + (f'Did you mean {PREFIX}{near}?' if near else '')
                    + f' Write the type, or take _base_/methods/{name}.py '
                    'into _base_.'
                )


def _check_one_plan(methods: Mapping[str, Any]) -> None:
    plans = [name for name, parts in methods.items() if parts.get('plan')]
    if len(plans) > 1:
        raise ConfigError(
            f'The methods {plans} each decide what an epoch trains on, which '
            'only one can. Keep one of the plans:\n'
            + '\n'.join(
                f'    {PREFIX}{n} = dict(plan=None)' for n in plans[1:]
            )
        )


def _check_merged(methods: Mapping[str, Any]) -> None:
    """Two methods must not want different values of one option."""
    wanted: dict[str, tuple[str, Any]] = {}
    for name, parts in methods.items():
        for key in MERGED:
            for path, value in _leaves(parts.get(key) or {}, key):
                other, before = wanted.setdefault(path, (name, value))
                if before != value:
                    raise ConfigError(
                        f'{PREFIX}{other} needs {path}={before!r}, '
                        f'{PREFIX}{name} needs {path}={value!r}: the two '
                        'cannot be combined. Turn one off: '
                        f'{PREFIX}{name} = None'
                    )


def _is_among(hook: Mapping[str, Any], hooks: Sequence[Any]) -> bool:
    return any(
        isinstance(other, Mapping) and other.get('type') == hook.get('type')
        for other in hooks
    )


def _leaves(value: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from _leaves(inner, f'{path}.{key}')
        else:
            yield f'{path}.{key}', inner
