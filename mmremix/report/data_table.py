"""The numbers behind a chart over epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mmremix.report.markup import table
from mmremix.report.run_data import called
from mmremix.report.run_group import Spread


def data_table(
    found: Mapping[str, Mapping[float, Spread]],
    write: Callable[[float], str],
) -> str:
    """The numbers behind a chart."""
    epochs = sorted({e for points in found.values() for e in points})
    several = any(s.runs > 1 for p in found.values() for s in p.values())
    rows = []
    for epoch in epochs:
        row = [f'{epoch:g}']
        for points in found.values():
            value = points.get(epoch)
            row.append('-' if value is None else write(value.mean))
            if several and value is not None and value.deviation is not None:
                row[-1] += f' ± {write(value.deviation)}'
        rows.append(row)
    return table(
        ['epoch', *map(called, found)],
        rows,
        'Mean ± standard deviation over the seeds' if several else 'By epoch',
    )
