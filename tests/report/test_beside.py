"""Runs side by side, and what is said of them."""

from __future__ import annotations

import pytest

from mmremix.report import group_runs, load_run, runs_table
from mmremix.report.beside import beside, meaning
from tests.report.made_run import make_run


@pytest.fixture
def folders(tmp_path):
    """Joint training and Remix; of the latter, the fused is 2 points up."""
    return [
        make_run(tmp_path / 'joint', remix=False),
        make_run(tmp_path / 'remix', seed=1, methods=['remix']),
    ]


def groups(folders):
    return group_runs([load_run(folder) for folder in folders])


def test_table_and_sentence(folders):
    table, said = beside(groups(folders)).split('\n\n')
    head, _, joint, remix = table.splitlines()
    assert head.split() == [
        *('top-1', 'at', 'the', 'end', 'fused', 'video', 'audio'),
    ]
    assert joint.split()[-6:-4] == ['75.0', '%']
    assert remix.split()[-6:-4] == ['77.0', '%']
    assert said == (
        'What it says: in joint_made audio alone is 30 points ahead of '
        'video; with remix_made the fused prediction is level (+2.0 points) '
        'and video alone level (+0.0 points). One seed: another seed or '
        'machine can shift each figure by some points.'
    )


def test_clear_differences(folders):
    joint, remix = groups(folders)
    remix.first.series['acc/fusion_top1'][5] = 0.85
    remix.first.series['acc/video_top1'][5] = 0.1
    said = meaning(remix, joint)
    assert 'fused prediction is 10.0 points better' in said
    assert 'video alone 20.0 points worse' in said


def test_modalities_that_are_level(folders):
    joint, remix = groups(folders)
    for name in joint.first.modalities:
        joint.first.series[f'acc/{name}_top1'][5] = 0.5
    assert 'the modalities alone are level; with' in meaning(remix, joint)


def test_nothing_to_compare_with(folders):
    assert 'What it says' not in beside(groups(folders[1:]))
    joint, remix = groups(folders)
    del remix.first.series['acc/fusion_top1']
    assert meaning(remix, joint) == ''


def test_brief_is_a_part_of_the_whole(folders):
    brief = runs_table(folders, brief=True)
    whole = runs_table(folders)
    assert brief in whole and len(brief) < len(whole)
    assert 'top-1 at the end' not in runs_table(folders[:1])
