"""The picture of a report: its size, and what is drawn at all."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmremix.datasets.preparation import picture
from mmremix.datasets.preparation.picture import picture_report


def rows(classes: list[str], **facts) -> list[dict]:
    found = {
        **dict(duration=2.0, width=64, height=48, frame_rate=25.0),
        **dict(sample_rate=16000, channels=1),
    } | facts
    return [{'label': c, 'facts': found} for c in classes for _ in 'ab']


def draw(monkeypatch, classes: list[str], broken: list[dict], **facts):
    """Image, and titles of the panels."""
    titles = []
    bars = picture._bars

    def noted(axis, title, pairs, color):
        titles.append(title)
        bars(axis, title, pairs, color)

    monkeypatch.setattr(picture, '_bars', noted)
    splits = {'train': rows(classes, **facts), 'test': rows(classes, **facts)}
    data = picture_report(splits, broken, classes)
    return cv2.imdecode(np.frombuffer(data, np.uint8), 1), titles


@pytest.mark.parametrize(
    ('number', 'low', 'high'),
    [(2, 400, 700), (31, 700, 1100), (300, 400, 800)],
)
def test_size_for_few_and_for_many_classes(monkeypatch, number, low, high):
    classes = [f'class {i}' for i in range(number)]
    image, _ = draw(monkeypatch, classes, [])
    assert low < image.shape[0] < high
    # Bars of both splits.
    for color in ((0x44, 0x77, 0xAA), (0xDD, 0xAA, 0x33)):
        assert (image[..., ::-1] == color).all(axis=2).sum() > 3000


def test_no_panel_is_empty(monkeypatch):
    _, titles = draw(monkeypatch, ['a', 'b'], [])
    assert len(titles) == 3
    unknown = dict.fromkeys(('frame_rate', 'sample_rate', 'channels'))
    _, titles = draw(monkeypatch, ['a', 'b'], [], **unknown, duration=None)
    assert titles == ['resolution (width, height)']


def test_reasons_that_differ_in_numbers_are_one(monkeypatch):
    broken = [
        {'label': 'a', 'reason': f'ends at {i}.5 s of {i}0 s'}
        for i in range(20)
    ]
    seen = []
    shorten = picture._shorten
    monkeypatch.setattr(
        picture, '_shorten', lambda pairs: seen.append(pairs) or shorten(pairs)
    )
    picture_report({'train': rows(['a'])}, broken, ['a'])
    assert seen[-1] == [('ends at N s of N s', 20)]
