"""One pool of predictions for all folds of a method."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from mmremix.evaluation.readouts import Readout, fit_pool
from mmremix.study.choose import chosen_runs, newest
from mmremix.study.plan import Task
from mmremix.study.predictions import (
    Predictions,
    accuracy,
    load_predictions,
)
from mmremix.study.records import (
    DONE,
    POOL,
    SHARED_POOL,
    Record,
    key_of,
)
from mmremix.study.train_run import PREDICTIONS


def shared_pools(
    tasks: Sequence[Task], records: Sequence[Record]
) -> Iterator[Record]:
    """Records of the runs that count, with the pool over their folds.

    Its weights are fitted to the held-out samples of all runs of a method at
    the learning rate that counts, and are the same for all of them. Its
    accuracy on the held-out samples of a fold is that of weights which were
    fitted to the other folds. Only where two folds are there at least, and
    not again where it is known. Runs whose predictions do not lie in this
    study's work directories, such as those of another machine, keep the pool
    that was fitted where they were, and those that are here get one of
    theirs.

    Args:
        tasks: Of the study.
        records: All that are there.
    """
    places = {key_of(task.record): Path(task.work_dir) for task in tasks}
    by_method: dict[tuple[str, str], list[Record]] = {}
    for record in newest(records):
        if key_of(record) in places:
            name = record['setting'], record['method']
            by_method.setdefault(name, []).append(record)
    for runs in by_method.values():
        chosen = [r for r in chosen_runs(runs) if r['status'] == DONE]
        wanted = {r['seed'] for r in chosen}
        here = [
            r for r in chosen if (places[key_of(r)] / PREDICTIONS).is_file()
        ]
        files = [places[key_of(r)] / PREDICTIONS for r in here]
        seeds = [r['seed'] for r in here]
        # Of fewer predictions, as where some were deleted, nothing better.
        known = all(
            {*seeds} <= {*r.get(SHARED_POOL, {}).get('seeds', ())} <= wanted
            for r in here
        )
        elsewhere = [r for r in chosen if r not in here]
        if (
            not known
            and len({r['fold'] for r in here}) > 1
            and all(POOL in r for r in here)
            and all(SHARED_POOL in r for r in elsewhere)
        ):
            yield from _shared(here, files, seeds)


def _shared(
    runs: Sequence[Record], files: Sequence[Path], seeds: Sequence[int]
) -> Iterator[Record]:
    loaded = [load_predictions(file) for file in files]
    folds = [run['fold'] for run in runs]
    held_out = [found['held_out'] for found in loaded]
    pool = _fit(dict(enumerate(held_out)))
    without = {
        fold: _fit({i: p for i, p in enumerate(held_out) if folds[i] != fold})
        for fold in dict.fromkeys(folds)
    }
    weights = {n: round(w, 4) for n, w in pool.weights.items()}
    for run, found in zip(runs, loaded, strict=True):
        record = copy.deepcopy(run)
        scores = record['accuracy']
        scores['test'][SHARED_POOL] = accuracy(pool, found['test'])
        scores['held_out'][SHARED_POOL] = accuracy(
            without[run['fold']], found['held_out']
        )
        record[SHARED_POOL] = {'weights': weights, 'seeds': list(seeds)}
        yield record


def _fit(parts: Mapping[int, Predictions]) -> Readout:
    """Fit to the samples of several runs together."""
    first = next(iter(parts.values()))
    groups = [
        # People are the same whoever is trained; else a run is a group.
        str(group) if p.groups is not None else f'run {i}'
        for i, p in parts.items()
        for group in (p.labels if p.groups is None else p.groups)
    ]
    return fit_pool(
        {
            name: np.concatenate([p.log_probs[name] for p in parts.values()])
            for name in first.log_probs
        },
        np.concatenate([p.labels for p in parts.values()]),
        groups,
    )
