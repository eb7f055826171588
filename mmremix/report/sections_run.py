"""Sections that look into one run: scores, classes, settings."""

from __future__ import annotations

from html import escape

import numpy as np

from mmremix.records import Records
from mmremix.report.charts import histogram_chart, matrix_chart
from mmremix.report.epoch_charts import Curve, line_chart, percent
from mmremix.report.labels import without_isolates
from mmremix.report.markup import Chart, details, table
from mmremix.report.run_data import RunData, called, kinds
from mmremix.report.run_group import RunGroup, Spread

_MAX_HISTOGRAMS = 6
_MOST_CONFUSED = 10


def certainty_charts(group: RunGroup) -> list[Chart]:
    """KL histograms of the first run, and how they drift."""
    run = group.first
    records = run.records
    if records is None:
        return []
    colours = kinds(run)
    epochs = records.epochs[records.kept]
    number = min(_MAX_HISTOGRAMS, len(epochs))
    chosen = np.unique(
        np.linspace(0, len(epochs) - 1, number).round().astype(int)
    )
    # KL ends at ln M; other scores may go beyond.
    most = max(
        float(np.log(max(run.num_classes or 2, 2))),
        float(np.nanmax(records.scores, initial=0)),
    )
    histograms = histogram_chart(
        f'Histograms of the scores in epochs {epochs[chosen]}',
        epochs[chosen].tolist(),
        list(records.scores[chosen]),
        records.modalities,
        colours,
        most,
    )
    quartiles = np.nanpercentile(records.scores, [25, 50, 75], axis=1)
    drift = []
    for k, name in enumerate(records.modalities):
        points = {
            float(epoch): Spread(
                float(middle), float(low), float(high), None, runs=2
            )
            for epoch, low, middle, high in zip(
                epochs, *quartiles[:, :, k], strict=True
            )
        }
        drift.append(Curve(name, colours[name], points))
    rows = [
        [
            str(epoch),
            *(
                f'{middle:.3f} ({low:.3f} to {high:.3f})'
                for low, middle, high in quartiles[:, e].T
            ),
        ]
        for e, epoch in enumerate(epochs)
    ]
    picture = line_chart(
        f'Median and quartiles of the scores, {run.name}',
        drift,
        '{:.2f}'.format,
        y_range=(0, most),
        tick_text='{:g}'.format,
    )
    return [
        Chart(
            f'{group.name}_certainty',
            f'{run.name}: distribution',
            histograms,
            _histogram_table(records, most),
            'Left: as unsure as a guess. Right: certain of one class '
            '(ln of the number of classes).',
        ),
        Chart(
            f'{group.name}_drift',
            f'{run.name}: drift',
            picture,
            table(
                ['epoch', *records.modalities],
                rows,
                'Median (quartiles), nats',
            ),
            'Lines: median. Bands: the middle half of the samples.',
        ),
    ]


def _histogram_table(records: Records, most: float) -> str:
    """Counts of the first and the last scoring epoch that is kept."""
    epochs = records.epochs[records.kept]
    edges = np.linspace(0, most, 11)
    header, columns = ['KL from'], [[f'{edge:.2f}' for edge in edges[:-1]]]
    for row in sorted({0, len(epochs) - 1}):
        for k, name in enumerate(records.modalities):
            values = records.scores[row, :, k]
            counts, _ = np.histogram(values[~np.isnan(values)], edges)
            header.append(f'{name}, epoch {epochs[row]}')
            columns.append([str(int(n)) for n in counts])
    return table(
        header, list(zip(*columns, strict=True)), 'Samples by KL, nats'
    )


def confusion_charts(group: RunGroup) -> list[Chart]:
    """A matrix for each prediction of the first run."""
    run = group.first
    colours = kinds(run)
    charts = []
    for name, matrix in run.confusion.items():
        total = int(matrix.sum())
        accuracy = np.trace(matrix) / max(total, 1)
        wrong = matrix - np.diag(np.diag(matrix))
        order = np.argsort(-wrong, axis=None, kind='stable')[:_MOST_CONFUSED]
        rows = [
            [run.classes[i], run.classes[j], str(int(wrong[i, j]))]
            for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True)
            if wrong[i, j]
        ]
        charts.append(
            Chart(
                f'{group.name}_confusion_{without_isolates(called(name))}',
                f'{called(name)}: {percent(accuracy)} of {total} right',
                matrix_chart(
                    f'Confusion matrix of {called(name)}, {run.name}',
                    *(matrix, run.classes, colours.get(name, 's0')),
                ),
                table(
                    ['true class', 'taken for', 'samples'],
                    rows,
                    f'Most frequent confusions, {called(name)}',
                ),
                says='Point at a cell, or use the arrow keys.',
            )
        )
    return charts


def class_table(run: RunData) -> str:
    """Accuracy and samples of every class."""
    header, columns = ['class'], [list(run.classes)]
    for i, (name, matrix) in enumerate(run.confusion.items()):
        totals = matrix.sum(axis=1)
        if not i:
            header.append('val. samples')
            columns.append([str(int(n)) for n in totals])
        header.append(f'{called(name)} right')
        columns.append(_shares(np.diag(matrix), totals))
    if run.records is not None:
        counts = run.records.class_count[-1][:, : len(run.classes)]
        totals = counts.sum(axis=0)
        header.append('train. samples')
        columns.append([str(int(n)) for n in totals])
        for name, row in zip(run.records.modalities, counts, strict=True):
            header.append(f'given to {name}')
            columns.append(_shares(row, totals))
    if len(columns) == 1:
        return ''
    return table(
        header,
        list(zip(*columns, strict=True)),
        f'{run.name}, by class',
        sortable=True,
    )


def _shares(parts: np.ndarray, totals: np.ndarray) -> list[str]:
    return [
        percent(part / total) if total else '-'
        for part, total in zip(parts, totals, strict=True)
    ]


def settings(run: RunData) -> str:
    """Configuration and environment, folded away."""
    parts = []
    if run.config:
        parts.append(
            details(
                f'Configuration of {run.name}',
                f'<pre tabindex="0">{escape(run.config.pretty_text)}</pre>',
            )
        )
    if run.environment:
        parts.append(
            details(
                f'Environment of {run.name}',
                f'<pre tabindex="0">{escape(run.environment)}</pre>',
            )
        )
    return ''.join(parts)
