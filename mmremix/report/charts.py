"""Charts of one moment: histograms, accuracies, confusion matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mmremix.report.epoch_charts import percent
from mmremix.report.labels import cells, isolated, wrapped
from mmremix.report.picture import Circle, Mark, Path, Picture, Rect, Text
from mmremix.report.plot import WIDTH, Plot, ticks
from mmremix.report.run_group import Spread

_ROW = 46  # pixels for one histogram
_LINE, _LINE_CELLS = 14, 52  # a line of names below a matrix
_MAX_NAMED_CLASSES = 40
_LEAST_DRAWN = 0.02
_MAX_CELLS = 12  # of class names beside a matrix; longer ones get numbers


def histogram_chart(
    title: str,
    epochs: Sequence[int],
    scores: Sequence[np.ndarray],
    names: Sequence[str],
    kinds: Mapping[str, str],
    most: float,
) -> Picture:
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
    plot = Plot((0, most), (0, 1), height=height, left=64, labels=names)
    if plot.named_below:
        named = [(name, kinds[name]) for name in names]
        plot.names_below(named, ['hill'] * len(named))
    for k, name in enumerate(() if plot.named_below else names):
        place = plot.right + 6, plot.top + 14 * (k + 1)
        plot.add(Text(f'name {kinds[name]}', *place, name))
    plot.axes('KL(p ‖ uniform), nats', ticks(0, most, 4), [], '{:g}'.format)
    for row, (epoch, histograms) in enumerate(zip(epochs, found, strict=True)):
        base = plot.top + (row + 1) * _ROW - 4
        plot.across('grid', base)
        plot.add(Text('tick end', plot.left - 6, base - 4, f'epoch {epoch}'))
        for name, histogram in histograms.items():
            heights = base - (_ROW - 8) * histogram / max(peak, 1)
            xs = [plot.x(edge) for edge in edges.tolist()]
            outline = [
                (x, y)
                for left, right, y in zip(
                    xs[:-1], xs[1:], heights.tolist(), strict=True
                )
                for x in (left, right)
            ]
            ends = [(xs[0], base), (xs[-1], base)]
            plot.add(
                Path(
                    f'hill {kinds[name]}',
                    [ends[0], *outline, ends[1]],
                    closed=True,
                )
            )
    return plot.finished(title)


def strip_chart(
    title: str,
    values: Sequence[tuple[str, str, Spread]],
    chance: float | None,
) -> Picture:
    """Accuracies as dots on one line from 0 to 100 per cent.

    Args:
        title: For screen readers.
        values: Name, CSS class and value of each dot.
        chance: Where guessing stands.
    """
    plot = Plot((0, 1), (0, 1), height=58, left=16)
    middle = 22
    plot.across('grid', middle)
    for quarter in range(5):
        x = plot.x(quarter / 4)
        plot.add(
            Text('tick mid', x, 52, percent(quarter / 4)),
            Path('grid', [(x, middle - 5), (x, middle + 5)]),
        )
    if chance is not None:
        x = plot.x(chance)
        plot.add(Path('reference', [(x, 8), (x, 36)]))
    means = [plot.x(v.mean) for _, kind, v in values if kind != 's0']
    if len(means) > 1:
        plot.add(Path('gap', [(min(means), middle), (max(means), middle)]))
    for name, kind, value in values:
        x = plot.x(value.mean)
        if value.runs > 1:
            ends = [plot.x(value.low), plot.x(value.high)]
            plot.add(Path(f'line {kind}', [(end, middle) for end in ends]))
        if kind == 's0':
            across = [(x - 8, middle), (x, middle - 8), (x + 8, middle)]
            diamond = [*across, (x, middle + 8)]
            plot.add(Path(f'dot {kind}', diamond, closed=True))
        else:
            plot.add(
                Circle(f'dot {kind}', x, middle, 7),
                Text('initial mid', x, middle + 3.5, name[:1].upper()),
            )
    return plot.finished(title)


def matrix_chart(
    title: str, confusion: np.ndarray, classes: Sequence[str], kind: str
) -> Picture:
    """A confusion matrix, rows as shares of the true class.

    Long class names stand below it, with the numbers of their rows. With
    more than 40 classes, shares below 2 % are left out.
    """
    number = len(confusion)
    totals = confusion.sum(axis=1, keepdims=True)
    shares = confusion / np.maximum(totals, 1)
    named = number <= _MAX_NAMED_CLASSES
    longest = max(map(cells, classes), default=1)
    beside, below = list(classes), []
    if longest > _MAX_CELLS:
        beside = [str(i) for i in range(1, len(classes) + 1)]
        below = [f'{i}  {isolated(c)}' for i, c in enumerate(classes, start=1)]
        longest = len(beside[-1])
    margin = 8 + 6.5 * longest if named else 0
    left, top = margin + 2, 18.0
    cell = (WIDTH - left - 2) / number
    marks: list[Mark] = [Text('tick', 0, 11, 'true ↓  predicted →')]
    bottom = top + cell * number
    if named:
        size = min(11.0, max(cell * 0.9, 5.0))
        for i, name in enumerate(beside):
            at = (i + 0.5) * cell + size * 0.35
            marks += [
                Text('end', left - 4, top + at, name, size),
                Text('end', left + at, bottom + 4, name, size, turned=True),
            ]
    marks.append(Rect('frame', left, top, cell * number, cell * number))
    least = 0.0 if named else _LEAST_DRAWN
    for i in range(number):
        for j in range(number):
            count = int(confusion[i, j])
            share = float(shares[i, j])
            if not count or share < least:
                continue
            says = ''
            if named and i < len(classes) and j < len(classes):
                says = (
                    f'{isolated(classes[i])} taken for '
                    f'{isolated(classes[j])}: {count} of '
                    f'{int(totals[i, 0])}'
                )
            place = (left + j * cell, top + i * cell, cell, cell)
            marks.append(Rect(f'cell {kind}', *place, share, says))
    height = bottom + margin + 4
    for name in below if named else ():
        for i, line in enumerate(wrapped(name, _LINE_CELLS)):
            height += _LINE
            marks.append(Text('tick', 16 if i else 2, height, line))
    return Picture(title, WIDTH, height + (6 if below else 0), marks)
