"""Charts of one moment: histograms, accuracies, confusion matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from mmremix.report.epoch_charts import percent
from mmremix.report.run_group import Spread
from mmremix.report.svg import (
    WIDTH,
    Plot,
    shortened,
    svg,
    text,
)
from mmremix.report.ticks import ticks

_ROW = 46  # pixels for one histogram
_MAX_NAMED_CLASSES = 40
_LEAST_DRAWN = 0.02


def histogram_chart(
    title: str,
    epochs: Sequence[int],
    scores: Sequence[np.ndarray],
    names: Sequence[str],
    kinds: Mapping[str, str],
    most: float,
) -> str:
    """A row of histograms for each epoch, modalities over each other.

    Args:
        title: For screen readers.
        epochs: Whose scores they are.
        scores: ``(N, K)`` for each.
        names: Of the K columns.
        kinds: CSS classes of their colours.
        most: End of the x axis.
    """
    edges = np.linspace(0, most, 31)
    found = [
        {
            name: np.histogram(column[~np.isnan(column)], edges)[0]
            for name, column in zip(names, table.T, strict=True)
        }
        for table in scores
    ]
    peak = max((h.max() for row in found for h in row.values()), default=0)
    height = _ROW * len(epochs) + 44
    plot = Plot((0, most), (0, 1), height=height, left=64)
    plot.axes('KL(p ‖ uniform), nats', ticks(0, most, 4), [], '{:g}'.format)
    for row, (epoch, histograms) in enumerate(zip(epochs, found, strict=True)):
        base = plot.top + (row + 1) * _ROW - 4
        plot.add(
            f'<line class="grid" x1="{plot.left}" x2="{plot.right}" '
            f'y1="{base}" y2="{base}"/>',
            text(plot.left - 6, base - 4, f'epoch {epoch}', 'tick end'),
        )
        for name, histogram in histograms.items():
            steps = [f'M{plot.x(0)},{base}']
            for i, count in enumerate(histogram):
                y = base - (_ROW - 8) * count / max(peak, 1)
                steps.append(f'V{y:.1f}H{plot.x(edges[i + 1])}')
            steps.append(f'V{base}Z')
            plot.add(
                f'<path class="hill {kinds[name]}" d="{"".join(steps)}" '
                f'data-n="{int(histogram.sum())}"/>'
            )
    return plot.render(title)


def strip_chart(
    title: str,
    values: Sequence[tuple[str, str, Spread]],
    chance: float | None,
) -> str:
    """Accuracies as dots on one line from 0 to 100 per cent.

    Args:
        title: For screen readers.
        values: Name, CSS class and value of each dot.
        chance: Where guessing stands.
    """
    plot = Plot((0, 1), (0, 1), height=58, left=16)
    middle = 22
    plot.add(
        f'<line class="grid" x1="{plot.left}" x2="{plot.right}" '
        f'y1="{middle}" y2="{middle}"/>'
    )
    for quarter in range(5):
        x = plot.x(quarter / 4)
        plot.add(
            text(x, 52, percent(quarter / 4), 'tick mid'),
            f'<line class="grid" x1="{x}" x2="{x}" '
            f'y1="{middle - 5}" y2="{middle + 5}"/>',
        )
    if chance is not None:
        x = plot.x(chance)
        plot.add(f'<line class="reference" x1="{x}" x2="{x}" y1="8" y2="36"/>')
    means = [v.mean for _, kind, v in values if kind != 's0']
    if len(means) > 1:
        plot.add(
            f'<line class="gap" x1="{plot.x(min(means))}" '
            f'x2="{plot.x(max(means))}" y1="{middle}" y2="{middle}"/>'
        )
    for name, kind, value in values:
        x = plot.x(value.mean)
        if value.runs > 1:
            plot.add(
                f'<line class="line {kind}" x1="{plot.x(value.low)}" '
                f'x2="{plot.x(value.high)}" y1="{middle}" y2="{middle}"/>'
            )
        if kind == 's0':
            plot.add(
                f'<path class="dot {kind}" '
                f'd="M{x},{middle - 8}l8,8l-8,8l-8,-8Z"/>'
            )
        else:
            plot.add(
                f'<circle class="dot {kind}" cx="{x}" cy="{middle}" r="7"/>',
                text(x, middle + 3.5, name[:1].upper(), 'initial mid'),
            )
    return plot.render(title)


def matrix_chart(
    title: str, confusion: np.ndarray, classes: Sequence[str], kind: str
) -> str:
    """A confusion matrix, rows as shares of the true class.

    With more than 40 classes, shares below 2 % are left out.
    """
    number = len(confusion)
    totals = confusion.sum(axis=1, keepdims=True)
    shares = confusion / np.maximum(totals, 1)
    longest = max((len(c) for c in classes), default=1)
    named = number <= _MAX_NAMED_CLASSES
    margin = min(8 + 6 * longest, 84) if named else 0
    left, top = margin + 2, 18.0
    cell = (WIDTH - left - 2) / number
    parts = [text(0, 11, 'true ↓  predicted →', 'tick')]
    bottom = top + cell * number
    if named:
        size = min(11.0, max(cell * 0.9, 5.0))
        for i, name in enumerate(classes):
            short = shortened(name, max(int((margin - 6) / 6), 1))
            at = (i + 0.5) * cell + size * 0.35
            style = f'style="font-size:{size:.1f}px"'
            parts += [
                f'<text class="end" x="{left - 4}" y="{top + at:.1f}" '
                f'{style}>{escape(short)}</text>',
                f'<text class="end" {style} transform="translate('
                f'{left + at:.1f} {bottom + 4:.1f}) rotate(-90)">'
                f'{escape(short)}</text>',
            ]
    parts.append(
        f'<rect class="frame" x="{left}" y="{top}" '
        f'width="{cell * number:.2f}" height="{cell * number:.2f}"/>'
    )
    least = 0.0 if named else _LEAST_DRAWN
    for i in range(number):
        for j in range(number):
            count = int(confusion[i, j])
            if not count or shares[i, j] < least:
                continue
            said = (
                f' data-t="{escape(classes[i])} taken for '
                f'{escape(classes[j])}: {count} of {int(totals[i, 0])}"'
                if named and i < len(classes) and j < len(classes)
                else ''
            )
            parts.append(
                f'<rect class="cell {kind}" x="{left + j * cell:.2f}" '
                f'y="{top + i * cell:.2f}" width="{cell:.2f}" '
                f'height="{cell:.2f}" '
                f'fill-opacity="{shares[i, j]:.3f}"{said}/>'
            )
    return svg(WIDTH, bottom + margin + 4, title, parts)
