"""Each verdict of the rule, at its edges."""

from __future__ import annotations

import pytest

from mmremix.evaluation.diagnosis import (
    HELPS,
    HURTS,
    LEVEL,
    Evidence,
    diagnose,
    sentence,
    table,
)

NAMES = ('video', 'audio')


def evidence(heads=(0.0, -0.02, 0.02), video=(-0.2, -0.3, -0.1), **more):
    accuracy = {
        'fusion': 0.8,
        'heads': 0.8 + heads[0],
        'video': 0.8 + video[0],
        'audio': 0.4,
    }
    given = {
        'accuracy': accuracy,
        'interval': {n: (a - 0.05, a + 0.05) for n, a in accuracy.items()},
        'gain': {'heads': heads, 'video': video, 'audio': (-0.4, -0.5, -0.3)},
        'chance': 0.1,
        'samples': 200,
        'train': {'fusion': 1.0, 'heads': 1.0, 'video': 0.98, 'audio': 0.95},
    }
    return Evidence(modalities=NAMES, **{**given, **more})


def judge(*args, **more):
    given = evidence(*args, **more)
    found = diagnose(given)
    return found, sentence(found, given)


@pytest.mark.parametrize(
    ('heads', 'verdict', 'sure'),
    [
        ((0.05, 0.01, 0.09), HELPS, True),
        ((0.03, 0.01, 0.05), HELPS, True),
        ((0.05, -0.01, 0.1), HELPS, False),
        ((0.02, 0.01, 0.03), LEVEL, False),
        ((0.0, -0.02, 0.02), LEVEL, True),
        ((-0.02, -0.05, 0.01), LEVEL, False),
        ((-0.01, -0.015, -0.005), HURTS, True),
        ((-0.05, -0.1, 0.01), HURTS, False),
        ((-0.05, -0.1, -0.01), HURTS, True),
    ],
)
def test_the_sum_of_heads_decides(heads, verdict, sure):
    found, text = judge(heads)
    assert (found.verdict, found.sure) == (verdict, sure)
    assert found.lone is None and found.at_chance == ()
    assert text.startswith(
        f'Balancing {"probably" if sure else "perhaps"} {verdict}'
    )
    assert f'{100 * heads[0]:+.1f} points' in text
    assert ('do not tell surely' in text) is not sure
    assert 'one run on 200 samples; another seed' in text


def test_what_to_try_is_config_lines():
    helps = judge((0.05, 0.01, 0.09))[1]
    assert "model = dict(readout='heads')" in helps
    assert '_base_/methods/every_modality.py' in helps
    assert "dict(type='ReadoutHook', choose='subset')" in judge()[1]
    assert 'keep joint training' in judge((-0.05, -0.1, -0.01))[1]


def test_a_head_ahead_of_the_fusion_comes_first():
    found, text = judge((0.05, 0.01, 0.09), video=(0.1, 0.02, 0.2))
    assert (found.verdict, found.sure, found.lone) == (HURTS, True, 'video')
    assert 'video alone is +10.0 points from the fused' in text
    assert 'tools/unimodal.py' in text and "readout=['video']" in text


def test_a_head_as_good_as_the_fusion():
    found, text = judge(video=(0.0, -0.02, 0.02))
    assert (found.verdict, found.lone) == (LEVEL, 'video')
    assert 'video alone is as good as all together' in text
    # The sum of heads is better still: not another's harm.
    found, _ = judge((0.1, 0.05, 0.15), video=(0.05, 0.01, 0.09))
    assert (found.verdict, found.lone) == (HELPS, None)
    # All are right: nobody does harm.
    ones = dict.fromkeys(('fusion', 'heads', *NAMES), 1.0)
    found, _ = judge(video=(0.0, -0.02, 0.02), accuracy=ones)
    assert (found.verdict, found.lone) == (LEVEL, None)


def test_a_modality_that_memorises():
    accuracy = {'fusion': 0.8, 'heads': 0.8, 'video': 0.6, 'audio': 0.12}
    found, text = judge(accuracy=accuracy)
    assert found.memorising == ('audio',) and found.at_chance == ()
    assert (
        'audio memorises: 95 % of the training samples right, 12 % of the '
        'others (guessing: 10 %)'
    ) in text
    assert "leave audio out of the answer, model = dict(readout=['v" in text
    # What the training accuracy is, is not known.
    found, text = judge(
        accuracy=accuracy,
        train={},
        interval={n: (a - 0.05, a + 0.05) for n, a in accuracy.items()},
    )
    assert found.memorising == () and found.at_chance == ('audio',)
    assert 'audio: not surely better than guessing' in text


def test_an_under_used_modality():
    train = {'fusion': 1.0, 'heads': 1.0, 'video': 0.98, 'audio': 0.7}
    found, text = judge(train=train)
    assert found.under_used == ('audio',)
    assert 'audio is under-used: its head has 70 % of the training' in text
    # Where none is as far as all together, none is held back by another.
    assert diagnose(evidence(train={**train, 'video': 0.8})).under_used == ()


def test_an_under_trained_model():
    train = {'fusion': 0.82, 'heads': 0.8, 'video': 0.6, 'audio': 0.4}
    found, text = judge((0.05, 0.01, 0.09), train=train, epochs=15)
    assert found.under_trained and not found.sure
    assert found.verdict == HELPS and found.under_used == ()
    assert text.startswith('What balancing will do cannot be told yet')
    assert 'train longer, train_cfg = dict(max_epochs=30)' in text


def test_gradients_in_conflict():
    found, text = judge(angle={'video': 110.0, 'audio': 60.0})
    assert found.in_conflict == ('video',)
    assert "video: the encoder's own loss pulls against" in text


@pytest.mark.parametrize(
    ('held_out', 'said'),
    [(False, 'These are the test samples'), (None, 'is not known')],
)
def test_samples_that_are_no_others(held_out, said):
    assert said in judge(held_out=held_out)[1]


def test_the_table_shows_every_prediction():
    lines = table(evidence(angle={'video': 45.0})).splitlines()
    assert [line.split()[0] for line in lines[1:5]] == [
        *('fusion', 'sum', 'video', 'audio')
    ]
    assert lines[1].split()[-2:] == ['100.0', '+20.0']
    assert '[75.0, 85.0]' in lines[1]
    assert lines[-1] == 'own against fused gradient: video 45°'
    assert 'train' not in table(evidence(train={}))
