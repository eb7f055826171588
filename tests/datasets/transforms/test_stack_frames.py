from __future__ import annotations

import numpy as np

from mmremix.datasets.transforms import StackFrames


def frames():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (6, 5, 3), np.uint8) for _ in range(4)]


def test_grey_levels():
    stacked = StackFrames()({'imgs': frames()})['imgs']
    assert stacked.shape == (4, 6, 5) and stacked.dtype == np.uint8
    r, g, b = frames()[2][3, 1].astype(float)
    assert abs(stacked[2, 3, 1] - (0.299 * r + 0.587 * g + 0.114 * b)) <= 0.5
    white = StackFrames()({'imgs': [np.full((2, 2, 3), 255, np.uint8)]})
    assert (white['imgs'] == 255).all()


def test_colours():
    stacked = StackFrames(grayscale=False)({'imgs': frames()})['imgs']
    assert stacked.shape == (12, 6, 5)
    np.testing.assert_array_equal(stacked[3:6], frames()[1].transpose(2, 0, 1))
