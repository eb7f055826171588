"""How far a long run is, on a terminal and in a log."""

from __future__ import annotations

import sys
import time

from mmengine.utils import ProgressBar


class Progress:
    """A bar on a terminal; elsewhere a line now and then.

    In a file a bar would leave one long line with an entry a clip. There, a
    line is printed for each tenth that is done, but at most one in
    ``interval`` seconds, and for the end.

    Args:
        total: Number of steps.
        unit: What a step is, for the lines.
        interval: Seconds between two lines, at least.
    """

    def __init__(
        self, total: int, unit: str = 'clips', interval: float = 10.0
    ) -> None:
        self._total = total
        self._unit = unit
        self._interval = interval
        self._done = self._said = 0
        self._start = self._time = time.monotonic()
        terminal = sys.stdout.isatty()
        self._bar = ProgressBar(total) if terminal and total else None

    def update(self) -> None:
        """Count one step."""
        self._done += 1
        if self._bar is not None:
            self._bar.update()
            if self._done == self._total:
                print()
            return
        now = time.monotonic()
        due = 10 * (self._done - self._said) >= self._total
        if self._done == self._total or (
            due and now - self._time >= self._interval
        ):
            self._said, self._time = self._done, now
            print(
                f'{self._done}/{self._total} {self._unit}, '
                f'{now - self._start:.0f} s',
                flush=True,
            )
