"""Accuracy where modalities are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mmremix.report.bar_chart import Bar, bar_chart
from mmremix.report.labels import isolated
from mmremix.report.markup import Chart, panels, section, table
from mmremix.report.run_data import RunData
from mmremix.report.run_group import RunGroup, Spread, spread
from mmremix.report.verdict import written

_START = 'subset/samples_'


@dataclass(frozen=True)
class Measured:
    """Accuracies of a group with every set of modalities.

    Attributes:
        group: Whose they are.
        where: On what they were measured.
        stem: The same in a word, for a file.
        subsets: Fused, sum of heads and samples, by ``video+audio``.
    """

    group: RunGroup
    where: str
    stem: str
    subsets: Mapping[str, tuple[Spread, Spread, Spread]]


def missing_section(groups: Sequence[RunGroup]) -> str:
    """What ``tools/test.py --subsets`` and ``ContributionHook`` measured."""
    found = [m for group in groups for m in measured(group)]
    if not found:
        return ''
    rows = [
        [
            f'{m.group.title}: {subset_name(name)}',
            *(m.where, written(fused), written(heads), f'{count.mean:.0f}'),
        ]
        for m in found
        for name, (fused, heads, count) in m.subsets.items()
    ]
    header = ['only these are there', 'measured on', 'fused', 'sum of heads']
    return section(
        'missing',
        'Where modalities are missing',
        'Accuracy where only some modalities are there: of the fused '
        'prediction, for which the others are absent, and of the sum of the '
        'heads of those that are there.',
        panels(missing_charts(groups))
        + table(
            [*header, 'samples'],
            rows,
            'Accuracy with every set of modalities',
        ),
    )


def missing_charts(groups: Sequence[RunGroup]) -> list[Chart]:
    """One a group and data set that they were measured on."""
    charts = []
    for group in groups:
        classes = group.first.num_classes
        for m in measured(group):
            bars = [
                Bar(subset_name(name), fused, heads)
                for name, (fused, heads, _) in m.subsets.items()
            ]
            picture = bar_chart(
                f'Accuracy with every set of modalities, {group.title}, '
                f'{m.where}',
                *(bars, 1 / classes if classes else None),
            )
            charts.append(
                Chart(
                    f'{group.name}_missing_{m.stem}',
                    f'{group.title}: {m.where}',
                    picture,
                    note='Bars: fused. Frames: sum of heads.'
                    + (' Dashed: guessing.' if classes else ''),
                )
            )
    return charts


def measured(group: RunGroup) -> Iterator[Measured]:
    """On the test set where it was, and on the validation set."""
    tested = [_last_test(run) for run in group.runs]
    metrics = [found[1] for found in tested if found is not None]
    if metrics:
        names = dict.fromkeys(found[0] for found in tested if found)
        where = 'test set' + ', '.join(f', {n}' for n in names if n)
        yield from _measured(group, where, 'test', metrics)
    logged = [
        {name: series[max(series)] for name, series in run.series.items()}
        for run in group.runs
        if any(name.startswith(_START) for name in run.series)
    ]
    if logged:
        where = 'validation set, at the end'
        yield from _measured(group, where, 'validation', logged)


def _measured(
    group: RunGroup,
    where: str,
    stem: str,
    metrics: Sequence[Mapping[str, float]],
) -> Iterator[Measured]:
    names = dict.fromkeys(
        key.removeprefix(_START)
        for found in metrics
        for key in found
        if key.startswith(_START)
    )
    subsets = {}
    for name in names:
        kinds = []
        for kind in ('fusion', 'heads', 'samples'):
            key = f'subset/{kind}_{name}'
            values = [found[key] for found in metrics if key in found]
            if values:
                kinds.append(spread(values))
        if len(kinds) == 3:
            subsets[name] = (kinds[0], kinds[1], kinds[2])
    if subsets:
        yield Measured(group, where, stem, subsets)


def _last_test(run: RunData) -> tuple[str, Mapping[str, float]] | None:
    """Checkpoint and metrics of the last test that has them."""
    for test in reversed(run.tested):
        if any(name.startswith(_START) for name in test.metrics):
            return test.checkpoint, test.metrics
    return None


def subset_name(name: str) -> str:
    """``video + audio`` of ``video+audio``."""
    return ' + '.join(map(isolated, name.split('+')))
