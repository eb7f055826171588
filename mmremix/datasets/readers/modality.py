"""One modality of a table: where it stands, how it is read and fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from mmremix.datasets.lazy_cell import LazyCell
from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.media.packed_file import PACKED_SUFFIX
from mmremix.datasets.media.packed_value import packed_shape, packed_value
from mmremix.datasets.paths import media_path
from mmremix.datasets.readers.base import (
    Reader,
    build_reader,
    check_numbers,
)
from mmremix.datasets.transforms.fix_length import CROPS, PADS, fit_length
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded

_OWN = (
    *('reader', 'column', 'file', 'prefix', 'suffix', 'length', 'crop'),
    *('pad', 'flatten', 'transforms', 'output', 'length_column'),
)


class Modality:
    """What a config says of one modality of a table.

    Args:
        name: Of the modality.
        cfg: ``reader`` and its arguments, and, all optional: ``column`` (or a
            list; defaults to the name), ``file`` (in a folder of samples),
            ``prefix`` and ``suffix`` of file names, ``length`` of dimension 0
            (a number, or ``None`` to keep it and pad each batch), ``crop``
            (``'random'``, ``'middle'`` or ``'start'``; at random in training
            only), ``pad`` (``'zero'`` after the end, or ``'repeat'``),
            ``flatten`` (one dimension of all but the first),
            ``transforms`` and ``output``, the key that they leave it at;
            with ``length=None`` also ``length_column``, where the steps of
            the samples stand, for ``RemixSampler(bucket=...)``.

    Raises:
        ConfigError: On what cannot be.
    """

    def __init__(self, name: str, cfg: Mapping[str, Any]) -> None:
        if not isinstance(cfg, Mapping) or 'reader' not in cfg:
            raise ConfigError(
                f'modalities: {name!r} needs a reader, got {cfg!r}. Write: '
                f"modalities=dict({name}=dict(reader='npy', "
                f'column={name!r}))'
            )
        own = {key: cfg[key] for key in _OWN if key in cfg}
        options = {k: v for k, v in cfg.items() if k not in _OWN}
        self.name = name
        self.reader: Reader = build_reader(name, cfg['reader'], options)
        _check_kinds(name, own)
        column = own.get('column', name)
        self.columns = (column,) if isinstance(column, str) else tuple(column)
        self.file = own.get('file')
        self.prefix = own.get('prefix', '')
        self.suffix = own.get('suffix', '')
        self.fits = 'length' in own
        self.length = own.get('length')
        self.crop = own.get('crop', 'random')
        self.pad = own.get('pad', 'zero')
        self.flatten = bool(own.get('flatten', False))
        self.transforms = tuple(own.get('transforms', ()))
        self.output = own.get('output', 'value')
        self.length_column: str | None = own.get('length_column')
        self.width: tuple[Any, ...] | None = None
        """Shape of a sample (without dimension 0 if that is fitted), of the
        first one, which the others must have."""
        self.first = ''
        self._check(own)

    def _check(self, own: Mapping[str, Any]) -> None:
        for key, value, choices in (
            ('crop', self.crop, CROPS),
            ('pad', self.pad, PADS),
        ):
            if value not in choices:
                raise ConfigError(
                    f'modalities: {self.name!r} has {key}={value!r}, choose '
                    f'from {choices}. Write: {key}={choices[0]!r}'
                )
        whole = isinstance(self.length, int) and self.length >= 1
        if self.fits and self.length is not None and not whole:
            raise ConfigError(
                f'modalities: {self.name!r} has length={self.length!r}. '
                'Write a whole number, length=128, or length=None to keep '
                'lengths as they are'
            )
        if self.length_column is not None and not self.varies:
            raise ConfigError(
                f'modalities: {self.name!r} has length_column='
                f'{self.length_column!r}, which is of sequences that keep '
                'their length. Write with it: length=None'
            )
        if self.length is None and not {'crop', 'pad'}.isdisjoint(own):
            raise ConfigError(
                f'modalities: {self.name!r} has crop or pad without a '
                'length. Write: length=128'
            )
        if self.varies and self.transforms:
            raise ConfigError(
                f'modalities: {self.name!r} has transforms and length=None; '
                'they would get sequences that are not yet of one length. '
                'Write length=128, or leave the transforms out'
            )
        if self.transforms and self.output == 'value' and 'output' not in own:
            raise ConfigError(
                f'modalities: {self.name!r} has transforms; say which key '
                "they leave the input at: output='spectrogram'"
            )
        several = len(self.columns) > 1 and not self.reader.several
        if not self.columns or several:
            raise ConfigError(
                f'modalities: {self.name!r} has column={self.columns}, its '
                f'reader reads one. Write: column={self.name!r}'
            )
        if self.file is not None and not self.reader.names_file:
            raise ConfigError(
                f'modalities: {self.name!r} has file={self.file!r}, and its '
                "reader reads no file. Write: reader='npy'"
            )

    @property
    def varies(self) -> bool:
        """Whether samples keep their length."""
        return self.fits and self.length is None

    def steps(self, cell: Any) -> int:
        """The length of a sample, where that :attr:`varies`.

        Raises:
            BrokenMediaError: If it cannot be read.
        """
        if self._is_packed(cell):
            return packed_shape(cell, self.name)[0]
        if isinstance(cell, LazyCell):
            return len(np.atleast_1d(self._read(cell)))
        return self.reader.length(cell)

    def parse_steps(self, raw: Mapping[Any, Any]) -> int | None:
        """What the ``length_column`` of a row says; None without one.

        Raises:
            ValueError: If that is no whole number from 1.
        """
        if self.length_column is None:
            return None
        text = str(raw.get(self.length_column) or '').strip()
        if not text.isdecimal() or int(text) < 1:
            raise ValueError(
                f'{self.length_column!r} must be the steps of {self.name}, a '
                f'whole number from 1, got {text!r}'
            )
        return int(text)

    def parse(self, raw: Mapping[Any, Any]) -> Any:
        """What a row holds of it; ``None`` if its cells are empty.

        Raises:
            ValueError: Naming the column, and what is wrong.
        """
        cells = [raw.get(column) for column in self.columns]
        empty = [
            cell is None or (isinstance(cell, str) and not cell.strip())
            for cell in cells
        ]
        if all(empty):
            return None
        if any(empty):
            gaps = [c for c, e in zip(self.columns, empty, strict=True) if e]
            raise ValueError(
                f'{self.name}: {gaps} is empty and the other columns are not'
            )
        if any(isinstance(cell, LazyCell) for cell in cells):
            if len(cells) > 1:
                raise ValueError(
                    f'{self.name}: lists in several columns; name one column'
                )
            return cells[0]
        try:
            return self.reader.parse(cells)
        except ValueError as error:
            raise ValueError(f'{self.columns[0]!r}: {error}') from error

    def path(self, root: str, cell: str) -> str:
        """Path of a cell's file."""
        folder = media_path(root, self.prefix) if self.prefix else root
        return media_path(folder, cell, self.suffix)

    def load(self, cell: Any) -> np.ndarray:
        """Read a sample, check its shape, and crop or pad it.

        Raises:
            BrokenMediaError: If it cannot be read, or is of another width
                than the first sample.
        """
        value = self._read(cell)
        width = value.shape[1:] if self.fits else value.shape
        if self.width is None:
            self.width, self.first = width, describe(cell)
        elif width != self.width and not self.transforms:
            raise BrokenMediaError.of(
                describe(cell),
                f'{self.name} has the shape {value.shape}, the first sample '
                f'({self.first}) has {self._shape_of_first()}',
                self._hint(value.shape),
            )
        if (self.fits or self.flatten) and not value.ndim:
            raise BrokenMediaError.of(
                describe(cell), 'one number, which has no length'
            )
        if self.flatten:
            value = value.reshape(len(value), -1)
        return value if self.length is None else self._fit(value)

    def _is_packed(self, cell: Any) -> bool:
        """Whether the cell names a packed file that its reader cannot open."""
        return (
            self.reader.names_file
            and not self.reader.reads_packed
            and isinstance(cell, str)
            and cell.endswith(PACKED_SUFFIX)
        )

    def _read(self, cell: Any) -> np.ndarray:
        if self._is_packed(cell):
            return packed_value(cell, self.name)
        if not isinstance(cell, LazyCell):
            return self.reader.read(cell)
        found = cell.value()
        if isinstance(found, np.ndarray):
            return check_numbers(found, repr(cell))
        try:
            if not isinstance(found, bytes):
                found = self.reader.parse([found])
            return self.reader.read(found)
        except ValueError as error:
            raise BrokenMediaError.of(repr(cell), str(error)) from error

    def _shape_of_first(self) -> str:
        width = self.width or ()
        parts = ('any', *width) if self.fits else width
        return f'({", ".join(map(str, parts))})'

    def _hint(self, shape: tuple[int, ...]) -> str:
        if not self.fits and shape[1:] == (self.width or ())[1:]:
            return (
                'To crop or pad all to one length, write: '
                f'modalities=dict({self.name}=dict(length={shape[0]})). To '
                'keep their lengths: length=None'
            )
        return 'All samples must be of one width; mend the file.'

    def _fit(self, value: np.ndarray) -> np.ndarray:
        """Crop or pad dimension 0 to the length."""
        assert self.length is not None
        # What is evaluated is the same at every time.
        random = self.crop == 'random' and not self.reader.training
        crop = 'middle' if random else self.crop
        return fit_length(value, self.length, crop, self.pad)

    def keys(self, value: np.ndarray) -> dict[str, Any]:
        """What its transforms find: ``value``, and what fits the reader."""
        if self.varies:
            tensor = torch.from_numpy(np.ascontiguousarray(value))
            return {'value': Padded.whole(tensor)}
        return {'value': value, **self.reader.keys(value)}


def _check_kinds(name: str, own: Mapping[str, Any]) -> None:
    """Refuse options of another type than theirs."""

    def texts(value: Any) -> bool:
        return isinstance(value, list | tuple) and all(
            isinstance(part, str) for part in value
        )

    def configs(value: Any) -> bool:
        return isinstance(value, list | tuple) and all(
            isinstance(part, Mapping) or callable(part) for part in value
        )

    for key, fits, wanted in (
        ('column', texts, repr(name)),
        ('file', None, "'depth.npy'"),
        ('prefix', None, "'depth'"),
        ('suffix', None, "'.npy'"),
        ('output', None, "'value'"),
        ('length_column', None, "'frames'"),
        ('transforms', configs, "[dict(type='LogSTFT')]"),
    ):
        value = own.get(key, '')
        empty = value is None and key in ('file', 'length_column')
        is_text = isinstance(value, str) and (
            key not in own or key != 'transforms'
        )
        if not (empty or is_text or (fits is not None and fits(value))):
            raise ConfigError(
                f'modalities: {name!r} has {key}={value!r}. Write: '
                f'{key}={wanted}'
            )
    if not isinstance(own.get('flatten', False), bool):
        raise ConfigError(
            f'modalities: {name!r} has flatten={own["flatten"]!r}. Write: '
            'flatten=True'
        )


def build_modalities(
    cfgs: Mapping[str, Mapping[str, Any] | None], training: bool
) -> dict[str, Modality]:
    """Build those that are not ``None``."""
    built = {}
    for name, cfg in cfgs.items():
        if cfg is not None:
            built[name] = Modality(name, cfg)
            built[name].reader.training = training
    return built


def default_pipeline(
    modalities: Sequence[Modality],
) -> list[dict[str, Any]]:
    """Read, crop or pad, transform and pack each modality."""
    return [
        *(
            {
                'type': 'ForModality',
                'modality': modality.name,
                'output': modality.output,
                'transforms': [
                    {'type': 'LoadModality', 'modality': modality.name},
                    *modality.transforms,
                ],
            }
            for modality in modalities
        ),
        {'type': 'PackAVInputs'},
    ]


def describe(cell: Any) -> str:
    """A cell, for a message."""
    text = cell if isinstance(cell, str) else repr(cell)
    return text if len(text) <= 200 else f'{text[:197]}...'
