"""What was said of a setting, beside what came of it."""

from __future__ import annotations

import pytest

from mmremix.evaluation.diagnosis import HELPS, HURTS, LEVEL
from mmremix.study.hits import hits, hits_text, leave_one_out


def record(method, seed, study='tiny', *, test, fusion=0.5, heads=0.5, **more):
    held = {'fusion': fusion, 'heads': heads, 'video': 0.2, 'audio': 0.3}
    return {
        **{'study': study, 'setting': 'full', 'method': method},
        **{'seed': seed, 'lr': 0.1, 'config': 'a', 'status': 'done'},
        **{'modalities': ['video', 'audio'], 'n_held_out': 200},
        'accuracy': {'held_out': held, 'test': {'fusion': test}},
        **more,
    }


def runs(study, heads, gain, **more):
    """Three seeds of joint training and of the method."""
    found = []
    for seed in range(3):
        shift = seed / 1000
        joint = {'test': 0.5 + shift, 'heads': heads + shift}
        found += [
            record('joint', seed, study, **joint, **more),
            record('every_modality', seed, study, test=0.5 + gain + 2 * shift),
        ]
    return found


def test_said_and_came():
    records = [
        # The heads know more, and the method is better.
        *runs('a', 0.6, 0.1),
        # Nothing to see, yet the method is better.
        *runs('b', 0.5, 0.1, base='joint_b'),
        *runs('c', 0.4, -0.1),
        # One seed says nothing, nor do runs without heads.
        record('joint', 0, 'lone', test=0.5),
    ]
    for plain in runs('headless', 0.5, 0.1):
        del plain['accuracy']['held_out']['heads']
        records.append(plain)
    found = hits(records)
    assert [(h.setting, h.data, h.said, h.sure, h.came) for h in found] == [
        ('a/full', 'a', HELPS, True, HELPS),
        ('b/full', 'b', LEVEL, True, HELPS),
        ('c/full', 'c', HURTS, True, HURTS),
    ]
    text = hits_text(found, 'every_modality')
    assert 'a/full: D +10.1 [+' in text
    assert '2 of 3 right; of those said surely 2 of 3' in text
    assert 'the opposite came 0 times' in text


def test_the_threshold_is_of_the_other_data_sets():
    # D of 2.1 points, where the method helps; 3 of them would be right with
    # a threshold of .01 or .02, and the one that is left out is too.
    small = [h for s in 'abc' for h in hits(runs(s, 0.52, 0.1))]
    assert [h.said for h in small] == [LEVEL] * 3
    assert leave_one_out(small) == (3, 3)
    # With another data set alone, where nothing came, the rule stays.
    mixed = [small[0], *hits(runs('level', 0.52, 0.0))]
    mixed[1] = mixed[1]._replace(came=LEVEL)
    assert leave_one_out(mixed) == (0, 0)


def test_records_with_classes_and_training_accuracies():
    train = {'fusion': 1.0, 'heads': 1.0, 'video': 0.9, 'audio': 0.9}
    records = runs('a', 0.5, 0.1, n_classes=5)
    for one in records:
        one['accuracy']['train'] = train
    (hit,) = hits(records)
    assert hit.evidence.chance == pytest.approx(0.2)
    assert hit.evidence.gap('video') == pytest.approx(0.7)
    assert hit.evidence.samples == 600
