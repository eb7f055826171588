"""Names of people's own, whole and in any script."""

from __future__ import annotations

import re
from unicodedata import bidirectional, combining, east_asian_width

_ISOLATE, _END = '\N{FIRST STRONG ISOLATE}', '\N{POP DIRECTIONAL ISOLATE}'
_PIECE = re.compile(r'[^\s_./-]*[\s_./-]*')


def cells(words: str) -> int:
    """How wide a text is, in the width of a Latin letter."""
    return sum(
        2 if east_asian_width(letter) in 'WF' else 1
        for letter in words
        if not combining(letter) and letter not in (_ISOLATE, _END)
    )


def wrapped(words: str, most: int) -> list[str]:
    """A text in lines of so many cells, none of it left out.

    Lines break after blanks, ``_``, ``.``, ``/`` and ``-``, and within a
    word that is wider than a line.
    """
    lines = ['']
    for piece in _PIECE.findall(words):
        if lines[-1] and cells(lines[-1] + piece.rstrip()) > most:
            lines.append('')
        for letter in piece:
            if cells(lines[-1] + letter) > most and letter.strip():
                lines.append('')
            lines[-1] += letter
    return [line.rstrip() for line in lines]


def is_right_to_left(words: str) -> bool:
    """Whether any of it is read from the right, as Arabic and Hebrew are."""
    return any(bidirectional(letter) in ('R', 'AL') for letter in words)


def isolated(words: str) -> str:
    """A name that leaves the order of the text around it as it is.

    Without it, a number behind a name in Hebrew would stand before it.
    """
    return f'{_ISOLATE}{words}{_END}' if is_right_to_left(words) else words


def without_isolates(words: str) -> str:
    """For what draws each character, as matplotlib does."""
    return words.replace(_ISOLATE, '').replace(_END, '')
