"""File of packed arrays."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from mmremix.datasets.media.errors import (
    BrokenMediaError,
    cannot_open,
    check_is_file,
)

PACKED_SUFFIX = '.mmpk'
"""Ending of packed files, by which they are recognised."""

MAGIC = b'MMPK\x00\x01\r\n'
"""First bytes. Then the length of the header, 8 bytes, little-endian; the
header, JSON padded with spaces; and the arrays, from multiples of 64 on."""

ALIGNMENT = 64
"""Bytes of whose multiples arrays start."""

_DAMAGED = 'Pack it again with tools/data/pack.py.'
_LONGEST_HEADER = 2**20  # bytes
_DTYPES = ('|u1', '<i2', '<f2', '<f4', '<f8')


class _Entry(NamedTuple):
    """An array of the file."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    size: int
    crc32: int


class PackedFile:
    """Header and arrays of a packed file, mapped into memory.

    Args:
        path: The file.

    Raises:
        BrokenMediaError: If it is no packed file, is cut off, or its header
            says what cannot be: other types, arrays that overlap or lie
            outside of the file, a name twice.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        check_is_file(path)
        try:
            # One plain map: np.memmap itself is slow to slice.
            self._raw = np.asarray(np.memmap(path, np.uint8, 'r'))
        except (OSError, ValueError) as error:
            raise cannot_open(path, str(error)) from error
        if self._raw[: len(MAGIC)].tobytes() != MAGIC:
            raise cannot_open(path, 'not a packed clip')
        length = int.from_bytes(self._raw[8:16].tobytes(), 'little')
        with self.parsing():
            if not 0 < length <= _LONGEST_HEADER:
                raise ValueError(f'a header of {length} bytes')
            text = self._raw[16 : 16 + length].tobytes()
            self.header: dict[str, Any] = _parse(text)
            size = whole(self.header['data_size'], 0)
            declared = 16 + length + size
        if len(self._raw) != declared:
            raise BrokenMediaError.of(
                path,
                f'has {len(self._raw)} of {declared} bytes, cut off',
                _DAMAGED,
            )
        self._data = 16 + length
        with self.parsing():
            self._entries = _entries(self.header['arrays'], size)

    @contextmanager
    def parsing(self) -> Iterator[None]:
        """Turn errors inside into :class:`BrokenMediaError`.

        For everything that relies on the header: where it is damaged, keys
        are missing and values are of other types or sizes.
        """
        try:
            yield
        except BrokenMediaError:
            raise
        except Exception as error:
            raise BrokenMediaError.of(
                self.path,
                f'its header is damaged ({type(error).__name__}: {error})',
                _DAMAGED,
            ) from error

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> np.ndarray:
        """Array of this name; only what is used of it gets read.

        Raises:
            BrokenMediaError: If there is none.
        """
        with self.parsing():
            entry = self._entries[name]
            array: np.ndarray = self._bytes(entry).view(entry.dtype)
            return array.reshape(entry.shape)

    def check(self, name: str) -> None:
        """Compare an array with its checksum; reads all of it.

        Raises:
            BrokenMediaError: If it is damaged.
        """
        with self.parsing():
            entry = self._entries[name]
            if self._crc32(entry) != entry.crc32:
                raise ValueError(f'{name!r} has another checksum')

    def is_intact(self) -> bool:
        """Whether all arrays have the checksums of the header."""
        return all(
            self._crc32(entry) == entry.crc32
            for entry in self._entries.values()
        )

    def _crc32(self, entry: _Entry) -> int:
        return zlib.crc32(self._bytes(entry).data)

    def _bytes(self, entry: _Entry) -> np.ndarray:
        begin = self._data + entry.offset
        return self._raw[begin : begin + entry.size]


def whole(value: object, least: int, most: int = 2**53) -> int:
    """A whole number of a header.

    Raises:
        ValueError: If it is something else, or out of bounds.
    """
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f'{value!r:.60} is no whole number from {least} on')
    return value


def number(value: object) -> float:
    """A finite number of a header.

    Raises:
        ValueError: If it is something else.
    """
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        raise ValueError(f'{value!r:.60} is no finite number')
    return float(value)  # type: ignore[arg-type]


def _parse(text: bytes) -> dict[str, Any]:
    header = json.loads(
        text, object_pairs_hook=_unique, parse_constant=_refuse
    )
    if not isinstance(header, dict):
        raise ValueError(f'a {type(header).__name__}, not a table')
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError('a name is there twice')
    return table


def _refuse(constant: str) -> float:
    raise ValueError(f'{constant} is no number of JSON')


def _entries(arrays: Mapping[str, Any], size: int) -> dict[str, _Entry]:
    found = {}
    for name, entry in arrays.items():
        dtype = entry['dtype']
        if dtype not in _DTYPES:
            raise ValueError(f'{name!r} is of the type {dtype!r:.60}')
        if not isinstance(entry['shape'], list):
            raise ValueError(f'{name!r} has no shape')
        shape = tuple(whole(length, 0) for length in entry['shape'])
        found[name] = _Entry(
            dtype,
            shape,
            whole(entry['offset'], 0),
            whole(entry['size'], 0),
            whole(entry['crc32'], 0),
        )
        if math.prod(shape) * np.dtype(dtype).itemsize != found[name].size:
            raise ValueError(f'{name!r} is not of {found[name].size} bytes')
    end = 0
    for entry in sorted(found.values(), key=lambda entry: entry.offset):
        if entry.offset < end or entry.offset % ALIGNMENT:
            raise ValueError('arrays overlap, or lie between their places')
        end = entry.offset + entry.size
    if end > size:
        raise ValueError('an array goes past the end of the file')
    return found
