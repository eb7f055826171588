"""What the short runs chose, beside what the study's test samples say."""

from __future__ import annotations

import pytest

from mmremix.study.auto_hits import choices
from tests.study.kit import record


def short(method, values, epochs=2, **more):
    return [
        record(method, seed, held_out=value, epochs=epochs, **more)
        for seed, value in enumerate(values)
    ]


def full(method, values, **more):
    return [
        record(method, seed, test=value, epochs=9, **more)
        for seed, value in enumerate(values)
    ]


STUDY = [
    *full('joint', [0.50, 0.52, 0.54]),
    *full('remix', [0.49, 0.52, 0.53]),
    *full('every_modality', [0.60, 0.61, 0.65]),
]


def test_a_choice_that_is_the_best():
    runs = [
        *short('joint', [0.3, 0.4, 0.5]),
        *short('every_modality', [0.41, 0.5, 0.6]),
        *short('remix', [0.2, 0.3, 0.4]),
    ]
    (found,) = choices(runs, STUDY)
    assert found.setting == 's/full' and found.epochs == 2
    assert found.chosen == found.best == ('every_modality', 'fusion')
    assert found.right and found.behind == 0
    assert found.joint_behind == pytest.approx(0.1)
    assert found.gain.mean == pytest.approx(0.1)


def test_joint_for_want_of_proof_is_wrong_if_another_was_better():
    runs = [
        *short('joint', [0.3, 0.4, 0.5]),
        *short('every_modality', [0.5, 0.3, 0.6]),
    ]
    (found,) = choices(runs, STUDY)
    assert found.chosen == ('joint', 'fusion') and found.gain is None
    assert not found.right and found.behind == pytest.approx(0.1)
    # Within a point of the best is right.
    near = [*short('joint', [0.3, 0.4]), *short('remix', [0.2, 0.5])]
    (found,) = choices(near, STUDY)
    assert found.right


def test_lengths_apart_and_what_was_not_to_be_chosen():
    ahead = short('every_modality', [0.9, 0.91, 0.92], epochs=6, config='b')
    runs = [
        *short('joint', [0.3, 0.4, 0.5]),
        *short('joint', [0.3, 0.4, 0.5], epochs=6, config='b'),
        *ahead,
        *short('ensemble', [0.9, 0.9, 0.9]),
    ]
    two, six = choices(runs, [*STUDY, *full('ensemble', [0.9, 0.9, 0.9])])
    assert (two.epochs, two.chosen) == (2, ('joint', 'fusion'))
    assert (six.epochs, six.chosen) == (6, ('every_modality', 'fusion'))
    assert six.best == ('every_modality', 'fusion')


def test_settings_that_no_study_has_are_left_out():
    runs = short('joint', [0.3, 0.4], study='other')
    assert choices(runs, STUDY) == []
