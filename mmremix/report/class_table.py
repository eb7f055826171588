"""Accuracy and samples by class."""

from __future__ import annotations

import numpy as np

from mmremix.report.epoch_charts import percent
from mmremix.report.markup import table
from mmremix.report.run_data import RunData, called


def class_table(run: RunData) -> str:
    """Accuracy and samples of every class."""
    header, columns = ['class'], [list(run.classes)]
    for i, (name, matrix) in enumerate(run.confusion.items()):
        totals = matrix.sum(axis=1)
        if not i:
            header.append('val. samples')
            columns.append([str(int(n)) for n in totals])
        header.append(f'{called(name)} right')
        columns.append(
            [
                percent(hit / n) if n else '-'
                for hit, n in zip(np.diag(matrix), totals, strict=True)
            ]
        )
    if run.records is not None:
        counts = run.records.class_count[-1][:, : len(run.classes)]
        totals = counts.sum(axis=0)
        header.append('train. samples')
        columns.append([str(int(n)) for n in totals])
        for name, row in zip(run.records.modalities, counts, strict=True):
            header.append(f'given to {name}')
            columns.append(
                [
                    percent(mine / n) if n else '-'
                    for mine, n in zip(row, totals, strict=True)
                ]
            )
    if len(columns) == 1:
        return ''
    return table(
        header,
        list(zip(*columns, strict=True)),
        f'{run.name}, by class',
        sortable=True,
    )
