"""Each verdict of the rule, at its edges."""

from __future__ import annotations

import pytest

from mmremix.evaluation.diagnosis import HELPS, HURTS, LEVEL, diagnose, table

NAMES = ('video', 'audio')


def judge(heads, video=(-0.2, -0.3, -0.1), low_of_video=0.3, chance=0.1):
    accuracy = {
        'fusion': 0.8,
        'heads': 0.8 + heads[0],
        'video': 0.8 + video[0],
        'audio': 0.4,
    }
    gain = {'heads': heads, 'video': video, 'audio': (-0.4, -0.5, -0.3)}
    interval = {name: (value - 0.1, value) for name, value in accuracy.items()}
    interval['video'] = (low_of_video, 0.9)
    return diagnose(accuracy, gain, interval, NAMES, chance)


@pytest.mark.parametrize(
    ('heads', 'verdict', 'sure'),
    [
        ((0.05, 0.01, 0.09), HELPS, True),
        ((0.02, 0.01, 0.03), LEVEL, False),
        ((0.05, -0.01, 0.1), LEVEL, False),
        ((0.0, -0.02, 0.02), LEVEL, True),
        ((-0.05, -0.1, -0.01), HURTS, True),
    ],
)
def test_the_sum_of_heads_decides(heads, verdict, sure):
    found = judge(heads)
    assert (found.verdict, found.sure) == (verdict, sure)
    assert found.lone is None and found.at_chance == ()
    assert f'{100 * heads[0]:+.1f} points' in found.text
    assert ('do not tell surely' in found.text) is not sure


def test_a_head_ahead_of_the_fusion_comes_first():
    found = judge((0.05, 0.01, 0.09), video=(0.1, 0.02, 0.2))
    assert (found.verdict, found.lone) == (HURTS, 'video')
    assert 'video alone is ahead' in found.text


def test_a_head_at_chance_is_named():
    found = judge((0.0, -0.02, 0.02), low_of_video=0.1)
    assert found.at_chance == ('video',)
    assert 'video: no better than chance' in found.text


def test_the_table_shows_every_prediction():
    accuracy = {'fusion': 0.8, 'heads': 0.75, 'video': 0.5, 'audio': 0.25}
    interval = {name: (v - 0.05, v + 0.05) for name, v in accuracy.items()}
    lines = table(accuracy, interval, NAMES).splitlines()
    assert [line.split()[0] for line in lines[1:]] == [
        *('fusion', 'sum', 'video', 'audio')
    ]
    assert lines[1].endswith('80.0   [75.0, 85.0]')
