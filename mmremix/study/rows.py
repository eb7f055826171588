"""From records to rows: a method and a read-out in a setting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from mmremix.study.choose import chosen_runs, held_out, newest
from mmremix.study.records import (
    DIVERGED,
    DONE,
    FAILED,
    SHARED_POOL,
    Record,
)
from mmremix.study.statistics import Difference, paired

FUSED, HEADS, CHOSEN, POOL = 'fused', 'sum of heads', 'chosen', 'pool'
SHARED = 'pool over folds'
READOUTS = {FUSED: 'fusion', HEADS: 'heads', POOL: 'pool'}
"""Names in the tables, and in the records."""
BEST = 'best single modality'
EQUAL = 1.1
"""Up to so many times the reference's encoder passes count as equal."""


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        setting: Study and variant.
        method: Name.
        readout: One of fused, sum of heads, pool, pool over folds, chosen.
        values: Test accuracy by seed, of the runs that are done.
        held_out: Mean held-out accuracy, if it was measured.
        lr: Learning rate that the held-out samples have chosen.
        tries: Learning rates that were tried.
        failed: Runs that failed, of all tries.
        diverged: Runs that diverged, of all tries.
        steps: Of the optimiser, mean over the runs.
        passes: Samples encoded in training, mean over the runs.
        seconds: Of training, mean over the runs.
        note: The read-out or modality that was chosen.
        folds: How many folds a read-out was chosen or fitted over, and of
            how many; empty for others.
        difference: To the reference.
        relative: Encoder passes, as a multiple of the reference's.
    """

    setting: str
    method: str
    readout: str
    values: Mapping[int, float]
    held_out: float | None
    lr: str
    tries: int
    failed: int
    diverged: int
    steps: float
    passes: float
    seconds: float
    note: str = ''
    folds: str = ''
    difference: Difference | None = None
    relative: float | None = None

    @property
    def equal_budget(self) -> bool:
        """Whether it costs no more than the reference."""
        return self.relative is not None and self.relative <= EQUAL


def make_rows(records: Sequence[Record], reference: str) -> list[Row]:
    """All rows, by setting; the reference first, then by name.

    Learning rates are chosen for each method in each setting, by the
    held-out accuracy of the fused prediction, and hold for its other
    read-outs.

    Args:
        records: Of one or several studies.
        reference: Method whose fused prediction the rows are compared with.
    """
    places: dict[str, dict[str, list[Record]]] = defaultdict(dict)
    for record in newest(records):
        setting = f'{record["study"]}/{record["setting"]}'
        methods = places[setting]
        methods.setdefault(record['method'], []).append(record)
    found = []
    for setting, methods in places.items():
        order = sorted(methods, key=lambda name: (name != reference, name))
        rows = [
            row for name in order for row in _of(setting, name, methods[name])
        ]
        rows += _best_single(methods, rows)
        found += _compared(rows, reference)
    return found


def choose_readout(runs: Sequence[Record]) -> str | None:
    """The read-out with the best held-out accuracy, averaged over folds.

    Of two that are level the first: the fused head, then sums of more.

    Args:
        runs: Of one method, setting and learning rate, all done.
    """
    tables = [run['accuracy']['held_out'] for run in runs]
    names: list[str] = [
        name
        for name in tables[0]
        if name != SHARED_POOL and all(name in table for table in tables)
    ]
    if len(names) < 2:
        return None
    # Rounded: a sum in another order must not decide.
    return max(names, key=lambda name: round(over_folds(runs, name), 9))


def over_folds(runs: Sequence[Record], name: str) -> float:
    """Held-out accuracy of a read-out: mean within each fold, then of these.

    Args:
        runs: All done.
        name: As in the records.
    """
    folds: dict[object, list[float]] = defaultdict(list)
    for run in runs:
        folds[run.get('fold')].append(run['accuracy']['held_out'][name])
    return fmean(fmean(values) for values in folds.values())


def _of(setting: str, name: str, records: Sequence[Record]) -> Iterator[Row]:
    chosen = chosen_runs(records)
    runs = [run for run in chosen if run['status'] == DONE]
    state = [record['status'] for record in records]
    lrs = {str(record['lr']) for record in records}
    row = Row(
        setting,
        name,
        FUSED,
        values={},
        held_out=None,
        lr=_lr(chosen),
        tries=len(lrs),
        failed=state.count(FAILED),
        diverged=state.count(DIVERGED),
        steps=0,
        passes=0,
        seconds=0,
    )
    if not runs:
        yield row
        return
    row = replace(
        row,
        steps=fmean(run['steps'] for run in runs),
        passes=fmean(sum(run['passes'].values()) for run in runs),
        seconds=fmean(run['seconds'] for run in runs),
    )
    for label, key in READOUTS.items():
        if all(key in run['accuracy']['test'] for run in runs):
            yield _read(row, runs, label, key)
    best = choose_readout(runs)
    if best is None:
        return
    row = replace(row, folds=_folds(runs))
    if all(SHARED_POOL in run['accuracy']['test'] for run in runs):
        pool = _read(row, runs, SHARED, SHARED_POOL)
        yield replace(pool, held_out=over_folds(runs, SHARED_POOL))
    one = _read(row, runs, CHOSEN, best, note=best)
    yield replace(one, held_out=over_folds(runs, best))


def _read(
    row: Row, runs: Sequence[Record], label: str, key: str, note: str = ''
) -> Row:
    known = [
        run['accuracy']['held_out'][key]
        for run in runs
        if key in run['accuracy']['held_out']
    ]
    return replace(
        row,
        readout=label,
        values={run['seed']: run['accuracy']['test'][key] for run in runs},
        held_out=fmean(known) if len(known) == len(runs) else None,
        note=note,
    )


def _folds(runs: Sequence[Record]) -> str:
    """How many folds the runs hold out, and of how many."""
    seen = len({run.get('fold') for run in runs})
    known = {run['folds'] for run in runs if 'folds' in run}
    return f'{seen} of {max(known)}' if known else str(seen)


def _best_single(
    methods: Mapping[str, Sequence[Record]], rows: Sequence[Row]
) -> Iterator[Row]:
    """The unimodal method that the held-out samples choose."""
    worth = {
        name: fmean(held_out(run) for run in chosen_runs(records))
        for name, records in methods.items()
        if records[0].get('modality')
    }
    if worth:
        best = max(worth, key=lambda name: worth[name])
        row = next(r for r in rows if (r.method, r.readout) == (best, FUSED))
        yield replace(row, method=BEST, note=str(methods[best][0]['modality']))


def _compared(rows: Sequence[Row], reference: str) -> list[Row]:
    first = next(
        (r for r in rows if (r.method, r.readout) == (reference, FUSED)), None
    )
    if first is None or not first.values:
        return list(rows)
    return [
        replace(
            row,
            difference=None
            if row is first
            else paired(row.values, first.values),
            relative=row.passes / first.passes if first.passes else None,
        )
        for row in rows
    ]


def _lr(chosen: Sequence[Record]) -> str:
    if not chosen:
        return ''
    lr = chosen[0]['lr']
    if isinstance(lr, int | float):
        return f'{lr:g}'
    lrs: Mapping[str, float] = chosen[0].get('lrs', {})
    return ' '.join(f'{name} {value:g}' for name, value in lrs.items()) or lr
