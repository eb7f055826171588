"""Ensembles of unimodal runs: predictions of several runs of one seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmremix.evaluation.readouts import Readout, candidates, fit_pool
from mmremix.study.choose import chosen_runs
from mmremix.study.plan import Task
from mmremix.study.predictions import (
    Predictions,
    accuracy,
    load_predictions,
)
from mmremix.study.records import DONE, POOL, Record, key_of
from mmremix.study.train_run import PREDICTIONS
from mmremix.utils.names import FUSION

ENSEMBLE = 'ensemble'


def ensembles(
    tasks: Sequence[Task], records: Sequence[Record]
) -> list[Record]:
    """Records of the sums of log-probabilities of unimodal runs.

    The runs of one seed, each modality at the learning rate that its own
    held-out accuracies choose. Only where all of them are done and their
    predictions lie in this study's work directories.

    Args:
        tasks: Of the study.
        records: All that are there.
    """
    places = {key_of(task.record): Path(task.work_dir) for task in tasks}
    known = [r for r in records if key_of(r) in places and r.get('modality')]
    found = []
    for setting in dict.fromkeys(r['setting'] for r in known):
        chosen = {
            method: {r['seed']: r for r in chosen_runs(runs)}
            for method in dict.fromkeys(r['method'] for r in known)
            if (
                runs := [
                    r
                    for r in known
                    if (r['method'], r['setting']) == (method, setting)
                ]
            )
        }
        wanted = {
            t.record['method']
            for t in tasks
            if t.record['setting'] == setting and t.record.get('modality')
        }
        if len(wanted) < 2 or wanted != set(chosen):
            continue
        for seed in sorted(set.intersection(*map(set, chosen.values()))):
            parts = [by_seed[seed] for by_seed in chosen.values()]
            files = [places[key_of(r)] / PREDICTIONS for r in parts]
            if all(r['status'] == DONE for r in parts) and all(
                file.is_file() for file in files
            ):
                found.append(_ensemble(parts, files))
    return found


def _ensemble(parts: Sequence[Record], files: Sequence[Path]) -> Record:
    names = [record['modality'] for record in parts]
    loaded = [load_predictions(file) for file in files]
    together = {}
    for part in ('held_out', 'test'):
        one = loaded[0][part]
        if any(
            not np.array_equal(one.index, other[part].index)
            or not np.array_equal(one.labels, other[part].labels)
            for other in loaded
        ):
            raise ValueError(f'{files} are not of the same {part} samples.')
        together[part] = Predictions(
            {
                name: other[part].log_probs['fusion']
                for name, other in zip(names, loaded, strict=True)
            },
            one.labels,
            one.groups,
            one.index,
        )
    held_out = together['held_out']
    pool = fit_pool(held_out.log_probs, held_out.labels, held_out.groups)
    # The sum of all stands where other methods have the fused head.
    total, *parts_of_it = candidates(names)[1:]
    among = [Readout(FUSION, total.weights), *parts_of_it]
    scores = {
        part: {r.name: accuracy(r, found) for r in among}
        for part, found in together.items()
    }
    scores['test'][POOL] = accuracy(pool, together['test'])
    first = parts[0]
    shared = (
        *('study', 'setting', 'seed', 'fold', 'device', 'mmremix'),
        *('torch', 'mmengine', 'commit', 'n_held_out', 'n_test'),
    )
    return {
        **{name: first[name] for name in shared if name in first},
        'method': ENSEMBLE,
        'lr': 'chosen',
        'lrs': {r['modality']: r['lr'] for r in parts},
        'config': '+'.join(r['config'][:4] for r in parts),
        'epochs': first['epochs'],
        'steps': sum(r['steps'] for r in parts),
        'passes': {k: n for r in parts for k, n in r['passes'].items()},
        'seconds': round(sum(r['seconds'] for r in parts), 2),
        'modalities': names,
        'accuracy': scores,
        'status': DONE,
        'finished': max(r['finished'] for r in parts),
    }
