"""Sections about the course of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmremix.report.data_table import data_table
from mmremix.report.epoch_charts import (
    Curve,
    line_chart,
    percent,
    stack_chart,
    whole,
)
from mmremix.report.markup import figure, panels, section
from mmremix.report.run_data import RunData, called, kinds
from mmremix.report.run_group import RunGroup, Spread
from mmremix.report.scalars import Series
from mmremix.report.ticks import whole_ticks

_RHO_TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100)


def accuracy_section(groups: Sequence[RunGroup]) -> str:
    """Validation accuracy over epochs."""
    ends = [e for g in groups for e in _accuracies(g, 'fusion')]
    top = max(
        (
            s.high
            for g in groups
            for n in g.first.predictions
            for s in _accuracies(g, n).values()
        ),
        default=1.0,
    )
    charts = []
    for group in groups:
        found = {
            n: points
            for n in group.first.predictions
            if (points := _accuracies(group, n))
        }
        if not found:
            continue
        classes = group.first.num_classes
        picture = line_chart(
            f'Validation accuracy over epochs, {group.title}',
            _curves(found, kinds(group.first)),
            percent,
            y_range=(0, min(1, top * 1.05)),
            last_epoch=max(ends),
            warm_up=_warm_up(group.first),
            reference=(1 / classes, 'guessing') if classes else None,
        )
        charts.append(
            figure(group.title, picture, data=data_table(found, _tenths))
        )
    several = ' Bands reach from the worst to the best seed.' * any(
        len(g.runs) > 1 for g in groups
    )
    return section(
        'accuracy',
        'Accuracy',
        'Validation samples that are classified right: by the fused '
        'prediction, and by each modality with its own head.' + several,
        panels(charts),
    )


def samples_section(groups: Sequence[RunGroup]) -> str:
    """Who gets the samples, and how many change sides."""
    charts, changes = [], []
    for group in groups:
        counts = _remix_points(group, 'count_')
        if not counts:
            continue
        last = max(e for points in counts.values() for e in points)
        end = max([last, *_accuracies(group, 'fusion')])
        picture = stack_chart(
            f'Samples for each modality in every epoch, {group.title}',
            *(counts, kinds(group.first), end),
        )
        charts.append(
            figure(group.title, picture, data=data_table(counts, whole))
        )
        flips = group.over_epochs(lambda run: run.remix('flips'))
        # The first assignment has none before it.
        flips = {e: s for e, s in flips.items() if e > min(flips)}
        if not flips:
            continue
        most = 1.05 * max(1, *(s.high for s in flips.values()))
        picture = line_chart(
            f'Samples that changed sides, {group.title}',
            [Curve('flips', 's0', flips)],
            whole,
            y_range=(0, most),
            y_ticks=whole_ticks(0, most),
            last_epoch=end,
            warm_up=_warm_up(group.first),
        )
        changes.append(
            figure(
                f'{group.title}: flips',
                *(picture, 'Samples that changed sides since the last time.'),
                data_table({'flips': flips}, whole),
            )
        )
    return section(
        'samples',
        'Who gets the samples',
        'In the warm-up every training sample keeps all modalities, '
        'afterwards only one: by default the one that is least certain.',
        panels(charts + changes),
    )


def rho_section(groups: Sequence[RunGroup]) -> str:
    """The discrepancy ratio."""
    charts = []
    for group in groups:
        found = _remix_points(group, 'rho_')
        if len(found) < 2:
            continue
        if len(found) == 2:  # each is the other's inverse
            ahead = max(
                found, key=lambda n: next(iter(found[n].values())).mean
            )
            drawn = {ahead: found[ahead]}
            (behind,) = set(found) - {ahead}
            title = f'{group.title}: {ahead} ÷ {behind}'
        else:
            drawn, title = found, group.title
        values = [s for points in drawn.values() for s in points.values()]
        low = min(0.8, *(s.low for s in values)) * 0.9
        high = max(1.25, *(s.high for s in values)) * 1.1
        picture = line_chart(
            f'Ratio of true-class probabilities over epochs, {title}',
            _curves(drawn, kinds(group.first)),
            '{:.2f}'.format,
            y_range=(low, high),
            warm_up=_warm_up(group.first),
            reference=(1, 'balance'),
            log_y=True,
            tick_text='{:g}'.format,
            y_ticks=[t for t in _RHO_TICKS if low <= t <= high],
        )
        charts.append(
            figure(title, picture, data=data_table(found, '{:.3f}'.format))
        )
    return section(
        'rho',
        'How far one is ahead',
        'Mean probability that a modality gives the true class of a training '
        "sample, divided by the other's (the mean of the others'), as "
        'OGM-GE defines its ratio rho. 1 is balance; the axis is logarithmic.',
        panels(charts),
    )


def _warm_up(run: RunData) -> int | None:
    """How many epochs it took, if the run remixes."""
    begin = run.first_remix_epoch
    return None if begin is None else begin - 1


def _accuracies(group: RunGroup, name: str) -> dict[float, Spread]:
    return group.over_epochs(lambda run: run.accuracy(name))


def _remix_points(
    group: RunGroup, what: str
) -> dict[str, dict[float, Spread]]:
    def points(name: str) -> dict[float, Spread]:
        def get(run: RunData) -> Series:
            return run.remix(what + name)

        return group.over_epochs(get)

    return {n: found for n in group.first.modalities if (found := points(n))}


def _curves(
    found: Mapping[str, Mapping[float, Spread]], colours: Mapping[str, str]
) -> list[Curve]:
    return [
        Curve(called(name), colours[name], points)
        for name, points in found.items()
    ]


def _tenths(value: float) -> str:
    return f'{100 * value:.1f} %'
