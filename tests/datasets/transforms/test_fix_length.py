"""Sequences become one length."""

from __future__ import annotations

import numpy as np
import pytest

from mmremix.datasets.transforms import FixLength
from mmremix.utils.errors import ConfigError


def fitted(value, **options):
    before = np.array(value)
    found = FixLength('x', 4, **options).transform({'x': before, 'y': 1})
    assert found['y'] == 1 and before.tolist() == list(value)
    return found['x'].tolist()


def test_long_and_short():
    assert fitted(range(7)) == [1, 2, 3, 4]
    assert fitted(range(7), crop='start') == [0, 1, 2, 3]
    assert fitted(range(4)) == [0, 1, 2, 3]
    assert fitted([5, 6]) == [5, 6, 0, 0]
    assert fitted([5, 6], pad='repeat') == [5, 6, 5, 6]
    np.random.seed(0)
    starts = {fitted(range(6), crop='random')[0] for _ in range(50)}
    assert starts == {0, 1, 2}


def test_other_dimensions_stay():
    found = FixLength('x', 5).transform({'x': np.ones((3, 2))})['x']
    assert found.shape == (5, 2) and found.sum() == 6


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'length': 0}, 'length=8192'),
        ({'length': 4, 'crop': 'end'}, "crop='middle'"),
        ({'length': 4, 'pad': 'edge'}, "pad='repeat'"),
    ],
)
def test_wrong_options(options, said):
    with pytest.raises(ConfigError, match=said):
        FixLength('x', **options)


def test_nothing_cannot_be_padded():
    with pytest.raises(ConfigError, match='no steps'):
        FixLength('x', 4).transform({'x': np.zeros(0)})
