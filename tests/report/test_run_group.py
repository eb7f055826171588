"""Which runs belong together, and what is said about them."""

from __future__ import annotations

import pytest

from mmremix.report import group_runs, load_run
from mmremix.report.run_data import called
from mmremix.report.verdict import (
    comparison,
    headline,
    verdict,
)
from tests.report.made_run import make_run


@pytest.fixture
def groups(tmp_path):
    """Two seeds of Remix, one joint run."""
    paths = [
        make_run(tmp_path / 'r0', seed=0),
        make_run(tmp_path / 'joint', remix=False, records=False),
        make_run(tmp_path / 'r1', seed=1, load_from='elsewhere'),
    ]
    return group_runs([load_run(path) for path in paths])


def test_seeds_are_put_together(groups):
    assert [g.title for g in groups] == ['remix_made (2 seeds)', 'joint_made']
    assert [r.name for r in groups[0].runs] == ['r0', 'r1']
    fused = groups[0].last_accuracy('fusion')
    assert fused.mean == pytest.approx(0.76)
    assert (fused.low, fused.high) == (pytest.approx(0.75), 0.77)
    assert fused.deviation == pytest.approx(0.02 / 2**0.5)
    over = groups[0].accuracy('fusion')
    assert list(over) == [1, 2, 3, 4, 5]
    assert over[1].mean == pytest.approx(0.56)


def test_other_options_are_other_groups(tmp_path):
    paths = [
        make_run(tmp_path / 'a', optim={'lr': 1}),
        make_run(tmp_path / 'b', optim={'lr': 2}),
    ]
    groups = group_runs([load_run(path) for path in paths])
    # One config file for both: the directories tell them apart.
    assert [g.name for g in groups] == ['a', 'b']
    other = make_run(tmp_path / 'other' / 'a', optim={'lr': 2})
    groups = group_runs([load_run(path) for path in (paths[0], other)])
    assert [g.name for g in groups] == ['a_1', 'a_2']


def test_what_is_said(groups):
    remix, joint = groups
    assert headline(remix) == (
        'Audio carries the model: alone 30 points ahead of video. '
        'Remix gives 62 % of the samples to video.'
    )
    said = ' '.join(verdict(remix))
    # Seeds 0 and 1: .75 and .77; rho is the number of the epoch.
    for words in (
        'Together they get 76.0 ± 1.4 %',
        '16.0 points more than audio alone (guessing: 33 %)',
        'audio gives the true class 5.0 times the probability that video',
        '(3.0 times when Remix began)',
        'gave 62 % of the samples to video in its first epoch and 62 % in',
        'where 1 changed sides',
        'warm-up ended (epoch 2)',
        'video from 24 to 30 %, audio from 60 to 60 %',
    ):
        assert words in said
    assert headline(joint) == (
        'Audio carries the model: alone 30 points ahead of video.'
    )
    assert comparison(remix, joint) == (
        'remix_made (2 seeds) against joint_made, in percentage points: '
        'together +1.0, video +0.0, audio +0.0.'
    )


def test_level_and_less_together(tmp_path, monkeypatch):
    values = {'fusion': 0.3, 'video': 0.42, 'audio': 0.4}
    monkeypatch.setattr(
        'tests.report.made_run.accuracy',
        lambda epoch, seed=0: values,
    )
    made = make_run(tmp_path / 'a', remix=False)
    (group,) = group_runs([load_run(made)])
    assert headline(group) == 'Audio and video are level.'
    assert '12.0 points less than video alone' in verdict(group)[0]


def test_the_sum_of_the_heads_is_shown_where_it_was_tested(
    tmp_path, monkeypatch
):
    values = {'fusion': 0.3, 'video': 0.42, 'audio': 0.4, 'heads': 0.5}
    without = load_run(make_run(tmp_path / 'a', remix=False))
    monkeypatch.setattr(
        'tests.report.made_run.accuracy',
        lambda epoch, seed=0: values,
    )
    run = load_run(make_run(tmp_path / 'b', remix=False))
    assert without.predictions == ('fusion', 'video', 'audio')
    assert run.predictions == ('fusion', 'video', 'audio', 'heads')
    assert run.modalities == ('video', 'audio')
    assert called('heads') == 'sum of heads'
    (group,) = group_runs([run])
    assert 'heads' not in ' '.join(verdict(group))


def test_without_records(tmp_path):
    """Runs from before there were records."""
    made = make_run(tmp_path / 'a', records=False)
    run = load_run(made)
    assert run.records is None and run.modalities == ('video', 'audio')
    assert run.first_remix_epoch == 3
    assert "type='RemixRecordHook'" in run.notes[0]
