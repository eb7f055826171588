"""Figures over all folds: the pool, and what the tables say of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmremix.study.derived import ensembles
from mmremix.study.plan import Task
from mmremix.study.predictions import (
    Predictions,
    accuracies,
    save_predictions,
)
from mmremix.study.rows import make_rows
from mmremix.study.shared_pool import shared_pools
from mmremix.study.train_run import PREDICTIONS
from tests.study.kit import record

NAMES = ('video', 'audio')


def predictions(seed, size=60):
    """The sound is mostly right; the picture and the fused head are chance."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=size)

    def scores(strength):
        logits = rng.normal(size=(size, 3))
        logits[np.arange(size), labels] += strength
        return logits - np.log(np.exp(logits).sum(1, keepdims=True))

    log_probs = {'fusion': scores(0), 'video': scores(0), 'audio': scores(3)}
    return Predictions(log_probs, labels, None, np.arange(size))


@pytest.fixture
def study(tmp_path):
    """Tasks and records of three seeds over two folds."""
    tasks, records = [], []
    for seed in range(3):
        found = {
            part: predictions(100 * seed + number)
            for number, part in enumerate(('held_out', 'test', 'train'))
        }
        accuracy, pool = accuracies(NAMES, found, True)
        whole = record(seed=seed, fold=seed % 2, folds=2, pool=pool)
        folder = tmp_path / str(seed)
        folder.mkdir()
        save_predictions(folder / PREDICTIONS, found)
        tasks.append(
            Task('', str(folder), {}, whole, 'acc', None, 0, 5, False)
        )
        records.append({**whole, 'accuracy': accuracy})
    return tasks, records


def test_one_pool_for_all_folds(study):
    tasks, records = study
    found = list(shared_pools(tasks, records))
    assert [r['seed'] for r in found] == [0, 1, 2]
    pools = [r['pool_over_folds'] for r in found]
    assert pools[0] == pools[1] == pools[2]
    assert pools[0]['seeds'] == [0, 1, 2]
    assert max(pools[0]['weights'], key=pools[0]['weights'].get) == 'audio'
    for before, after in zip(records, found, strict=True):
        for part in ('held_out', 'test'):
            scores = after['accuracy'][part]
            assert scores['pool_over_folds'] > scores['fusion'] + 0.2
        # Nothing else is touched.
        assert 'pool_over_folds' not in before['accuracy']['test']
        assert before['accuracy']['train'] == after['accuracy']['train']
    # What is known is left alone; another seed is a reason to do it again.
    assert list(shared_pools(tasks, found)) == []
    assert len(list(shared_pools(tasks, found[:2]))) == 2
    # One fold is no cross-fit.
    assert list(shared_pools(tasks, [records[0], records[2]])) == []


def test_seeds_of_another_machine_keep_their_pool(study):
    """Their predictions are not here; the later seeds get a pool too."""
    tasks, records = study
    known = list(shared_pools(tasks, records))
    (Path(tasks[0].work_dir) / PREDICTIONS).unlink()
    found = list(shared_pools(tasks, [known[0], *records[1:]]))
    assert [r['seed'] for r in found] == [1, 2]
    assert found[0]['pool_over_folds']['seeds'] == [1, 2]
    merged = make_rows([known[0], *found], 'joint')
    (row,) = (row for row in merged if row.readout == 'pool over folds')
    assert len(row.values) == 3
    # What was fitted to all of them is not given up for a part of them.
    assert list(shared_pools(tasks, known)) == []
    # Without theirs the row would be of some seeds only.
    assert list(shared_pools(tasks, records)) == []


def test_a_fold_is_judged_by_the_others(study):
    tasks, records = study
    before = list(shared_pools(tasks, records))
    path = f'{tasks[1].work_dir}/{PREDICTIONS}'
    with np.load(path) as file:
        arrays = dict(file)
    # Labels of the only run of fold 1 are turned into chance.
    name = 'held_out.labels'
    arrays[name] = np.random.default_rng(9).integers(3, size=60)
    np.savez(path, **arrays)
    after = list(shared_pools(tasks, records))

    def held_out(found, seed):
        return found[seed]['accuracy']['held_out']['pool_over_folds']

    assert held_out(after, 1) < 0.55 < held_out(before, 1)


def test_table_over_folds(study):
    tasks, records = study
    rows = {
        row.readout: row
        for row in make_rows(list(shared_pools(tasks, records)), 'joint')
    }
    assert rows['chosen'].note == 'audio'
    assert rows['chosen'].folds == rows['pool over folds'].folds == '2 of 2'
    assert rows['fused'].folds == ''
    # Folds count alike: one has two runs, the other one.
    values = [r['accuracy']['held_out']['audio'] for r in records]
    mean = ((values[0] + values[2]) / 2 + values[1]) / 2
    assert rows['chosen'].held_out == pytest.approx(mean)
    assert rows['chosen'].difference.mean > 0.2


def test_ensemble_has_every_sum(study):
    tasks, records = study
    found = []
    parts = []
    for name in NAMES:
        for task, one in zip(tasks, records, strict=True):
            more = {'method': f'unimodal_{name}', 'modality': name}
            parts.append(
                Task(
                    **{**vars(task), 'record': {**task.record, **more}},
                )
            )
            found.append({**one, **more})
    made = ensembles(parts, found)
    assert len(made) == 3
    for part in ('held_out', 'test'):
        names = set(made[0]['accuracy'][part]) - {'pool'}
        assert names == {'fusion', 'video', 'audio'}
    assert made[0]['accuracy']['test']['video'] == pytest.approx(
        records[0]['accuracy']['test']['fusion']
    )
