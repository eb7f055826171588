"""Tables of runs as text."""

from __future__ import annotations

from mmremix.report import accuracy_table, load_run, run_table, runs_table
from tests.report.made_run import make_run, training, write_scalars


def rows(text):
    return [line.split() for line in text.splitlines()]


def test_accuracies():
    found = accuracy_table(
        {'acc/fusion_top1': 0.5, 'acc/a_macro_f1': 0.25, 'loss': 1.0}
    )
    assert rows(found)[0] == ['prediction', 'top1', 'macro_f1']
    assert rows(found)[2:] == [
        ['fusion', '0.5000', '-'],
        ['a', '-', '0.2500'],
    ]


def test_run(tmp_path):
    text = run_table(load_run(make_run(tmp_path / 'a')))
    reached, decided = text.split('\n\n')
    assert rows(reached)[2:] == [
        *(['end', 'of', 'warm-up', '2', '0.6000', '0.2400', '0.6000'],),
        ['end', 'of', 'training', '5', '0.7500', '0.3000', '0.6000'],
    ]
    assert rows(decided)[2:] == [
        ['3', '5', '3', '1', '0.6500'],
        ['4', '6', '2', '1', '0.7000'],
        ['5', '5', '3', '1', '0.7500'],
    ]


def test_methods_are_named(tmp_path):
    made = [
        make_run(tmp_path / 'a', methods=['ogm_ge', 'remix']),
        make_run(tmp_path / 'b', remix=False),
    ]
    parts = runs_table(made).split('\n\n')
    assert parts[0] == f'{made[0]}\nMethods: ogm_ge, remix.'
    assert parts[3] == str(made[1])


def test_joint_and_untested(tmp_path):
    text = run_table(load_run(make_run(tmp_path / 'a', remix=False)))
    assert len(rows(text)) == 3 and 'remix epoch' not in text
    write_scalars(tmp_path / 'b' / 'part', [training(1)])
    assert 'no validation has run yet' in run_table(load_run(tmp_path / 'b'))
