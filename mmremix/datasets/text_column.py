"""Columns of a large table: texts, and values that come often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

BLOCK = 1024
"""Rows that are looked at together: enough for speed, and so few that their
objects are gone before the garbage collector takes them for old ones."""


class TextColumn(Sequence[str]):
    """Texts in one array of bytes, as Arrow keeps them.

    A list of texts has an object for each, which takes 60 bytes and more
    beside the letters; and a worker process that reads one copies its page
    of memory. The array stays shared.

    Args:
        data: UTF-8 of all texts, uint8.
        ends: Where each text ends, int64 ``(N,)``.
    """

    def __init__(self, data: np.ndarray, ends: np.ndarray) -> None:
        self._data = data
        self._ends = ends

    def __len__(self) -> int:
        return len(self._ends)

    # A slice is never asked for: `take` gives several.
    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        end = int(self._ends[index])
        start = int(self._ends[index - 1]) if index % len(self) else 0
        return _text(self._data[start:end].tobytes())

    def blocks(self) -> Iterator[list[str]]:
        """All texts, so many at a time."""
        for first in range(0, len(self), BLOCK):
            ends = self._ends[first : first + BLOCK].tolist()
            base = int(self._ends[first - 1]) if first else 0
            data = self._data[base : ends[-1]].tobytes()
            starts = [base, *ends[:-1]]
            places = zip(starts, ends, strict=True)
            if data.isascii():
                # A letter a byte: decoded together, in a third of the time.
                text = data.decode('ascii')
                yield [text[a - base : b - base] for a, b in places]
            else:
                yield [_text(data[a - base : b - base]) for a, b in places]

    def __iter__(self) -> Iterator[str]:
        for block in self.blocks():
            yield from block

    def take(self, rows: np.ndarray) -> TextColumn:
        """Some of the texts."""
        starts = np.concatenate([[0], self._ends[:-1]])[rows]
        lengths = self._ends[rows] - starts
        parts = [np.empty(0, dtype=np.uint8)]
        for first in range(0, len(rows), BLOCK):
            size = lengths[first : first + BLOCK]
            begin = starts[first : first + BLOCK] - (np.cumsum(size) - size)
            places = np.arange(size.sum()) + np.repeat(begin, size)
            parts.append(self._data[places])
        return TextColumn(np.concatenate(parts), np.cumsum(lengths))

    @property
    def may_be_padded(self) -> bool:
        """Whether a text may begin or end with a blank; False is sure."""
        starts = np.concatenate([[0], self._ends[:-1]])
        filled = self._ends > starts
        outer = self._data[starts[filled]], self._data[self._ends[filled] - 1]
        # Letters beyond ASCII may be blanks too.
        return any(((b <= 0x20) | (b >= 0x80)).any() for b in outer)

    @property
    def longest(self) -> int:
        """Letters of the longest text."""
        return max((max(map(len, b)) for b in self.blocks()), default=0)


class TextBuilder:
    """Collects the texts of a :class:`TextColumn`, block by block."""

    def __init__(self) -> None:
        # It grows in place, so that the texts are never there twice.
        self._data = bytearray()
        self._ends: list[np.ndarray] = [np.empty(0, dtype=np.int64)]

    def extend(self, texts: Iterable[str]) -> None:
        """Append texts."""
        given = [*texts]
        together = ''.join(given)
        data = together.encode('utf-8', 'surrogatepass')
        sizes: Iterable[int] = map(len, given)
        if len(data) != len(together):
            sizes = (len(t.encode('utf-8', 'surrogatepass')) for t in given)
        lengths = np.fromiter(sizes, np.int64, len(given))
        self._ends.append(np.cumsum(lengths) + len(self._data))
        self._data += data

    def build(self) -> TextColumn:
        """The column."""
        data = np.frombuffer(self._data, dtype=np.uint8)
        return TextColumn(data, np.concatenate(self._ends))


class CodedColumn:
    """Values that come often, each once, and which of them a row has.

    Args:
        values: The distinct values.
        codes: Number of each row's value, int32 ``(N,)``.
    """

    def __init__(self, values: Sequence[Any], codes: np.ndarray) -> None:
        self.values = list(values)
        self.codes = codes

    @classmethod
    def of(cls, values: Iterable[Any]) -> CodedColumn:
        """Number the values in the order in which they come."""
        builder = CodeBuilder()
        builder.extend(values)
        return builder.build()

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, index: int) -> Any:
        return self.values[self.codes[index]]

    def take(self, rows: np.ndarray) -> CodedColumn:
        """Some of the rows."""
        return CodedColumn(self.values, self.codes[rows])


class CodeBuilder:
    """Collects the values of a :class:`CodedColumn`, block by block."""

    def __init__(self) -> None:
        self.known: dict[Any, int] = {}
        self._codes: list[np.ndarray] = [np.empty(0, dtype=np.int32)]

    def extend(self, values: Iterable[Any]) -> None:
        """Append values."""
        known = self.known
        codes = [known.setdefault(value, len(known)) for value in values]
        self._codes.append(np.array(codes, dtype=np.int32))

    def build(self) -> CodedColumn:
        """The column."""
        return CodedColumn(list(self.known), np.concatenate(self._codes))


def _text(data: bytes) -> str:
    return data.decode('utf-8', 'surrogatepass')
