"""Which runs of a method count: the learning rate, by held-out samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

from mmremix.study.records import DIVERGED, DONE, Record


def newest(records: Sequence[Record]) -> list[Record]:
    """Without those of an older config of the same method and setting."""
    latest: dict[tuple[str, ...], tuple[str, str]] = {}
    for record in records:
        place = _place(record)
        stamp = str(record.get('finished', '')), str(record['config'])
        latest[place] = max(latest.get(place, ('', '')), stamp)
    return [r for r in records if latest[_place(r)][1] == r['config']]


def chosen_runs(records: Sequence[Record]) -> list[Record]:
    """The runs at the learning rate with the best held-out mean.

    The mean is over the seeds, of the fused prediction. A run that has
    diverged counts with 0 there. A learning rate at which more seeds have
    ended (done or diverged) goes before one with fewer, so that a lucky
    seed does not choose; of two that are level the first is taken.

    Args:
        records: Of one method in one setting.

    Returns:
        One a seed, also those that are not done.
    """
    by_lr: dict[object, list[Record]] = defaultdict(list)
    for record in newest(records):
        by_lr[record['lr']].append(record)
    if not by_lr:
        return []

    def worth(runs: Sequence[Record]) -> tuple[int, float]:
        ended = [held_out(r) for r in runs if r['status'] in (DONE, DIVERGED)]
        return len(ended), fmean(ended) if ended else 0.0

    best = max(by_lr.values(), key=worth)
    return sorted(best, key=lambda record: int(record['seed']))


def held_out(record: Record, readout: str = 'fusion') -> float:
    """Held-out accuracy of a run; 0 if it has diverged."""
    if record['status'] != DONE:
        return 0.0
    value: float = record['accuracy']['held_out'][readout]
    return value


def _place(record: Record) -> tuple[str, ...]:
    return record['study'], record['setting'], record['method']
