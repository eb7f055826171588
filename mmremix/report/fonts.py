"""Fonts for figures in any script."""

from __future__ import annotations

import warnings
from functools import cache

from matplotlib import ft2font
from matplotlib.font_manager import fontManager, get_font

from mmremix.report.labels import is_right_to_left, without_isolates

_FIRST = 'DejaVu Sans'  # matplotlib brings it along
_BOXES = 'Last Resort'  # has a box for every letter
_NAMED = 'Noto Sans CJK, Noto Sans'


def font_families(words: str) -> list[str]:
    """Fonts that have all the letters of a text, the usual one first.

    Warns of letters that no font of the machine has, and of text that is
    read from the right, which matplotlib orders and joins since 3.11.
    """
    found = [_FIRST]
    for letter in dict.fromkeys(without_isolates(words)):
        if not letter.isspace() and (family := _family_of(letter)):
            found.append(family)
    if is_right_to_left(words):
        _check_order()
    return list(dict.fromkeys(found))


@cache
def _family_of(letter: str) -> str:
    code = ord(letter)
    usual = [f for f in fontManager.ttflist if f.name == _FIRST]
    others = [
        f
        for f in fontManager.ttflist
        if f.name != _FIRST and not f.name.startswith(_BOXES)
    ]
    # Those of the usual one first; the others are opened only if need be.
    for entry in (*usual, *others):
        try:
            if code in get_font(entry.fname).get_charmap():
                return entry.name
        except (OSError, RuntimeError):
            continue
    warnings.warn(
        f'No font of this machine has {letter!r} (U+{code:04X}): figures '
        f'show a box. Install one that has ({_NAMED}); the page is not '
        'concerned.',
        stacklevel=2,
    )
    return ''


@cache
def _check_order() -> None:
    if not hasattr(ft2font, '__libraqm_version__'):
        warnings.warn(
            'matplotlib orders and joins letters that are read from the '
            'right since 3.11; figures of this one have them wrong. The page '
            'is not concerned.',
            stacklevel=3,
        )
