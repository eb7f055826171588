"""How far a long run is, on a terminal and in a log."""

from __future__ import annotations

import time
from types import TracebackType

from rich import progress as bars
from rich.console import Console

_REFRESH = 0.1


class Progress:
    """A bar on a terminal; elsewhere a line now and then.

    In a file a bar would leave one long line with an entry a clip. There, a
    line is printed for each tenth that is done, but at most one in
    ``interval`` seconds, and for the end. Both go to standard error.

    Example::

        with Progress(len(clips)) as bar:
            for clip in clips:
                ...
                bar.update()

    Args:
        total: Number of steps.
        unit: What a step is.
        show: Whether to show anything.
        interval: Seconds between two lines, at least.
        console: Where to. Defaults to standard error.
    """

    def __init__(
        self,
        total: int,
        unit: str = 'clips',
        *,
        show: bool = True,
        interval: float = 10.0,
        console: Console | None = None,
    ) -> None:
        self._total = total
        self._unit = unit
        self._show = show and total > 0
        self._interval = interval
        self._console = console or Console(stderr=True)
        self._bar: bars.Progress | None = None
        if self._show and self._console.is_terminal:
            self._bar = bars.Progress(
                bars.BarColumn(),
                bars.MofNCompleteColumn(),
                bars.TextColumn('{task.description},'),
                bars.TimeElapsedColumn(),
                bars.TextColumn('to go:'),
                bars.TimeRemainingColumn(),
                console=self._console,
                # It would take a thread, and callers fork.
                auto_refresh=False,
            )
            self._task = self._bar.add_task(unit, total=total)
        self._done = self._said = 0
        self._start = self._time = time.monotonic()

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, text: str) -> None:
        """Print a line, above the bar if there is one."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        elif self._show:
            print(text, file=self._console.file, flush=True)

    def update(self) -> None:
        """Count one step."""
        self._done += 1
        if not self._show:
            return
        now = time.monotonic()
        ended = self._done == self._total
        if self._bar is not None:
            due = ended or now - self._time >= _REFRESH
            self._bar.update(self._task, completed=self._done, refresh=due)
        else:
            due = ended or (
                10 * (self._done - self._said) >= self._total
                and now - self._time >= self._interval
            )
            if due:
                print(
                    f'{self._done}/{self._total} {self._unit}, '
                    f'{now - self._start:.0f} s',
                    file=self._console.file,
                    flush=True,
                )
        if due:
            self._said, self._time = self._done, now
