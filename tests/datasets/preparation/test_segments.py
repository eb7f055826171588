from __future__ import annotations

import pytest

from mmremix.datasets.preparation.segments import Listed, outside, settle

WHOLE: dict[str, float] = {}


@pytest.mark.parametrize(
    ('listed', 'duration', 'times'),
    [
        (Listed(5, 15), 10.0, WHOLE),
        (Listed(5, 15), 10.4, WHOLE),
        (Listed(5, 15), 9.2, WHOLE),
        (Listed(5, 15), None, WHOLE),
        (Listed(5, 15), 20.0, {'start': 5, 'end': 15}),
        (Listed(0, 10), 20.0, {'start': 0, 'end': 10}),
        (Listed(5, 15), 14.3, {'start': 5, 'end': 14.3}),
        (Listed(5, 15, by_name=True), 20.0, {'start': 5, 'end': 15}),
        (Listed(50, 60, by_name=True), 12.0, WHOLE),
        (Listed(5, 15, of=2), 20.0, {'start': 5, 'end': 15}),
        (Listed(5, 15, by_name=True, of=2), 10.0, WHOLE),
    ],
)
def test_by_the_duration(listed, duration, times):
    assert settle(listed, duration) == (times, None)


def test_what_cannot_be_told():
    _, reason = settle(Listed(5, 15, of=2), 10.0)
    assert reason and 'which of the 2 segments' in reason
    _, reason = settle(Listed(50, 60), 12.0)
    assert reason and 'lasts 12 s, too long for the segment of 10 s' in reason


def test_outside():
    assert outside({'start': 1, 'end': 4}, 3.6) is None
    assert outside({}, 3.0) is None
    assert 'end at 4.0 s is after' in str(outside({'end': 4}, 3.4))
    assert 'start at 4.0 s is after' in str(outside({'start': '4'}, 3.9))
