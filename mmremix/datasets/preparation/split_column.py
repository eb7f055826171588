"""What a column ``split`` says of which rows are for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from mmremix.utils.errors import ConfigError

_WORDS = {
    'train': ('train', 'training'),
    'val': ('val', 'valid', 'validation', 'validate', 'dev'),
    'test': ('test', 'testing'),
}
NO_SPLIT = 'no column \'split\' with "train" and "test": a fifth is held out'


class SplitColumn(NamedTuple):
    """What a column says.

    Attributes:
        values: The value that stands for ``train``, for ``val`` and, if there
            is one, for ``test``; empty, if the rows are not told apart. Of
            two sets the other is ``val``.
        told: That in words, with the rows that are in none of them.
    """

    values: dict[str, str]
    told: str


def read_split(source: str, column: Iterable[str]) -> SplitColumn:
    """Find the words for the sets in a column, in upper or lower case.

    Args:
        source: Where the column is, for messages.
        column: The value of every row; none, where there is no column.

    Raises:
        ConfigError: If the values are not such words, or one is written in
            two ways.
    """
    count = Counter(column)
    if len(count) < 2:
        return SplitColumn({}, NO_SPLIT)
    written: dict[str, list[str]] = {}
    for value in sorted(count):
        written.setdefault(value.strip().casefold(), []).append(value)
    found = {
        name: value
        for name, words in _WORDS.items()
        for word in reversed(words)
        for value in written.get(word, [])
    }
    said = ', '.join(f'{n} x {value!r}' for value, n in count.most_common(9))
    for word in {w for words in _WORDS.values() for w in words}:
        if len(written.get(word, [])) > 1:
            raise ConfigError(
                f'{source}: the column split has {said}. Write one word in '
                'one way, or rows of the other would be in no set.'
            )
    if 'train' not in found or len(found) < 2:
        raise ConfigError(
            f'{source}: the column split has {said}. Write train, and val or '
            'test or both; or give the column another name, and a fifth is '
            'held out.'
        )
    found.setdefault('val', found.get('test', ''))
    sets = {name: found[name] for name in _WORDS if name in found}
    told = "the column 'split' says which rows are for what: " + ', '.join(
        f'{count[value]} {value!r}' for value in dict.fromkeys(sets.values())
    )
    left = [v for v in count if v not in sets.values()]
    if left:
        told += '; in no set: ' + ', '.join(f'{count[v]} {v!r}' for v in left)
    return SplitColumn(sets, told)
