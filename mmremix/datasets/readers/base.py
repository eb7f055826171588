"""What reads one modality of a sample."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from mmremix.datasets.media import BrokenMediaError
from mmremix.registry import READERS
from mmremix.utils.errors import ConfigError

_LISTED = 5


class Reader:
    """From the cells of a table to an array, of one modality.

    Derive from it, implement :meth:`read`, and register it under a name::

        @READERS.register_module('mat')
        class MatReader(Reader):
            def __init__(self, key='data'):
                self.key = key

            def read(self, cell):
                return check_numbers(loadmat(cell)[self.key], cell)

        modalities = dict(emg=dict(reader='mat', column='emg', key='x'))
    """

    names_file: ClassVar[bool] = True
    """Whether the cell names a file, which must exist; the reader then gets
    its path. Else it gets what :meth:`parse` made of the cell."""

    reads_packed: ClassVar[bool] = False
    """Whether it opens packed clips itself; of others, what they gave before
    is in the packed file of a table."""

    several: ClassVar[bool] = False
    """Whether it may read several columns at once."""

    training = True
    """Whether to augment by choosing at random; the data set sets it."""

    def parse(self, cells: Sequence[Any]) -> Any:
        """Check the cells of a row, at the start.

        Args:
            cells: Text, or what JSON holds, of each column; none is empty.

        Returns:
            What :meth:`read` gets, plain and small: it stays in memory.

        Raises:
            ValueError: Saying what is wrong; the data set adds file and line.
        """
        (cell,) = cells
        if self.names_file and not isinstance(cell, str):
            raise ValueError(
                f'{type(self).__name__} reads a file, whose name is text, '
                f'got {_short(cell)}'
            )
        return cell

    @abstractmethod
    def read(self, cell: Any) -> np.ndarray:
        """Read one sample's modality.

        Args:
            cell: Path of the file, or what :meth:`parse` gave.

        Returns:
            Numbers; dimension 0 is time where there is one.

        Raises:
            BrokenMediaError: If it cannot be read.
        """
        raise NotImplementedError

    def length(self, cell: Any) -> int:
        """Steps of a sample, dimension 0 of what :meth:`read` gives.

        Override it where that is known without reading all of it.

        Raises:
            BrokenMediaError: If it cannot be read.
        """
        return len(np.atleast_1d(self.read(cell)))

    def keys(self, value: np.ndarray) -> dict[str, Any]:
        """What transforms of the modality need beside ``value``."""
        return {}


def build_reader(modality: str, name: Any, options: dict[str, Any]) -> Reader:
    """Build a reader of a config.

    Args:
        modality: For errors.
        name: What it is registered as.
        options: Its arguments.

    Raises:
        ConfigError: On an unknown name or argument.
    """
    kind = READERS.get(name) if isinstance(name, str) else name
    if kind is None:
        raise ConfigError(
            f'modalities: {modality!r} has reader={name!r}, known are '
            f'{sorted(READERS.module_dict)}. Write: modalities=dict('
            f"{modality}=dict(reader='npy', column={modality!r}))"
        )
    try:
        reader: Reader = kind(**options)
    except TypeError as error:
        raise ConfigError(
            f'modalities: {modality!r}: the reader {name!r} cannot be made '
            f'with {options}: {error}. Of the modality itself are reader, '
            'column, file, prefix, suffix, length, length_column, crop, pad, '
            'flatten, transforms and output.'
        ) from error
    return reader


def check_numbers(array: Any, path: str) -> np.ndarray:
    """An array of finite numbers, floating point as float32.

    Raises:
        BrokenMediaError: On another type, no values, NaN and infinity.
    """
    array = np.asarray(array)
    if array.dtype.kind not in 'fiub':
        raise BrokenMediaError.of(
            path,
            f'numbers are needed, this array of shape {array.shape} is of '
            f'type {array.dtype}',
            'Objects are never unpickled. Save numbers: '
            "numpy.save(path, array.astype('float32'))",
        )
    if not array.size:
        raise BrokenMediaError.of(
            path,
            f'an array without values, of shape {array.shape}',
            'Leave the cell empty if the sample lacks the modality, and '
            "write: missing='allow'",
        )
    if array.dtype.kind in 'iu':
        return np.array(array)
    with np.errstate(over='ignore'):
        values = np.array(array, dtype=np.float32)
    bad = ~np.isfinite(values)
    if bad.any():
        rows = np.unique(np.nonzero(bad)[0]) if bad.ndim else [0]
        listed = ', '.join(map(str, rows[:_LISTED]))
        more = f' and {len(rows) - _LISTED} more' * (len(rows) > _LISTED)
        raise BrokenMediaError.of(
            path,
            f'{int(bad.sum())} of {values.size} values are NaN or infinite, '
            f'in row {listed}{more} of the array',
            'Mend the file, or leave its cell empty and write: '
            "missing='allow'",
        )
    return values


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'
