"""A runner whose console shows what people want to know."""

from __future__ import annotations

from typing import Any, TypeVar

from mmengine.dist import is_main_process
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch import nn

from mmremix.engine.watch.console_hook import ConsoleHook
from mmremix.utils.console import calm_console

_Runner = TypeVar('_Runner', bound=type[Runner])


def calm_runner(runner_type: _Runner) -> _Runner:
    """The class, but with a calm console and a bar for every epoch.

    The log file holds all that mmengine says. See
    :func:`~mmremix.utils.console.calm_console` and
    :class:`~mmremix.engine.watch.console_hook.ConsoleHook`.
    """

    class CalmRunner(runner_type):  # type: ignore[misc, valid-type]
        def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
            logger = super().build_logger(*args, **kwargs)
            self._console_hook = ConsoleHook(calm_console(logger))
            return logger

        def register_hooks(self, *args: Any, **kwargs: Any) -> None:
            super().register_hooks(*args, **kwargs)
            if is_main_process():
                self.register_hook(self._console_hook)

        def train(self) -> nn.Module:
            with self._console_hook:
                model: nn.Module = super().train()
            return model

        def test(self) -> dict[str, float]:
            with self._console_hook:
                metrics: dict[str, float] = super().test()
            return metrics

    return CalmRunner  # type: ignore[return-value]
