"""Sections about the course of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmremix.report.epoch_charts import (
    Curve,
    line_chart,
    percent,
    stack_chart,
    whole,
)
from mmremix.report.markup import Chart, data_table, panels, section
from mmremix.report.plot import whole_ticks
from mmremix.report.run_data import RunData, called, kinds
from mmremix.report.run_group import RunGroup, Spread
from mmremix.utils.names import FUSION

_RHO_TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100)


def accuracy_section(groups: Sequence[RunGroup]) -> str:
    """Validation accuracy over epochs."""
    several = ' Bands reach from the worst to the best seed.' * any(
        len(g.runs) > 1 for g in groups
    )
    return section(
        'accuracy',
        'Accuracy',
        'Validation samples that are classified right: by the fused '
        'prediction, and by each modality with its own head.' + several,
        panels(accuracy_charts(groups)),
    )


def accuracy_charts(groups: Sequence[RunGroup]) -> list[Chart]:
    """One a group that has been validated, all of one scale."""
    found = [
        {n: p for n in g.first.predictions if (p := g.accuracy(n))}
        for g in groups
    ]
    values = [p for one in found for points in one.values() for p in points]
    top = max(
        (
            spread.high
            for one in found
            for points in one.values()
            for spread in points.values()
        ),
        default=1.0,
    )
    charts = []
    for group, one in zip(groups, found, strict=True):
        if not one:
            continue
        classes = group.first.num_classes
        picture = line_chart(
            f'Validation accuracy over epochs, {group.title}',
            curves(group.first, one),
            percent,
            y_range=(0, min(1, top * 1.05)),
            last_epoch=max(values),
            warm_up=warm_up(group.first),
            reference=(1 / classes, 'guessing') if classes else None,
        )
        charts.append(
            Chart(
                *(f'{group.name}_accuracy', group.title, picture),
                data_table(one, _tenths),
            )
        )
    return charts


def samples_section(groups: Sequence[RunGroup]) -> str:
    """Who gets the samples, and how many change sides."""
    return section(
        'samples',
        'Who gets the samples',
        'In the warm-up every training sample keeps all modalities, '
        'afterwards only one: by default the one that is least certain.',
        panels(sample_charts(groups) + flip_charts(groups)),
    )


def sample_charts(groups: Sequence[RunGroup]) -> list[Chart]:
    """How many samples each modality got, for each group that remixes."""
    charts = []
    for group in groups:
        counts = group.remix('count')
        if not counts:
            continue
        picture = stack_chart(
            f'Samples for each modality in every epoch, {group.title}',
            *(counts, kinds(group.first), _end(group)),
        )
        charts.append(
            Chart(
                *(f'{group.name}_samples', group.title, picture),
                data_table(counts, whole),
            )
        )
    return charts


def flip_charts(groups: Sequence[RunGroup]) -> list[Chart]:
    """How many samples changed sides, for each group that remixes."""
    charts = []
    for group in groups:
        flips = group.over_epochs('remix/flips')
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
            last_epoch=_end(group),
            warm_up=warm_up(group.first),
        )
        charts.append(
            Chart(
                *(f'{group.name}_flips', f'{group.title}: flips', picture),
                data_table({'flips': flips}, whole),
                'Samples that changed sides since the last time.',
            )
        )
    return charts


def rho_section(groups: Sequence[RunGroup]) -> str:
    """The discrepancy ratio."""
    return section(
        'rho',
        'How far one is ahead',
        'Mean probability that a modality gives the true class of a training '
        "sample, divided by the other's (the mean of the others'), as "
        'OGM-GE defines its ratio rho. 1 is balance; the axis is logarithmic.',
        panels(rho_charts(groups)),
    )


def rho_charts(groups: Sequence[RunGroup]) -> list[Chart]:
    """One a group that measured the ratio."""
    charts = []
    for group in groups:
        found = group.remix('rho')
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
            curves(group.first, drawn),
            '{:.2f}'.format,
            y_range=(low, high),
            warm_up=warm_up(group.first),
            reference=(1, 'balance'),
            log_y=True,
            tick_text='{:g}'.format,
            y_ticks=[t for t in _RHO_TICKS if low <= t <= high],
        )
        charts.append(
            Chart(
                *(f'{group.name}_rho', title, picture),
                data_table(found, '{:.3f}'.format),
            )
        )
    return charts


def curves(
    run: RunData, found: Mapping[str, Mapping[float, Spread]]
) -> list[Curve]:
    """Lines in the colours of the predictions; others in that of the text."""
    colours = kinds(run)
    return [
        Curve(called(name), colours.get(name, 's0'), points)
        for name, points in found.items()
    ]


def _end(group: RunGroup) -> float:
    """The last epoch that samples were given, or the fused one was tested."""
    counts = group.remix('count').values()
    tested = group.accuracy(FUSION)
    return max(0.0, *(e for p in counts for e in p), *tested)


def warm_up(run: RunData) -> int | None:
    """How many epochs it took, if the run remixes."""
    begin = run.first_remix_epoch
    return None if begin is None else begin - 1


def _tenths(value: float) -> str:
    return f'{100 * value:.1f} %'
