"""Arrays of an ``.npz`` file, read without unpickling and without copies."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from mmremix.datasets.csv_rows import (
    AnnotationError,
    MissingAnnotationError,
)
from mmremix.utils.archives import excess

_LOCAL_HEADER = 30  # bytes of a zip entry, before its name


class _Entry(NamedTuple):
    """An array as the archive and its own header describe it."""

    info: zipfile.ZipInfo
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    header: int  # bytes before the numbers


class ArrayFile:
    """The arrays of an ``.npz`` file, by name.

    An array that is stored as it is (``numpy.savez``) is mapped into memory:
    opening costs nothing, and all processes share the pages. A compressed
    one (``numpy.savez_compressed``) is unpacked once, when it is asked for,
    and shared with processes that are forked later. All arrays are
    read-only. A pickled copy opens the file anew.

    Args:
        path: The file.

    Raises:
        AnnotationError: If it is missing, damaged or no ``.npz`` file, or
            would unpack to far more than it holds.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._open: dict[str, np.ndarray] = {}
        if not self.path.is_file():
            raise MissingAnnotationError(
                f'No file {path}. Check data_root and ann_file. The data '
                'sets of configs/ are made by tools/data/prepare_*.py, and '
                'take data_root from an environment variable.'
            )
        try:
            problem = excess(self.path)
            self._entries = dict(_entries(self.path))
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise AnnotationError(
                f'{path}: no readable .npz file ({error}). Write it with '
                'numpy.savez(path, label=..., a=..., b=...)'
            ) from error
        if problem:
            raise AnnotationError(
                f'{path} is not read: {problem}. Write it without '
                'compression: numpy.savez(path, ...)'
            )

    @property
    def names(self) -> list[str]:
        """Names of the arrays, in the order of the file."""
        return list(self._entries)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of an array; nothing is read."""
        return self._entry(name).shape

    def dtype(self, name: str) -> np.dtype[Any]:
        """Type of the numbers of an array; nothing is read."""
        return self._entry(name).dtype

    def checksum(self, name: str) -> int:
        """CRC-32 of an array, from the directory; nothing is read."""
        return self._entry(name).info.CRC

    def __getitem__(self, name: str) -> np.ndarray:
        """An array, read-only.

        Raises:
            AnnotationError: If there is none of that name, or if it holds
                Python objects, which are never unpickled.
        """
        if name not in self._open:
            self._open[name] = self._read(self._entry(name), name)
        return self._open[name]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, '_open': {}}

    def _entry(self, name: str) -> _Entry:
        if name not in self._entries:
            raise AnnotationError(
                f'{self.path}: no array {name!r}. There are: '
                + ', '.join(f'{n} {e.shape}' for n, e in self._entries.items())
            )
        return self._entries[name]

    def _read(self, entry: _Entry, name: str) -> np.ndarray:
        dtype = entry.dtype
        if dtype.hasobject or dtype.names is not None:
            raise AnnotationError(
                f'{self.path}: the array {name!r} is of type {dtype}. Python '
                'objects are never unpickled, and structured arrays not '
                'read. Write numbers or text: numpy.asarray(values, '
                "dtype='float32') or dtype='U'; rows of several lengths in "
                f"one padded array, with their lengths as '{name}_length'"
            )
        try:
            if entry.info.compress_type == zipfile.ZIP_STORED:
                array = self._map(entry)
            else:
                array = self._unpack(entry)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise AnnotationError(
                f'{self.path}: the array {name!r} cannot be read ({error}). '
                'Write the file anew.'
            ) from error
        if not dtype.isnative:
            array = array.astype(dtype.newbyteorder('='))
        array.flags.writeable = False
        return array

    def _map(self, entry: _Entry) -> np.ndarray:
        if 0 in entry.shape:
            return np.zeros(entry.shape, entry.dtype)
        with self.path.open('rb') as file:
            start = _data_offset(file, entry.info) + entry.header
        # As plain arrays, whose rows are cheaper than those of a memmap.
        return np.asarray(
            np.memmap(
                self.path,
                entry.dtype,
                'r',
                start,
                entry.shape,
                'F' if entry.fortran else 'C',
            )
        )

    def _unpack(self, entry: _Entry) -> np.ndarray:
        with (
            zipfile.ZipFile(self.path) as archive,
            archive.open(entry.info) as file,
        ):
            return np.asarray(npy.read_array(file, allow_pickle=False))


def _entries(path: Path) -> Iterator[tuple[str, _Entry]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.filename.endswith('.npy'):
                continue
            with archive.open(info) as file:
                version = npy.read_magic(file)
                read = {
                    (1, 0): npy.read_array_header_1_0,
                    (2, 0): npy.read_array_header_2_0,
                }.get(version)
                if read is None:
                    raise ValueError(
                        f'{info.filename} has the version {version}'
                    )
                shape, fortran, dtype = read(file)
                entry = _Entry(info, dtype, shape, fortran, file.tell())
                numbers = int(np.prod(shape, dtype=object)) * dtype.itemsize
                held = info.file_size - entry.header
                if numbers != held and not dtype.hasobject:
                    raise ValueError(
                        f'{info.filename} says {numbers} bytes, holds {held}'
                    )
            yield info.filename.removesuffix('.npy'), entry


def _data_offset(file: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Where the content of an entry begins, behind its local header."""
    file.seek(info.header_offset)
    header = file.read(_LOCAL_HEADER)
    if header[:4] != b'PK\x03\x04':
        raise ValueError('its local header is damaged')
    name, extra = struct.unpack('<HH', header[26:30])
    return info.header_offset + _LOCAL_HEADER + int(name) + int(extra)
