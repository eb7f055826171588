"""Training losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmremix.report.epoch_charts import Curve, line_chart
from mmremix.report.markup import Chart, data_table, panels, section
from mmremix.report.run_data import called, kinds
from mmremix.report.run_group import RunGroup, Spread
from mmremix.report.sections_epochs import warm_up

TOTAL = 'loss'
_PREFIX = 'loss_'


def loss_section(groups: Sequence[RunGroup]) -> str:
    """The losses of each group over epochs."""
    several = ' Bands reach from the lowest to the highest seed.' * any(
        len(g.runs) > 1 for g in groups
    )
    return section(
        'losses',
        'Losses',
        'Of training: means over the steps of an epoch that were logged. The '
        'total (dashed) is what is minimized; the others are its parts, '
        'weights included.' + several,
        panels(loss_charts(groups)),
    )


def loss_charts(groups: Sequence[RunGroup]) -> list[Chart]:
    """One a group: the total and its parts."""
    charts = []
    for group in groups:
        found = group_losses(group)
        if not found:
            continue
        picture = line_chart(
            f'Training losses over epochs, {group.title}',
            _curves(group, found),
            '{:.3g}'.format,
            tick_text='{:g}'.format,
            last_epoch=max(run.epochs for run in group.runs),
            warm_up=warm_up(group.first),
        )
        charts.append(
            Chart(
                *(f'{group.name}_losses', group.title, picture),
                data_table(found, '{:.4g}'.format),
            )
        )
    return charts


def group_losses(group: RunGroup) -> dict[str, dict[float, Spread]]:
    """Losses by their names without ``loss_``, the total as ``total``."""
    logged = dict.fromkeys(s for run in group.runs for s in run.series)
    names = [s for s in logged if 'loss' in s and '/' not in s]
    found = {
        'total' if name == TOTAL else name.removeprefix(_PREFIX): points
        for name in names
        if (points := group.epoch_means(name))
    }
    # Of one part, the total says nothing more.
    if len(found) == 2 and 'total' in found:
        (part,) = found.keys() - {'total'}
        if found[part] == found['total']:
            del found[part]
    return found


def _curves(
    group: RunGroup, found: Mapping[str, Mapping[float, Spread]]
) -> list[Curve]:
    colours = kinds(group.first)
    others = [n for n in found if n not in colours and n != 'total']
    curves = []
    for name, points in found.items():
        look = 'line'
        if name == 'total':
            look, kind = 'dashed', 's0'
        elif name in colours:
            kind = colours[name]
        else:
            place = others.index(name)
            look, kind = 'dotted', f's{5 - place % 5}'
        curves.append(Curve(called(name), kind, points, look))
    return curves
