"""Refuse, before a run, what needs one class a sample where there are more."""

from __future__ import annotations

from typing import Any

from mmengine.runner import Runner

from mmremix.engine.unwrap import unwrap
from mmremix.models.multi_label import is_multi_label, refuse_multi_label

_METRIC = "dict(type='MultiLabelMetric')"


def check_hooks(runner: Runner) -> None:
    """Refuse hooks that are not defined for several labels a sample.

    They are those with ``takes_multi_label = False``.

    Raises:
        ConfigError: Naming one, and the line that takes it out.
    """
    if not is_multi_label(unwrap(runner.model)):
        return
    defaults = runner.cfg.get('default_hooks') or {}
    for hook in runner.hooks:
        if getattr(hook, 'takes_multi_label', True):
            continue
        kind = type(hook).__name__
        # None of what the config has under another name.
        names = [
            name
            for name, cfg in defaults.items()
            if cfg and cfg.get('type') in (kind, type(hook))
        ]
        lines = ', '.join(f'{name}=None' for name in names)
        raise refuse_multi_label(
            kind,
            f'default_hooks = dict({lines})'
            if names
            else f'no {kind} (of a method: method_<name> = None)',
        )


def check_evaluator(runner: Runner, loop: Any, key: str) -> None:
    """Refuse metrics that are not defined for several labels a sample.

    Args:
        runner: The runner.
        loop: Of validation or testing.
        key: Name of its evaluator in the config.

    Raises:
        ConfigError: Naming the one to take instead.
    """
    if not is_multi_label(unwrap(runner.model)):
        return
    for metric in loop.evaluator.metrics:
        if not getattr(metric, 'takes_multi_label', True):
            raise refuse_multi_label(
                type(metric).__name__, f'{key} = {_METRIC}'
            )
