"""A request to stop that comes as a signal."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from datetime import timedelta
from types import FrameType

import torch
from torch import distributed

from mmremix.utils.errors import ConfigError

_AT_ONCE = 2
_ECHO_SECONDS = 2.0


class StopRequest:
    """Counts the signals of this process, and asks the other ranks.

    Args:
        signals: Names, such as ``['SIGTERM']``.

    Raises:
        ConfigError: On the name of no signal.
    """

    def __init__(self, signals: Sequence[str]) -> None:
        for name in signals:
            if not hasattr(signal, name):
                raise ConfigError(f'There is no signal {name!r}.')
        self.signals = [signal.Signals[name] for name in signals]
        self.name = ''
        """Name of the last signal."""
        self._count = 0
        self._last = 0.0
        self._previous: dict[signal.Signals, object] = {}
        self._group: distributed.ProcessGroup | None = None

    @property
    def made(self) -> bool:
        """Whether this process has got a signal."""
        return self._count > 0

    def install(self, timeout: timedelta | None = None) -> list[str]:
        """Listen.

        Args:
            timeout: How long ranks wait for each other; torch's by default.

        Returns:
            Names of the signals that the program handles already, which are
            left alone.

        Raises:
            ValueError: Outside of the main thread.
        """
        taken: list[str] = []
        for number in self.signals:
            handler = signal.getsignal(number)
            # A run that failed before in this program leaves its own.
            ours = isinstance(getattr(handler, '__self__', None), StopRequest)
            if callable(handler) and not ours:
                taken.append(number.name)
                continue
            signal.signal(number, self._note)
            self._previous[number] = signal.SIG_DFL if ours else handler
        if distributed.is_initialized():
            # Of its own and on the CPU: asking must not wait for a GPU.
            group = distributed.new_group(backend='gloo', timeout=timeout)
            assert not isinstance(group, int)  # this rank is a member
            self._group = group
        return taken

    def uninstall(self) -> None:
        """Put back what handled the signals before."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._previous.clear()
        self._group = None

    def agreed(self) -> int:
        """The largest number of requests that any rank has got.

        Collective: all ranks must call it at the same point.

        Returns:
            0: none; 1: stop soon; 2: stop at once.
        """
        level = min(self._count, _AT_ONCE)
        if self._group is None:
            return level
        count = torch.tensor(level)
        distributed.all_reduce(
            count, op=distributed.ReduceOp.MAX, group=self._group
        )
        return int(count)

    def _note(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        # Launchers send a signal to their children and to the whole group.
        if not self._count or now - self._last > _ECHO_SECONDS:
            self._count += 1
        self._last = now
        self.name = signal.Signals(number).name
