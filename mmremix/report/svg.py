"""A coordinate system, and marks in it, as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

# Phones are about this wide: drawn at this size, type stays readable there,
# and charts stand side by side on larger screens.
WIDTH = 360
_LINE = 14  # pixels between labels
_LETTER = 7.2  # pixels, of a bold label
_MAX_LETTERS = 16


class Plot:
    """Linear or logarithmic axes on a small canvas.

    Args:
        x_range: First and last value on the x axis.
        y_range: The same for y.
        height: In pixels.
        labels: What will be written to the right of the plot.
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
        longest = min(max(map(len, labels), default=0), _MAX_LETTERS)
        self.left = left
        self.right = round(WIDTH - 16 - _LETTER * longest)
        self.top, self.bottom = 12, height - 36
        self.height = height
        self.log_y = log_y
        self._x = _widened(x_range)
        self._y = _widened(y_range)
        self.parts: list[str] = []

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

    def add(self, *parts: str) -> None:
        """Draw on top of what is there."""
        self.parts += parts

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
            self.add(
                f'<line class="grid" x1="{self.left}" x2="{self.right}" '
                f'y1="{y}" y2="{y}"/>',
                text(self.left - 6, y + 4, y_text(value), 'tick end'),
            )
        for value in x_ticks:
            self.add(
                text(
                    *(self.x(value), self.bottom + 16, x_text(value)),
                    'tick mid',
                )
            )
        middle = (self.left + self.right) / 2
        self.add(text(middle, self.height - 4, x_label, 'tick mid'))

    def path(
        self, xs: Sequence[float], ys: Sequence[float], kind: str
    ) -> None:
        """Draw a line; a single point as a dot."""
        if len(xs) == 1:
            self.add(
                f'<circle class="dot {kind}" cx="{self.x(xs[0])}" '
                f'cy="{self.y(ys[0])}" r="3.5"/>'
            )
            return
        points = [
            f'{self.x(x)},{self.y(y)}' for x, y in zip(xs, ys, strict=True)
        ]
        self.add(f'<path class="line {kind}" d="M{"L".join(points)}"/>')

    def band(
        self,
        xs: Sequence[float],
        lows: Sequence[float],
        highs: Sequence[float],
        kind: str,
    ) -> None:
        """Fill between two lines."""
        there = [(x, y) for x, y in zip(xs, highs, strict=True)]
        back = [(x, y) for x, y in zip(xs, lows, strict=True)][::-1]
        points = [f'{self.x(x)},{self.y(y)}' for x, y in there + back]
        self.add(f'<path class="band {kind}" d="M{"L".join(points)}Z"/>')

    def shade(self, begin: float, end: float, label: str) -> None:
        """Grey a range of x, and name it."""
        left, right = self.x(begin), self.x(end)
        self.add(
            f'<rect class="shade" x="{left}" y="{self.top}" '
            f'width="{right - left:.2f}" '
            f'height="{self.bottom - self.top}"/>'
        )
        if right - left > 7 * len(label):
            self.add(text(left + 4, self.top + 12, label, 'tick'))

    def reference(self, value: float, label: str) -> None:
        """Draw a dashed line across, named at its end."""
        y = self.y(value)
        self.add(
            f'<line class="reference" x1="{self.left}" x2="{self.right}" '
            f'y1="{y}" y2="{y}"/>',
            text(self.right + 6, y + 4, label, 'tick'),
        )

    def end_labels(
        self, labels: Iterable[tuple[float, str, str]], taken: float = -1e9
    ) -> None:
        """Name lines at their right ends, without overlaps.

        Args:
            labels: y value, text and class.
            taken: y value of a reference line that has a label already.
        """
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
            shown = shortened(name, _MAX_LETTERS)
            self.add(text(self.right + 6, place + 4, shown, f'name {kind}'))

    def hits(self, xs: Sequence[float], texts: Sequence[str]) -> None:
        """Lay columns over the plot that say their values when touched."""
        for i, (x, words) in enumerate(zip(xs, texts, strict=True)):
            left = self.left if not i else self.x((xs[i - 1] + x) / 2)
            right = (
                self.right if i + 1 == len(xs) else self.x((x + xs[i + 1]) / 2)
            )
            self.add(
                f'<rect class="hit" x="{left}" y="{self.top}" '
                f'width="{max(right - left, 1):.2f}" '
                f'height="{self.bottom - self.top}" '
                f'data-t="{escape(words)}"/>'
            )

    def render(self, title: str) -> str:
        """The finished picture."""
        return svg(WIDTH, self.height, title, self.parts)


def svg(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """Wrap marks in a picture with a name for screen readers."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def shortened(words: str, letters: int) -> str:
    """Words, cut where they are too long."""
    return words if len(words) <= letters else words[: letters - 1] + '…'


def text(x: float, y: float, words: str, kind: str) -> str:
    """A line of text."""
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'
    )


def _widened(limits: tuple[float, float]) -> tuple[float, float]:
    low, high = limits
    return (low, high) if high > low else (low - 0.5, low + 0.5)
