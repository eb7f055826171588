"""Rows of named arrays in memory-mapped files."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np

_LABEL = 'owner.txt'
_MARK = 1 << 32


class Column(NamedTuple):
    """One array of a row: number format and shape."""

    dtype: np.dtype
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Size of one row."""
        return self.dtype.itemsize * int(np.prod(self.shape))


class RowStore:
    """One file a column, and a checksum for every row of it.

    Rows can be written in any order, by several processes as long as no two
    write the same one. A row that a killed process left half-written does
    not match its checksum and counts as missing.

    Each new store begins without rows; its copies in other processes, made
    by pickling or forking, share its files.

    Args:
        directory: Folder of the files. Those of another store are deleted.
        columns: What a row holds; none is empty.
        rows: Number of rows.

    Raises:
        OSError: If the folder holds anything else, or the disk is too small,
            and nothing is left there then; when it is used, if the files are
            no longer there.
    """

    def __init__(
        self, directory: Path, columns: Mapping[str, Column], rows: int
    ) -> None:
        self.directory = directory
        self.columns = dict(columns)
        self.rows = rows
        self._owner = uuid4().hex
        self._files: list[np.memmap] | None = None
        if not (directory / _LABEL).is_file() and directory.is_dir():
            others = os.listdir(directory)
            if others:
                raise OSError(
                    f'{directory} holds other files, such as {others[0]}. '
                    "Name a new one: cache=dict(directory='...')"
                )
        shutil.rmtree(directory, ignore_errors=True)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / _LABEL).write_text(self._owner)
            for path, column in self._layout():
                with path.open('wb') as file:
                    # A full disk is an error here; later it would be a crash.
                    os.posix_fallocate(file.fileno(), 0, column.nbytes * rows)
        except OSError:
            self.remove()
            raise

    def read(self, row: int) -> dict[str, np.ndarray] | None:
        """One row, copied; ``None`` if it is missing."""
        checks, *files = self._open()
        found = {}
        for place, (name, file) in enumerate(
            zip(self.columns, files, strict=True)
        ):
            value = np.array(file[row])
            if int(checks[row, place]) != _check(value):
                return None
            found[name] = value
        return found

    def write(self, row: int, values: Mapping[str, np.ndarray]) -> None:
        """Write one row."""
        checks, *files = self._open()
        for place, (name, file) in enumerate(
            zip(self.columns, files, strict=True)
        ):
            file[row] = values[name]
            checks[row, place] = _check(values[name])

    def remove(self) -> None:
        """Delete the files, if they are not another store's by now."""
        self._files = None
        if self._is_mine():
            shutil.rmtree(self.directory, ignore_errors=True)

    def _is_mine(self) -> bool:
        label = self.directory / _LABEL
        return label.is_file() and label.read_text() == self._owner

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, '_files': None}

    def _layout(self) -> list[tuple[Path, Column]]:
        """The checksums, then the columns by number: they have any name."""
        checks = Column(np.dtype('uint64'), (len(self.columns),))
        return [
            (self.directory / f'{place}.bin', column)
            for place, column in enumerate([checks, *self.columns.values()])
        ]

    def _open(self) -> list[np.memmap]:
        # On first use, so that each worker opens its own.
        if self._files is None:
            if not self._is_mine():
                raise FileNotFoundError(
                    f'The files in {self.directory} are gone, or another run '
                    'has replaced them. Give each run its own: '
                    "cache=dict(directory='...')"
                )
            self._files = [
                np.memmap(
                    path,
                    dtype=column.dtype,
                    mode='r+',
                    shape=(self.rows, *column.shape),
                )
                for path, column in self._layout()
            ]
        return self._files


def _check(value: np.ndarray) -> int:
    """Never zero, which is what an empty file holds."""
    return _MARK | zlib.crc32(np.ascontiguousarray(value).view(np.uint8).data)
