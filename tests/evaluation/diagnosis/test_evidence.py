"""Accuracies with intervals that never pretend certainty."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mmremix.evaluation.diagnosis import (
    Evidence,
    of_accuracies,
    of_log_probs,
    of_samples,
    over_runs,
)

NAMES = ('fusion', 'heads', 'video', 'audio')


def right(n=40, seed=0, **given):
    draw = np.random.default_rng(seed)
    rows = {name: draw.random(n) < 0.7 for name in NAMES}
    return {**rows, **given}, draw.integers(0, 4, n)


def width(interval):
    return interval[-1] - interval[-2]


def test_all_right_is_no_certainty():
    rows, labels = right(**dict.fromkeys(NAMES, np.ones(40, dtype=bool)))
    found = of_samples(rows, labels, 4)
    assert found.accuracy['fusion'] == 1 and found.interval['fusion'][1] == 1
    assert found.interval['fusion'][0] == pytest.approx(0.912, abs=1e-3)
    difference, low, high = found.gain['heads']
    assert difference == 0 and -0.06 < low < 0 < high < 0.06


def test_one_group_is_none():
    rows, labels = right()
    alone = of_samples(rows, labels, 4, ['one'] * 40, 'speaker')
    assert alone == of_samples(rows, labels, 4)
    assert alone.groups is None and alone.by is None


def test_groups_widen():
    n = 40
    half = np.arange(n) < n // 2
    rows, labels = right(n, heads=half, fusion=np.ones(n, dtype=bool))
    plain = of_samples(rows, labels, 4)
    groups = np.where(half, 'a', 'b').tolist()
    found = of_samples(rows, labels, 4, groups, 'speaker')
    assert (found.groups, found.by) == (2, 'speaker')
    assert found.accuracy == pytest.approx(plain.accuracy)
    # One person all right, the other all wrong: nothing is known of others.
    assert found.interval['heads'] == (0.0, 1.0)
    assert width(found.gain['heads']) > 1
    # Groups that agree do not narrow it.
    for name in NAMES:
        assert width(found.interval[name]) >= width(plain.interval[name])


def test_groups_count_alike():
    rows, labels = right(4, heads=np.array([1, 0, 0, 0], dtype=bool))
    found = of_samples(rows, labels, 4, ['a', 'b', 'b', 'b'])
    assert found.accuracy['heads'] == 0.5


def test_chance_is_the_most_frequent_class_if_it_is_surely_so():
    rows, _ = right(100)
    assert of_samples(rows, np.arange(100) % 4, 4).chance == 0.25
    skewed = np.array([0] * 90 + [1] * 10)
    assert 0.8 < of_samples(rows, skewed, 4).chance < 0.9


def test_log_probabilities():
    draw = np.random.default_rng(0)
    scores = {n: draw.normal(size=(30, 3)) for n in ('fusion', *NAMES[2:])}
    scores['audio'][4] = np.nan  # a sample without it
    labels = draw.integers(0, 3, 30)
    found = of_log_probs(scores, labels, list(range(30)))
    keep = np.arange(30) != 4
    assert found.samples == found.groups == 29
    assert found.modalities == ('video', 'audio')
    for name, values in scores.items():
        expected = (values.argmax(1) == labels)[keep].mean()
        assert found.accuracy[name] == pytest.approx(expected)

    def log(values):
        return values - np.log(np.exp(values).sum(1, keepdims=True))

    total = log(scores['video']) + log(scores['audio'])
    expected = (total[keep].argmax(1) == labels[keep]).mean()
    assert found.accuracy['heads'] == pytest.approx(expected)


def test_nothing_to_judge_by():
    with pytest.raises(ValueError, match='no sample with all modalities'):
        of_samples(dict.fromkeys(NAMES, np.zeros(0, bool)), [], 4)


def test_runs_together():
    parts = [of_samples(*right(seed=seed), 4) for seed in range(3)]
    same, other = (over_runs(parts, shared) for shared in (True, False))
    assert same.runs == 3
    assert (same.samples, other.samples) == (40, 120)
    for name in NAMES:
        mean = sum(part.accuracy[name] for part in parts) / 3
        assert same.accuracy[name] == pytest.approx(mean)
        # What is peculiar to the samples comes on top.
        assert width(same.interval[name]) > width(other.interval[name])
    # Level seeds are no certainty.
    level = over_runs([parts[0]] * 3, same_samples=False)
    assert width(level.gain['heads']) == pytest.approx(
        width(parts[0].gain['heads']) / 3**0.5
    )
    assert over_runs(parts[:1], same_samples=True) is parts[0]


def test_from_accuracies_alone():
    accuracy = dict(zip(NAMES, (0.5, 0.6, 0.3, 0.4), strict=True))
    train = {'fusion': 1.0, 'video': 0.9}
    found = of_accuracies(accuracy, NAMES[2:], 100, 0.1, train)
    assert found.train == train and found.gap('audio') is None
    assert found.gap('video') == pytest.approx(0.6)
    difference, low, high = found.gain['heads']
    assert difference == pytest.approx(0.1) and low < 0.1 < high


def test_plain_values_and_back():
    found = of_samples(*right(), 4)
    read = Evidence.of_plain(json.loads(json.dumps(found.plain())))
    assert read == found
