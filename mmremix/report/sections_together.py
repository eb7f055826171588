"""Curves of all the runs in one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mmremix.report.epoch_charts import Curve, line_chart, percent
from mmremix.report.markup import Chart, data_table, panels, section
from mmremix.report.run_data import called
from mmremix.report.run_group import RunGroup, Spread
from mmremix.report.sections_losses import TOTAL

_COLOURS = 6
_LOOKS = ('line', 'dashed', 'dotted')


def together_section(groups: Sequence[RunGroup]) -> str:
    """Every prediction's accuracy, and the loss, a curve a group."""
    return section(
        'together',
        'All runs together',
        'A curve for each run, or group of seeds. Total losses of different '
        'methods are sums of different things: compare when they fall, not '
        'how high they are.',
        panels(together_charts(groups)),
    )


def together_charts(groups: Sequence[RunGroup]) -> list[Chart]:
    """None for a single group."""
    if len(groups) < 2:
        return []
    charts = []
    last = max(run.epochs for group in groups for run in group.runs)
    names = dict.fromkeys(n for g in groups for n in g.first.predictions)
    # All of one scale, so that they can be compared.
    tops = [
        spread.high
        for group in groups
        for name in names
        for spread in group.accuracy(name).values()
    ]
    for name in names:
        found = [(g, points) for g in groups if (points := g.accuracy(name))]
        charts += _chart(
            found,
            f'all_accuracy_{name}',
            f'Validation accuracy, {called(name)}',
            *(percent, last, groups),
            y_range=(0, min(1, 1.05 * max(tops, default=1))),
        )
    losses = [(g, points) for g in groups if (points := g.epoch_means(TOTAL))]
    charts += _chart(
        losses,
        'all_losses',
        'Training loss, total',
        *('{:.3g}'.format, last, groups),
    )
    return charts


def _chart(
    found: Sequence[tuple[RunGroup, Mapping[float, Spread]]],
    stem: str,
    title: str,
    write: Callable[[float], str],
    last: float,
    groups: Sequence[RunGroup],
    y_range: tuple[float, float] | None = None,
) -> list[Chart]:
    if len(found) < 2:
        return []
    curves = []
    for group, points in found:
        place = next(i for i, other in enumerate(groups) if other is group)
        look = _LOOKS[place % len(_LOOKS)]
        kind = f's{place % _COLOURS}'
        curves.append(Curve(group.title, kind, points, look))
    picture = line_chart(
        f'{title} over epochs, all runs',
        *(curves, write),
        y_range=y_range,
        last_epoch=last,
        tick_text=write if y_range else '{:g}'.format,
    )
    tabled = {group.title: points for group, points in found}
    data = data_table(tabled, _tenths if y_range else '{:.4g}'.format)
    return [Chart(stem, title, picture, data)]


def _tenths(value: float) -> str:
    return f'{100 * value:.1f} %'
