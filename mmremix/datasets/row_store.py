"""Rows of named arrays in memory-mapped files."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_LABEL = 'content.json'
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

    Args:
        directory: Folder of the files.
        columns: What a row holds.
        rows: Number of rows.
        content: What the rows are made from, as plain values. Files that
            were made from the same are used again, others are replaced.

    Raises:
        OSError: If the disk is too small; when it is used, if the files are
            no longer there.
    """

    def __init__(
        self,
        directory: Path,
        columns: Mapping[str, Column],
        rows: int,
        content: Mapping[str, Any],
    ) -> None:
        self.directory = directory
        self.columns = dict(columns)
        self.rows = rows
        self._files: dict[str, np.memmap] | None = None
        self._content = json.dumps(
            [repr(self.columns), rows, dict(content)], sort_keys=True
        )
        if self._is_same():
            return
        self.remove()
        directory.mkdir(parents=True)
        for name, column in self._layout().items():
            with (directory / f'{name}.bin').open('wb') as file:
                # A full disk is an error here; later it would be a crash.
                os.posix_fallocate(file.fileno(), 0, column.nbytes * rows)
        (directory / _LABEL).write_text(self._content)

    def _is_same(self) -> bool:
        """Whether the files are of this content."""
        label = self.directory / _LABEL
        return label.exists() and label.read_text() == self._content

    def read(self, row: int) -> dict[str, np.ndarray] | None:
        """One row, copied; ``None`` if it is missing."""
        files = self._open()
        found = {}
        for place, name in enumerate(self.columns):
            value = np.array(files[name][row])
            if int(files['checks'][row, place]) != _check(value):
                return None
            found[name] = value
        return found

    def write(self, row: int, values: Mapping[str, np.ndarray]) -> None:
        """Write one row."""
        files = self._open()
        for place, name in enumerate(self.columns):
            files[name][row] = values[name]
            files['checks'][row, place] = _check(values[name])

    def remove(self) -> None:
        """Delete the files."""
        self._files = None
        shutil.rmtree(self.directory, ignore_errors=True)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, '_files': None}

    def _layout(self) -> dict[str, Column]:
        checks = Column(np.dtype('uint64'), (len(self.columns),))
        return {**self.columns, 'checks': checks}

    def _open(self) -> dict[str, np.memmap]:
        # On first use, so that each worker opens its own.
        if self._files is None:
            if not self._is_same():
                raise FileNotFoundError(
                    f'The files in {self.directory} are gone, or another run '
                    'has replaced them. Give each run its own: '
                    "cache=dict(directory='...')"
                )
            self._files = {
                name: np.memmap(
                    self.directory / f'{name}.bin',
                    dtype=column.dtype,
                    mode='r+',
                    shape=(self.rows, *column.shape),
                )
                for name, column in self._layout().items()
            }
        return self._files


def _check(value: np.ndarray) -> int:
    """Never zero, which is what an empty file holds."""
    return _MARK | zlib.crc32(np.ascontiguousarray(value).tobytes())
