"""File of packed arrays."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from mmremix.datasets.media.container import cannot_open
from mmremix.datasets.media.errors import BrokenMediaError

PACKED_SUFFIX = '.mmpk'
"""Ending of packed files, by which they are recognised."""

MAGIC = b'MMPK\x00\x01\r\n'
"""First bytes. Then the length of the header, 8 bytes, little-endian; the
header, JSON padded with spaces; and the arrays, from multiples of 64 on."""

_DAMAGED = 'Pack it again with tools/data/pack.py.'


class PackedFile:
    """Header and arrays of a packed file, mapped into memory.

    Args:
        path: The file.

    Raises:
        BrokenMediaError: If it is no packed file, or is cut off.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            # One plain map: np.memmap itself is slow to slice.
            self._raw = np.asarray(np.memmap(path, np.uint8, 'r'))
        except (OSError, ValueError) as error:
            raise cannot_open(path, str(error)) from error
        if self._raw[: len(MAGIC)].tobytes() != MAGIC:
            raise cannot_open(path, 'not a packed clip')
        length = int.from_bytes(self._raw[8:16].tobytes(), 'little')
        with self.parsing():
            text = self._raw[16 : 16 + length].tobytes()
            self.header: dict[str, Any] = json.loads(text)
            declared = 16 + length + self.header['data_size']
        if len(self._raw) != declared:
            raise BrokenMediaError.of(
                path,
                f'has {len(self._raw)} of {declared} bytes, cut off',
                _DAMAGED,
            )
        self._data = 16 + length

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
        return name in self.header['arrays']

    def __getitem__(self, name: str) -> np.ndarray:
        """Array of this name; only what is used of it gets read.

        Raises:
            BrokenMediaError: If the header's entry of it is damaged.
        """
        with self.parsing():
            entry = self.header['arrays'][name]
            array: np.ndarray = self._bytes(entry).view(entry['dtype'])
            return array.reshape(entry['shape'])

    def is_intact(self) -> bool:
        """Whether all arrays have the checksums of the header."""
        return all(
            zlib.crc32(self._bytes(entry)) == entry['crc32']
            for entry in self.header['arrays'].values()
        )

    def _bytes(self, entry: dict[str, Any]) -> np.ndarray:
        begin = self._data + entry['offset']
        return self._raw[begin : begin + entry['size']]
