"""Tables of a study: Markdown, CSV and a page, from the records alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from mmremix.study.records import Record
from mmremix.study.rows import EQUAL, Row, make_rows
from mmremix.study.statistics import spread
from mmremix.utils.errors import ConfigError
from mmremix.utils.whole_files import csv_bytes, write_whole

HEADER = (
    *('method', 'read-out', 'test', 'SD', 'difference', '95 % (t)'),
    *('95 % (bootstrap)', 'held-out', 'lr', 'runs', 'failed', 'diverged'),
    *('steps', 'passes', 'seconds', 'equal budget', 'chosen', 'folds'),
)


def write_tables(
    records: Sequence[Record], folder: str | Path | None, reference: str
) -> str:
    """Write ``tables.md``, ``tables.csv`` and ``index.html``.

    Args:
        records: Of one or several studies.
        folder: Where to; without, nothing is written.
        reference: Method that the others are compared with.

    Returns:
        The Markdown.

    Raises:
        ConfigError: If there is no record, or none of the reference.
    """
    names = sorted({record['method'] for record in records})
    if reference not in names:
        raise ConfigError(
            f'No result of the method {reference!r}, which the others are '
            f'compared with; there are {names or "none at all"}. Write: '
            f'--reference {names[0] if names else "METHOD"}'
        )
    rows = make_rows(records, reference)
    text = markdown(rows, reference)
    if folder is not None:
        from mmremix.study.page import page

        write_whole(Path(folder, 'tables.md'), text.encode())
        columns = ('setting', *HEADER)
        cells = (
            dict(zip(columns, (row.setting, *row_cells(row)), strict=True))
            for row in rows
        )
        write_whole(Path(folder, 'tables.csv'), csv_bytes(columns, cells))
        html = page(rows, reference)
        write_whole(Path(folder, 'index.html'), html.encode())
    return text


def row_cells(row: Row) -> list[str]:
    """The cells of a row, in the order of ``HEADER``; accuracies in %."""
    values = list(row.values.values())
    sd = spread(values)
    gap = row.difference
    return [
        row.method,
        row.readout,
        _percent(fmean(values)) if values else '',
        '' if sd is None else _percent(sd),
        '' if gap is None else f'{100 * gap.mean:+.1f}',
        *(
            _interval(gap.t if gap else None),
            _interval(gap.bootstrap if gap else None),
        ),
        '' if row.held_out is None else _percent(row.held_out),
        row.lr,
        str(len(values)),
        str(row.failed),
        str(row.diverged),
        f'{row.steps:.0f}',
        '' if row.relative is None else f'{row.relative:.2f}',
        f'{row.seconds:.0f}',
        'yes' if row.equal_budget else 'no',
        row.note,
        row.folds,
    ]


def hits(rows: Sequence[Row]) -> list[list[str]]:
    """For each method and read-out, in how many settings it helps.

    Returns:
        Method, read-out, settings that were compared, better, worse, level
        (by the t interval), mean difference over the settings, smallest and
        largest.
    """
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row.difference is not None:
            found[row.method, row.readout].append(row)
    table = []
    for names, group in found.items():
        gaps = [row.difference for row in group if row.difference]
        verdicts = [gap.verdict for gap in gaps]
        means = [gap.mean for gap in gaps]
        table.append(
            [
                *names,
                str(len(group)),
                *(
                    str(verdicts.count(v))
                    for v in ('better', 'worse', 'level')
                ),
                *(
                    f'{100 * value:+.1f}'
                    for value in (fmean(means), min(means), max(means))
                ),
            ]
        )
    return table


HITS_HEADER = (
    *('method', 'read-out', 'settings', 'better', 'worse', 'level'),
    *('mean difference', 'smallest', 'largest'),
)


def explanation(reference: str) -> str:
    """What the columns are."""
    return (
        'Test accuracy in %, mean and standard deviation over seeds; '
        f'difference to the fused prediction of {reference}, seed by seed, '
        'with 95 % intervals. Learning rate, epoch and read-out were chosen '
        'on held-out training samples. "runs" are those that the mean is '
        'over; "failed" and "diverged" count over all learning rates. '
        '"passes" are samples encoded in training, scoring included, as a '
        f'multiple of those of {reference}; up to {EQUAL:g} is an equal '
        'budget. A pool is fitted to the held-out samples of a run, a pool '
        'over folds to those of all runs together; "folds" are those that it, '
        'or the chosen read-out, is of.'
    )


def markdown(rows: Sequence[Row], reference: str) -> str:
    """All tables as Markdown."""
    parts = [explanation(reference)]
    for setting in dict.fromkeys(row.setting for row in rows):
        cells = [row_cells(row) for row in rows if row.setting == setting]
        parts += [f'## {setting}', _table(HEADER, cells)]
    counted = hits(rows)
    if counted:
        parts += ['## In how many settings', _table(HITS_HEADER, counted)]
    return '\n\n'.join(parts) + '\n'


def _table(header: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    lines = [header, ['---'] * len(header), *cells]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def _percent(value: float) -> str:
    return f'{100 * value:.1f}'


def _interval(ends: tuple[float, float] | None) -> str:
    if ends is None:
        return ''
    return f'[{100 * ends[0]:+.1f}, {100 * ends[1]:+.1f}]'
