"""Arrays one after the other in a file that grows.

Each array is a ``.npy`` block, and before it stands a small one of three
numbers: how many bytes follow, their CRC-32, and the CRC-32 of these two.
So nothing is handed to numpy that is not, to the bit, what was written, and
what a kill has cut off is told from what is damaged.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

_NUMBERS = struct.Struct('<3Q')
# Spelt out, for numpy's padding may change from release to release.
_HEAD = (
    b'\x93NUMPY\x01\x00'
    + struct.pack('<H', 118)
    + b"{'descr': '<u8', 'fortran_order': False, 'shape': (3,), }".ljust(117)
    + b'\n'
)


class DamagedBlockError(ValueError):
    """A block is not what was written."""


class _Sink:
    """Takes bytes piece by piece; a large array is never there twice."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream
        self.length = self.checksum = 0

    def write(self, data: bytes) -> None:
        """Note length and checksum, and pass on."""
        self.length += len(data)
        self.checksum = zlib.crc32(data, self.checksum)
        if self._stream is not None:
            self._stream.write(data)


def write_block(stream: BinaryIO, array: np.ndarray) -> None:
    """Write an array as :func:`iterate_blocks` reads it."""
    known = _Sink()
    np.lib.format.write_array(known, array, allow_pickle=False)
    stream.write(_HEAD + _seal(known.length, known.checksum))
    np.lib.format.write_array(_Sink(stream), array, allow_pickle=False)


def iterate_blocks(stream: BinaryIO) -> Iterator[tuple[int, np.ndarray]]:
    """Yield where each complete block ends, and its array.

    Stops without an error at one that the end of the file cuts off.

    Raises:
        DamagedBlockError: At a block with other bytes than were written.
    """
    size = stream.seek(0, os.SEEK_END)
    begin = stream.seek(0)
    while begin < size:
        head = stream.read(len(_HEAD))
        numbers = stream.read(_NUMBERS.size)
        if not _HEAD.startswith(head):
            raise _damaged(begin)
        if len(numbers) < _NUMBERS.size:
            return
        length, checksum, _ = _NUMBERS.unpack(numbers)
        if numbers != _seal(length, checksum):
            raise _damaged(begin)
        if length > size - stream.tell():
            return
        data = stream.read(length)
        if zlib.crc32(data) != checksum:
            raise _damaged(begin)
        begin = stream.tell()
        yield (
            begin,
            np.lib.format.read_array(io.BytesIO(data), allow_pickle=False),
        )


def _seal(length: int, checksum: int) -> bytes:
    pair = struct.pack('<2Q', length, checksum)
    return pair + struct.pack('<Q', zlib.crc32(pair))


def _damaged(begin: int) -> DamagedBlockError:
    return DamagedBlockError(
        f'the block at byte {begin} is damaged, or of no file of '
        'RemixRecordHook'
    )
