"""Values that stand in the table itself: numbers and text."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmremix.datasets.readers.base import Reader
from mmremix.registry import READERS
from mmremix.utils.errors import ConfigError

_WORD = re.compile(r'\w+')
_LARGEST = float(np.finfo(np.float32).max)
_DEPTH = 8  # of lists within lists


@READERS.register_module('numbers')
class NumbersReader(Reader):
    """Numbers of one or several columns, or a list of numbers in one cell.

    A cell is a number, or a list in JSON, also of lists (``[[1, 2], [3,
    4]]``: two steps of two channels).

    Example::

        modalities = dict(
            body=dict(reader='numbers', column=['age', 'weight']),
            pulse=dict(reader='numbers', column='beats', length=None))
    """

    names_file = False
    several = True

    def parse(self, cells: Sequence[Any]) -> Any:
        """Numbers as nested tuples, checked."""
        values = [_numbers(cell) for cell in cells]
        if len(values) == 1:
            (value,) = values
            return value if isinstance(value, tuple) else (value,)
        if any(isinstance(value, tuple) for value in values):
            raise ValueError('a list stands where a number is needed')
        return tuple(values)

    def length(self, cell: Any) -> int:
        """Of the outermost list."""
        return len(cell)

    def read(self, cell: Any) -> np.ndarray:
        """float32 ``(n,)``, or ``(T, C)`` of a list of lists."""
        return np.array(cell, dtype=np.float32)


@READERS.register_module('text')
class TextReader(Reader):
    """Text as a sequence of token numbers, without a vocabulary file.

    ``'bytes'`` are those of UTF-8, 1 to 256. ``'words'`` are runs of letters
    and digits in lower case, each at the place that its checksum (CRC-32)
    gives it among ``vocabulary``, from 1; two words may share one (the
    hashing trick, Weinberger et al., ICML 2009, arXiv:0902.2206). 0 is
    padding.

    Example::

        modalities = dict(words=dict(
            reader='text', column='sentence', tokens='words', length=None))

    Args:
        tokens: ``'bytes'`` or ``'words'``.
        vocabulary: Numbers there are for words. Defaults to 4096.
    """

    names_file = False

    def __init__(self, tokens: str = 'bytes', vocabulary: int = 4096) -> None:
        if tokens not in ('bytes', 'words') or vocabulary < 1:
            raise ConfigError(
                f'text: got tokens={tokens!r}, vocabulary={vocabulary}. '
                "Write: dict(reader='text', tokens='words', vocabulary=4096)"
            )
        self.tokens = tokens
        self.vocabulary = vocabulary

    def parse(self, cells: Sequence[Any]) -> str:
        """The text, in which there must be a token."""
        text = _text(cells)
        if self.tokens == 'words' and not _WORD.search(text):
            raise ValueError(f'no word in {text[:40]!r}')
        return text

    def read(self, cell: Any) -> np.ndarray:
        """int64 ``(T,)``."""
        if self.tokens == 'bytes':
            data = np.frombuffer(cell.encode('utf-8', 'replace'), np.uint8)
            return data.astype(np.int64) + 1
        places = [_place(word, self.vocabulary) + 1 for word in _words(cell)]
        return np.array(places, dtype=np.int64)


@READERS.register_module('bag_of_words')
class BagOfWordsReader(Reader):
    """Text as one vector: how often words are in it, at places by checksum.

    The vector has length 1. For an encoder of vectors, such as an MLP.

    Example::

        modalities = dict(words=dict(
            reader='bag_of_words', column='sentence', size=512))

    Args:
        size: Numbers of the vector; see :class:`TextReader`.
    """

    names_file = False

    def __init__(self, size: int = 512) -> None:
        if size < 1:
            raise ConfigError(
                f'bag_of_words: got size={size}. Write: '
                "dict(reader='bag_of_words', size=512)"
            )
        self.size = size

    def parse(self, cells: Sequence[Any]) -> str:
        """The text, in which there must be a word."""
        text = _text(cells)
        if not _WORD.search(text):
            raise ValueError(f'no word in {text[:40]!r}')
        return text

    def read(self, cell: Any) -> np.ndarray:
        """float32 ``(size,)``."""
        places = [_place(word, self.size) for word in _words(cell)]
        counts = np.bincount(places, minlength=self.size)
        return (counts / np.linalg.norm(counts)).astype(np.float32)


def _text(cells: Sequence[Any]) -> str:
    (cell,) = cells
    if not isinstance(cell, str) or '\0' in cell:
        raise ValueError(f'text is needed, got {str(cell)[:40]!r}')
    return cell.strip()


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _place(word: str, size: int) -> int:
    return zlib.crc32(word.encode()) % size


def _numbers(cell: Any) -> Any:
    """A finite number, or tuples of such of one shape."""
    value = cell
    if isinstance(cell, str):
        try:
            value = json.loads(cell)
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f'{cell.strip()[:40]!r} is no number, nor a list such as '
                '[1, 2.5]'
            ) from error
    shape = _shape(value)
    if len(shape) > _DEPTH:
        raise ValueError(f'lists within lists, {len(shape)} deep')
    if 0 in shape:
        raise ValueError('a list without numbers')
    return _frozen(value)


def _shape(value: Any) -> tuple[int, ...]:
    if isinstance(value, (list, tuple)):
        shapes = {_shape(item) for item in value}
        if len(shapes) > 1:
            raise ValueError('a list of lists that differ in length')
        return (len(value), *(shapes.pop() if shapes else ()))
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    # Never so for NaN.
    if not plain or not abs(value) <= _LARGEST:
        raise ValueError(
            f'{_start(value)} is no finite number of float32, up to 3.4e38'
        )
    return ()


def _start(value: Any) -> str:
    if isinstance(value, int):
        # Python writes no numbers of thousands of digits.
        return f'{min(value, 10**40)!r:.40}'
    return repr(str(value)[:40])


def _frozen(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    return float(value)
