from __future__ import annotations

from pathlib import Path

import pytest

from mmremix.study.plan import plan
from mmremix.study.records import key_of
from mmremix.study.stages import ENCODERS, run_in_stages, with_predecessors
from mmremix.study.study_file import load_study
from mmremix.utils.errors import ConfigError
from tests.study.test_plan import DEMO

METHODS = {'joint': {}, 'first': {'from_unimodal': True}}


@pytest.fixture(scope='module')
def tasks(tmp_path_factory):
    options = {'methods': {'_delete_': True, **METHODS}, 'seeds': [0]}
    options['learning_rates'] = [0.1]
    root = tmp_path_factory.mktemp('study')
    return {
        t.record['method']: t
        for t in plan(load_study(DEMO, options), root, {})
    }


def run_all(tasks, outcome, todo):
    """Run with given outcomes; the order, and the last state of each."""
    order = []

    def run(some):
        for task, _ in some:
            name = task.record['method']
            order.append(name)
            status = outcome.get(name, 'done')
            if status == 'done' and task.keep_encoder:
                Path(task.work_dir).mkdir(parents=True, exist_ok=True)
                Path(task.work_dir, ENCODERS).touch()
            yield {**task.record, 'status': status}

    found = run_in_stages(todo, run)
    return order, {r['method']: r['status'] for r in found}


def remove_encoders(tasks):

    for task in tasks.values():
        Path(task.work_dir, ENCODERS).unlink(missing_ok=True)


def test_predecessors_are_of_the_same_seed_and_rate(tasks):
    assert set(tasks) == {'joint', 'first', 'unimodal_video', 'unimodal_audio'}
    needs = tasks['first'].needs
    assert needs == {
        name: tasks[f'unimodal_{name}'].work_dir for name in ('video', 'audio')
    }
    kept = {name for name, task in tasks.items() if task.keep_encoder}
    assert kept == {'unimodal_video', 'unimodal_audio'}


def test_order_and_failures(tasks):
    remove_encoders(tasks)
    todo = [(t, False) for t in sorted(tasks.values(), key=lambda t: t.config)]
    assert todo[0][0] is tasks['first']
    bad = {'unimodal_audio': 'diverged'}
    order, states = run_all(tasks, bad, todo)
    assert 'first' not in order and states['first'] == 'failed'
    order, states = run_all(tasks, {'unimodal_audio': 'busy'}, todo)
    assert 'first' not in order and states['first'] == 'waiting'
    order, states = run_all(tasks, {}, todo)
    assert order[-1] == 'first' and states['first'] == 'done'


def test_what_is_gone_is_trained_again(tasks):
    remove_encoders(tasks)
    everyone, first = [*tasks.values()], [(tasks['first'], False)]
    states = {key_of(t.record): 'done' for t in everyone}

    def names():
        todo = with_predecessors(everyone, first, states)
        return [task.record['method'] for task, _ in todo]

    assert names() == ['unimodal_video', 'unimodal_audio', 'first']
    run_all(tasks, {}, [(tasks['unimodal_video'], False)])
    assert names() == ['unimodal_audio', 'first']
    states[key_of(tasks['unimodal_audio'].record)] = 'failed'
    assert names() == ['first']


def test_without_unimodal_runs_it_is_refused(tmp_path):
    options = {'methods': {'_delete_': True, **METHODS}, 'unimodal': False}
    with pytest.raises(ConfigError, match='unimodal = True'):
        plan(load_study(DEMO, options), tmp_path, {})
