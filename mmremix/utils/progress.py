"""How far a long run is, on a terminal and in a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich import progress as bars
from rich.console import Console
from rich.table import Column

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
        title: What the steps are of. With it the bar shows the rate too, and
            notes.
        keep: Whether the full bar, or a line for the end, stays.
    """

    def __init__(
        self,
        total: int,
        unit: str = 'clips',
        *,
        show: bool = True,
        interval: float = 10.0,
        console: Console | None = None,
        title: str = '',
        keep: bool = True,
    ) -> None:
        self.total = total
        self._unit = unit
        self._show = show and total > 0
        self._interval = interval
        self._console = console or Console(stderr=True)
        self._bar: bars.Progress | None = None
        if self._show and self._console.is_terminal:
            self._bar = bars.Progress(
                *_columns(title),
                console=self._console,
                # It would take a thread, and callers fork.
                auto_refresh=False,
                transient=not keep,
            )
            self._task = self._bar.add_task(
                unit, total=total, title=title, note='', rate=''
            )
        self._title = title
        self._keep = keep
        self._done = self._said = self._first = 0
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

    def start_at(self, done: int, note: str = '') -> None:
        """Start the clock, with some steps already done.

        Args:
            done: How many.
            note: What to show until the first step.
        """
        self._done = self._said = self._first = done
        self._start = self._time = time.monotonic()
        if self._bar is not None:
            self._bar.reset(
                self._task,
                total=self.total,
                completed=done,
                title=self._title,
                note=note,
                rate='',
            )
            self._bar.refresh()

    def update(self, note: Callable[[], str] | None = None) -> None:
        """Count one step.

        Args:
            note: Called when something is shown, for what to add.
        """
        self._done += 1
        if not self._show:
            return
        now = time.monotonic()
        ended = self._done == self.total
        if self._bar is not None:
            due = ended or now - self._time >= _REFRESH
            self._bar.update(self._task, completed=self._done)
            if due and self._title:
                seconds = max(now - self._start, 1e-6)
                rate = (self._done - self._first) / seconds
                self._bar.update(
                    self._task,
                    rate=_per_second(rate),
                    note=note() if note is not None else '',
                )
            if due:
                self._bar.refresh()
        else:
            due = (ended and self._keep) or (
                10 * (self._done - self._said) >= self.total
                and now - self._time >= self._interval
            )
            if due:
                print(
                    self._line(now, note), file=self._console.file, flush=True
                )
        if due:
            self._said, self._time = self._done, now

    def _line(self, now: float, note: Callable[[], str] | None) -> str:
        title = f'{self._title}: ' if self._title else ''
        more = f', {note()}' if note is not None else ''
        return (
            f'{title}{self._done}/{self.total} {self._unit}, '
            f'{now - self._start:.0f} s{more}'
        )


def _columns(title: str) -> list[bars.ProgressColumn]:
    if title:
        return [
            bars.TextColumn('{task.fields[title]}'),
            bars.BarColumn(bar_width=14),
            bars.MofNCompleteColumn(),
            bars.TextColumn('{task.fields[rate]}'),
            bars.TimeRemainingColumn(compact=True),
            bars.TextColumn(
                '{task.fields[note]}',
                table_column=Column(no_wrap=True, overflow='ellipsis'),
            ),
        ]
    return [
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TextColumn('{task.description},'),
        bars.TimeElapsedColumn(),
        bars.TextColumn('to go:'),
        bars.TimeRemainingColumn(),
    ]


def _per_second(rate: float) -> str:
    return f'{rate:.1f}/s' if rate >= 0.1 else f'{1 / rate:.0f} s each'
