"""A coordinate system, and marks in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from mmremix.report.labels import cells, wrapped
from mmremix.report.picture import (
    Circle,
    Mark,
    Path,
    Picture,
    Point,
    Rect,
    Text,
)

# Phones are about this wide: drawn at this size, type stays readable there,
# and charts stand side by side on larger screens.
WIDTH = 360
_LINE = 14  # pixels between labels
_LETTER = 7.2  # pixels, of a bold label
MAX_LETTERS = 16  # of a name beside the plot; longer ones stand below it
_KEY = 30  # pixels for a piece of the line before a name below the plot


class Plot:
    """Linear or logarithmic axes on a small canvas.

    Args:
        x_range: First and last value on the x axis.
        y_range: The same for y.
        height: In pixels.
        labels: What will be written to the right of the plot; below it, if
            one is long.
        left: Space for the tick labels of the y axis.
        log_y: Whether y is on a logarithmic scale.
    """

    def __init__(
        self,
        x_range: tuple[float, float],
        y_range: tuple[float, float],
        *,
        height: int = 220,
        labels: Sequence[str] = (),
        left: int = 40,
        log_y: bool = False,
    ) -> None:
        longest = max(map(cells, labels), default=0)
        self.named_below = longest > MAX_LETTERS
        if self.named_below:
            longest = 0
        self.left = left
        self.right = round(WIDTH - 16 - _LETTER * longest)
        self.top, self.bottom = 12, height - 36
        self.height = height
        self.below = 0  # pixels for names below the plot
        self.log_y = log_y
        self._x = _widened(x_range)
        self._y = _widened(y_range)
        self.marks: list[Mark] = []

    def x(self, value: float) -> float:
        """Pixels from the left."""
        low, high = self._x
        share = (value - low) / (high - low)
        return round(self.left + share * (self.right - self.left), 2)

    def y(self, value: float) -> float:
        """Pixels from the top."""
        low, high = self._y
        if self.log_y:
            low, high, value = map(math.log, (low, high, value))
        share = (value - low) / (high - low)
        return round(self.bottom - share * (self.bottom - self.top), 2)

    def add(self, *marks: Mark) -> None:
        """Draw on top of what is there."""
        self.marks += marks

    def across(self, kind: str, y: float) -> None:
        """Draw a level line at so many pixels from the top."""
        self.add(Path(kind, [(self.left, y), (self.right, y)]))

    def axes(
        self,
        x_label: str,
        x_ticks: Sequence[float],
        y_ticks: Sequence[float],
        y_text: Callable[[float], str],
        x_text: Callable[[float], str] = '{:g}'.format,
    ) -> None:
        """Draw grid lines, tick labels and the name of the x axis."""
        for value in y_ticks:
            y = self.y(value)
            self.across('grid', y)
            self.add(Text('tick end', self.left - 6, y + 4, y_text(value)))
        for value in x_ticks:
            place = self.x(value), self.bottom + 16
            self.add(Text('tick mid', *place, x_text(value)))
        middle = (self.left + self.right) / 2
        self.add(Text('tick mid', middle, self.height - 4, x_label))

    def path(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        kind: str,
        look: str = 'line',
    ) -> None:
        """Draw a line; a single point as a dot."""
        points = self._points(xs, ys)
        if len(points) == 1:
            self.add(Circle(f'dot {kind}', *points[0], 3.5))
        else:
            self.add(Path(f'{look} {kind}', points))

    def band(
        self,
        xs: Sequence[float],
        lows: Sequence[float],
        highs: Sequence[float],
        kind: str,
    ) -> None:
        """Fill between two lines."""
        outline = self._points(xs, highs) + self._points(xs, lows)[::-1]
        self.add(Path(f'band {kind}', outline, closed=True))

    def shade(self, begin: float, end: float, label: str) -> None:
        """Grey a range of x, and name it."""
        left, right = self.x(begin), self.x(end)
        self.add(
            Rect('shade', left, self.top, right - left, self.bottom - self.top)
        )
        if right - left > 7 * len(label):
            self.add(Text('tick', left + 4, self.top + 12, label))

    def reference(self, value: float, label: str) -> None:
        """Draw a dashed line across, named at its end."""
        y = self.y(value)
        self.across('reference', y)
        if self.named_below:
            self.add(Text('tick end', self.right - 2, y - 4, label))
        else:
            self.add(Text('tick', self.right + 6, y + 4, label))

    def end_labels(
        self,
        labels: Sequence[tuple[float, str, str]],
        taken: float = -1e9,
        keys: Sequence[str] = (),
    ) -> None:
        """Name lines at their right ends, without overlaps.

        Args:
            labels: y value, text and class.
            taken: y value of a reference line that has a label already.
            keys: How each line looks (``line``, ``dashed``, ``bar``), for
                names below the plot. Defaults to lines.
        """
        if self.named_below:
            self.names_below(
                [(name, kind) for _, name, kind in labels],
                keys or ['line'] * len(labels),
            )
            return
        wanted = sorted((self.y(v), name, kind) for v, name, kind in labels)
        blocked = self.y(taken) if taken > -1e9 else -1e9
        places: list[float] = []
        for y, _, _ in wanted:
            if abs(y - blocked) < _LINE:
                y = blocked - _LINE if y <= blocked else blocked + _LINE
            places.append(max(y, places[-1] + _LINE if places else 0))
        # Those that were pushed off the canvas push the others up.
        limit = float(self.bottom + 4)
        for i in reversed(range(len(places))):
            places[i] = min(places[i], limit)
            limit = places[i] - _LINE
        for place, (_, name, kind) in zip(places, wanted, strict=True):
            self.add(Text(f'name {kind}', self.right + 6, place + 4, name))

    def names_below(
        self, names: Iterable[tuple[str, str]], keys: Sequence[str]
    ) -> None:
        """Write names whole, each on lines of its own below the plot.

        Args:
            names: Text and class.
            keys: See :meth:`end_labels`.
        """
        most = int((WIDTH - _KEY - 12) / _LETTER)
        for (name, kind), key in zip(names, keys, strict=True):
            y = self.height + self.below + _LINE
            if key in ('bar', 'hill', 'outline'):
                self.add(Rect(f'{key} {kind}', 12, y - 9, 12, 9))
            else:
                self.add(Path(f'{key} {kind}', [(6, y - 4), (_KEY, y - 4)]))
            for line in wrapped(name, most):
                place = _KEY + 6, self.height + self.below + _LINE
                self.add(Text(f'name {kind}', *place, line))
                self.below += _LINE
            self.below += 3

    def hits(self, xs: Sequence[float], texts: Sequence[str]) -> None:
        """Lay columns over the plot that say their values when touched."""
        for i, (x, words) in enumerate(zip(xs, texts, strict=True)):
            left = self.left if not i else self.x((xs[i - 1] + x) / 2)
            right = (
                self.right if i + 1 == len(xs) else self.x((x + xs[i + 1]) / 2)
            )
            self.add(
                Rect(
                    *('hit', left, self.top),
                    *(max(right - left, 1), self.bottom - self.top),
                    says=words,
                )
            )

    def finished(self, title: str) -> Picture:
        """The picture."""
        below = self.below + 4 if self.below else 0
        return Picture(title, WIDTH, self.height + below, self.marks)

    def _points(self, xs: Sequence[float], ys: Sequence[float]) -> list[Point]:
        return [(self.x(x), self.y(y)) for x, y in zip(xs, ys, strict=True)]


def ticks(low: float, high: float, number: int = 5) -> list[float]:
    """Round values that cover a range in about so many steps."""
    if not high > low:
        return [low]
    raw = (high - low) / number
    power = 10 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    # Without the noise of floats, whatever their size.
    return [float(f'{i * step:.10g}') for i in range(first, last + 1)]


def whole_ticks(low: float, high: float, number: int = 6) -> list[float]:
    """The same in whole numbers, for epochs."""
    return [v for v in ticks(low, high, number) if v == int(v)]


def _widened(limits: tuple[float, float]) -> tuple[float, float]:
    low, high = limits
    return (low, high) if high > low else (low - 0.5, low + 0.5)
