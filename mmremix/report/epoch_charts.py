"""Charts over epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mmremix.report.labels import isolated
from mmremix.report.picture import Picture, Rect
from mmremix.report.plot import Plot, ticks, whole_ticks
from mmremix.report.run_group import Spread


@dataclass
class Curve:
    """A line in a chart.

    Attributes:
        name: Written at its end.
        kind: CSS class of its colour.
        points: By epoch.
        look: ``line``, ``dashed`` or ``dotted``.
    """

    name: str
    kind: str
    points: Mapping[float, Spread]
    look: str = 'line'


def percent(value: float) -> str:
    """A fraction in per cent, two or three digits."""
    return f'{100 * value:.0f} %'


def whole(value: float) -> str:
    """A number of samples."""
    return f'{value:,.0f}'


def line_chart(
    title: str,
    curves: Sequence[Curve],
    y_text: Callable[[float], str],
    *,
    y_range: tuple[float, float] | None = None,
    last_epoch: float | None = None,
    warm_up: int | None = None,
    reference: tuple[float, str] | None = None,
    log_y: bool = False,
    y_ticks: Sequence[float] | None = None,
    tick_text: Callable[[float], str] | None = None,
) -> Picture:
    """Lines over epochs, with the range over the seeds around them.

    Args:
        title: For screen readers.
        curves: At least one, none empty.
        y_text: Writes a value.
        y_range: Defaults to what the curves need.
        last_epoch: End of the x axis. Defaults to the curves'.
        warm_up: Epochs to shade.
        reference: Value and name of a dashed line.
        log_y: Whether y is on a logarithmic scale.
        y_ticks: Where y has labels.
        tick_text: Writes them. Defaults to ``y_text``.
    """
    values = [s for c in curves for s in c.points.values()]
    epochs = sorted({e for c in curves for e in c.points})
    low, high = y_range or _range(
        [s.low for s in values] + [s.high for s in values]
    )
    begin = min(1, epochs[0])
    end = max(last_epoch or epochs[-1], epochs[-1])
    plot = Plot(
        (begin, end),
        (low, high),
        labels=[*(c.name for c in curves), *(reference or ())[1:]],
        log_y=log_y,
    )
    if warm_up:
        plot.shade(begin, min(warm_up + 0.5, end), 'warm-up')
    plot.axes(
        'epoch',
        whole_ticks(begin, end),
        y_ticks or ticks(low, high),
        tick_text or y_text,
    )
    if reference:
        plot.reference(*reference)
    for curve in curves:
        xs, spreads = list(curve.points), list(curve.points.values())
        if max(s.runs for s in spreads) > 1 and len(xs) > 1:
            plot.band(
                *(xs, [s.low for s in spreads], [s.high for s in spreads]),
                curve.kind,
            )
        plot.path(xs, [s.mean for s in spreads], curve.kind, curve.look)
    plot.end_labels(
        [(c.points[max(c.points)].mean, c.name, c.kind) for c in curves],
        reference[0] if reference else -1e9,
        [c.look for c in curves],
    )
    texts = []
    for epoch in epochs:
        said = [
            f'{c.name} {_with_range(c.points[epoch], y_text)}'
            for c in curves
            if epoch in c.points
        ]
        texts.append(f'epoch {epoch:g}: {", ".join(said)}')
    plot.hits(epochs, texts)
    return plot.finished(title)


def stack_chart(
    title: str,
    counts: Mapping[str, Mapping[float, Spread]],
    kinds: Mapping[str, str],
    last_epoch: float,
) -> Picture:
    """How many samples keep each modality, a bar for every scoring epoch."""
    epochs = sorted({e for points in counts.values() for e in points})
    totals = {
        e: sum(points[e].mean for points in counts.values() if e in points)
        for e in epochs
    }
    most = max(totals.values()) or 1.0
    shares = {
        name: points[max(points)].mean / (totals[max(points)] or 1)
        for name, points in counts.items()
    }
    labels = {
        name: f'{isolated(name)} {percent(v)}' for name, v in shares.items()
    }
    plot = Plot(
        *((0.5, last_epoch + 0.5), (0, most)), labels=list(labels.values())
    )
    if epochs[0] > 1:
        plot.shade(0.5, epochs[0] - 0.5, 'warm-up')
    plot.axes('epoch', whole_ticks(1, last_epoch), whole_ticks(0, most), whole)
    gaps = [b - a for a, b in pairwise(epochs)]
    width = 0.8 * (plot.x(1.5 + min(gaps, default=1) - 1) - plot.x(0.5))
    below = dict.fromkeys(epochs, 0.0)
    middles = []
    for name, points in counts.items():
        for epoch, value in points.items():
            bottom = below[epoch]
            below[epoch] = top = bottom + value.mean
            plot.add(
                Rect(
                    *(f'bar {kinds[name]}', plot.x(epoch) - width / 2),
                    *(plot.y(top), width, plot.y(bottom) - plot.y(top)),
                )
            )
        end = max(points)
        middle = below[end] - points[end].mean / 2
        middles.append((middle, labels[name], kinds[name]))
    plot.end_labels(middles, keys=['bar'] * len(middles))
    plot.hits(
        epochs,
        [
            f'epoch {e:g}: '
            + ', '.join(
                f'{isolated(name)} {whole(points[e].mean)} '
                f'({percent(points[e].mean / (totals[e] or 1))})'
                for name, points in counts.items()
                if e in points
            )
            for e in epochs
        ],
    )
    return plot.finished(title)


def _with_range(value: Spread, y_text: Callable[[float], str]) -> str:
    if value.runs == 1:
        return y_text(value.mean)
    return (
        f'{y_text(value.mean)} ({y_text(value.low)} to {y_text(value.high)})'
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.05 * (high - low) or 0.5
    return (0.0 if 0 <= low < 0.5 * high else low - margin, high + margin)
