"""What was said of a setting, beside what came of it."""

from __future__ import annotations

from mmremix.evaluation.diagnosis import HELPS, LEVEL
from mmremix.study.hits import hits


def record(method, seed, setting='full', *, test, fusion=0.5, heads=0.5):
    held = {'fusion': fusion, 'heads': heads, 'video': 0.2, 'audio': 0.3}
    return {
        **{'study': 'tiny', 'setting': setting, 'method': method},
        **{'seed': seed, 'lr': 0.1, 'config': 'a', 'status': 'done'},
        'modalities': ['video', 'audio'],
        'accuracy': {'held_out': held, 'test': {'fusion': test}},
    }


def test_said_and_came():
    records = []
    for seed in range(3):
        shift = seed / 1000
        # The heads know more, and the method is better.
        records += [
            record('joint', seed, test=0.5 + shift, heads=0.6 + shift),
            record('every_modality', seed, test=0.6 + 2 * shift),
        ]
        # Nothing to see, yet the method is better.
        records += [
            record('joint', seed, 'small', test=0.5 + shift),
            record('every_modality', seed, 'small', test=0.6 + 2 * shift),
        ]
    # One seed says nothing.
    records.append(record('joint', 0, 'lone', test=0.5))
    assert hits(records) == [
        ('tiny/full', HELPS, HELPS),
        ('tiny/small', LEVEL, HELPS),
    ]
