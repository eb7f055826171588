from __future__ import annotations

import numpy as np
import pytest

from mmremix.datasets.csv_rows import (
    AnnotationError,
    RowFilter,
    parse_seconds,
)


@pytest.mark.parametrize(
    ('text', 'seconds'),
    [('0', 0), ('12.5', 12.5), ('.5', 0.5), ('5.', 5), ('1e-3', 0.001)],
)
def test_seconds(text, seconds):
    assert parse_seconds(text, 'start') == seconds


@pytest.mark.parametrize(
    'text',
    [
        *('nan', 'inf', '-inf', '-1', '-0', '1e400', '1_0', '१', '\uff11'),
        *('', '1 0', '0x10', '1,5', '5s', '0:05', '1e', '.', 'Infinity'),
    ],
)
def test_no_seconds(text):
    with pytest.raises(ValueError, match=r'start must be seconds >= 0, .*got'):
        parse_seconds(text, 'start')


@pytest.mark.parametrize(
    ('wanted', 'cells'),
    [
        ('0.5', ['0.5']),
        (0.5, ['0.5', '0.50', '5e-1']),
        (1, ['1', '01', '1.0']),
        (np.int64(1), ['1', '01', '1.0']),
        (-1, ['-1']),
        (None, ['', ' ']),
        (True, ['true', 'TRUE']),
        ([0.5, None], ['0.5', '0.50', '5e-1', '', ' ']),
        (('a', 1), ['1', '01', '1.0', 'a']),
        (range(2), ['1', '01', '1.0', '0']),
        ([], []),
    ],
)
def test_filter(wanted, cells):
    rows = [
        *('0.5', '0.50', '5e-1', '1', '01', '1.0', '-1', '', ' ', '0'),
        *('true', 'TRUE', 'a', 'nan'),
    ]
    keep = RowFilter({'x': wanted})
    assert sorted(r for r in rows if keep.holds({'x': r})) == sorted(cells)


def test_a_filter_is_a_dict():
    with pytest.raises(AnnotationError, match="dict of columns, got 'x=1'"):
        RowFilter('x=1')


@pytest.mark.parametrize(
    'wanted', [float('nan'), {'a': 1}, [[1]], object(), float('inf')]
)
def test_no_filter(wanted):
    with pytest.raises(AnnotationError, match="filter_cfg: the column 'x'"):
        RowFilter({'x': wanted})
