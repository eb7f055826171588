"""Which rows a column ``split`` gives to which set."""

from __future__ import annotations

import pytest

from mmremix.datasets.preparation.split_column import read_split
from mmremix.utils.errors import ConfigError


@pytest.mark.parametrize(
    ('column', 'values', 'told'),
    [
        (
            ['train', 'val', 'test', 'train'],
            {'train': 'train', 'val': 'val', 'test': 'test'},
            "2 'train', 1 'val', 1 'test'",
        ),
        (
            ['Train', ' TEST', 'Train'],
            {'train': 'Train', 'val': ' TEST', 'test': ' TEST'},
            "2 'Train', 1 ' TEST'",
        ),
        (
            ['training', 'Validation'],
            {'train': 'training', 'val': 'Validation'},
            "1 'training', 1 'Validation'",
        ),
        (
            ['train', 'val', 'dev', 'dev', ''],
            {'train': 'train', 'val': 'val'},
            "1 'train', 1 'val'; in no set: 2 'dev', 1 ''",
        ),
    ],
)
def test_words_of_any_case(column, values, told):
    found = read_split('list.csv', column)
    assert found.values == values
    assert found.told.endswith(told)


@pytest.mark.parametrize('column', [[], ['train'] * 3, ['', '']])
def test_nothing_is_told_apart(column):
    found = read_split('list.csv', column)
    assert found.values == {} and 'a fifth is held out' in found.told


@pytest.mark.parametrize(
    ('column', 'what'),
    [
        (['a', 'b', 'b'], "list.csv.*2 x 'b', 1 x 'a'. Write train, and"),
        (['train', 'extra'], 'or give the column another name'),
        (['val', 'test'], 'Write train'),
        (['train', 'test', 'Train'], 'one word in one way'),
    ],
)
def test_other_words_are_refused(column, what):
    with pytest.raises(ConfigError, match=what):
        read_split('list.csv', column)
