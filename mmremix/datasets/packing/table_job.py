"""Packed copies of what the cells of a table name."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mmremix.datasets.media.packed_value import encode_value
from mmremix.datasets.packing.array_packer import pack_array, write_arrays
from mmremix.datasets.packing.job import PackJob
from mmremix.datasets.packing.options import PackOptions
from mmremix.datasets.readers import SoundReader, VideoReader
from mmremix.datasets.readers.modality import Modality
from mmremix.utils.errors import ConfigError

if TYPE_CHECKING:
    from mmremix.datasets.table_dataset import TableDataset


@dataclass(frozen=True, eq=False)
class TableJob:
    """One packed file: what one cell names, for all modalities that read it.

    Args:
        name: Path of the copy below the output folder, without its ending.
        parts: File and modality, by name. The readers of clips (``video``
            and ``sound``) find frames and samples in it, as in a packed
            clip; for others it holds what the reader gives.
    """

    name: str
    parts: dict[str, tuple[str, Modality]]

    @property
    def sources(self) -> list[str]:
        """Files that the copy is made from."""
        return list(dict.fromkeys(path for path, _ in self.parts.values()))

    def digest(self, options: PackOptions) -> str:
        """Short text that changes with any option or reader."""
        readers = [
            (name, type(m.reader).__name__, _plain(vars(m.reader)))
            for name, (_, m) in sorted(self.parts.items())
        ]
        text = repr((options.digest(), readers))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def write(self, options: PackOptions, target: str) -> None:
        """Read the sources and write the packed file.

        Raises:
            BrokenMediaError: If one cannot be read.
        """
        header: dict[str, Any] = {
            'recipe': self.digest(options),
            'name': self.name,
        }
        arrays: dict[str, Any] = {}
        clip: dict[str, str] = {}
        rate = options.npy_sample_rate
        for name, (path, modality) in self.parts.items():
            reader = modality.reader
            if isinstance(reader, VideoReader):
                clip['video'] = path
            elif isinstance(reader, SoundReader):
                clip['audio'] = path
                rate = reader.npy_sample_rate or rate
            else:
                encode_value(name, reader.read(path), header, arrays)
        if not clip:
            write_arrays(target, header, arrays)
            return
        job = PackJob(clip.get('video') or clip['audio'], clip.get('audio'))
        kept = replace(options, modalities=tuple(clip), npy_sample_rate=rate)
        pack_array(job, kept, target, header, arrays)


def table_plan(
    dataset: TableDataset, originals: Mapping[int, Mapping[Any, Any]]
) -> tuple[list[dict[str, TableJob]], list[TableJob]]:
    """For each row its jobs, by modality; and the jobs, each once.

    Modalities that read the same column of a row share a file; in folders
    all of a sample do.

    Args:
        dataset: The data set.
        originals: Cells of the rows of its table, by number.

    Raises:
        ConfigError: If no modality names a file, or if one reads the name of
            a file as a value.
    """
    names = [
        name
        for name, modality in dataset.readers.items()
        if modality.reader.names_file
    ]
    _check_columns(dataset)
    jobs: dict[str, TableJob] = {}
    rows = []
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        found: dict[str, TableJob] = {}
        for name in names:
            cell = info['cells'].get(name)
            if not isinstance(cell, str):
                continue
            place = _place(dataset, info, name, originals)
            job = jobs.setdefault(place, TableJob(place, {}))
            job.parts[name] = (cell, dataset.readers[name])
            found[name] = job
        rows.append(found)
    if not jobs:
        raise ConfigError(
            f'{dataset.ann_file or dataset.data_root}: no modality names a '
            'file, so there is nothing to pack: values that stand in a table '
            'and rows of a saved data set are read as they are.'
        )
    return rows, list(jobs.values())


def check_table_options(options: PackOptions, column: str) -> None:
    """Refuse options that a table's copies cannot have.

    Raises:
        ConfigError: With what to write.
    """
    for name, value, wanted in (
        ('--format', options.format, 'array'),
        ('--flow', options.flow, None),
        ('--column', column, 'clip'),
    ):
        if value != wanted:
            raise ConfigError(
                f'{name} {value} is of clips, and the config has a '
                'TableDataset, whose readers say what is kept. Leave it out.'
            )


def _check_columns(dataset: TableDataset) -> None:
    files = {
        column
        for modality in dataset.readers.values()
        if modality.reader.names_file
        for column in modality.columns
    }
    for name, modality in dataset.readers.items():
        both = files.intersection(modality.columns)
        if both and not modality.reader.names_file:
            raise ConfigError(
                f'modalities: {name!r} reads the text of {sorted(both)}, '
                'which another modality takes for files; in the packed table '
                'it would be another text. Give it a column of its own.'
            )


def _place(
    dataset: TableDataset,
    info: Mapping[str, Any],
    name: str,
    originals: Mapping[int, Mapping[Any, Any]],
) -> str:
    if not dataset.ann_file:
        return _inside(info['clip'])
    (column,) = dataset.readers[name].columns
    return f'{_inside(column)}/{_inside(originals[info["row"]][column])}'


def _inside(path: str) -> str:
    # Nothing is written outside of the output folder.
    normal = os.path.normpath(path.strip()).replace(os.sep, '/').lstrip('/')
    return normal.replace('../', '__/')


def _plain(options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a reader was made with, but for what it finds out or is told."""
    return sorted(
        (key, value)
        for key, value in options.items()
        if key != 'training' and not key.startswith('_')
    )
