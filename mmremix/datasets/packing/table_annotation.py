"""The table of packed copies."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmremix.datasets.media.packed_file import PACKED_SUFFIX
from mmremix.datasets.packing.table_job import TableJob
from mmremix.datasets.table_rows import JSON_LINES, read_table
from mmremix.utils.errors import ConfigError
from mmremix.utils.whole_files import csv_bytes, write_whole

if TYPE_CHECKING:
    from mmremix.datasets.table_dataset import TableDataset


def original_cells(dataset: TableDataset) -> dict[int, Mapping[Any, Any]]:
    """Cells of the rows of a table, by number; none of folders.

    Raises:
        ConfigError: For a saved data set of Hugging Face.
    """
    source = dataset.ann_file
    if not source:
        return {}
    if os.path.isdir(source):
        raise ConfigError(
            f'{source} is a saved data set of Hugging Face, whose rows are '
            'mapped from one file already. Pack a CSV or JSON-lines.'
        )
    return {raw.place: raw.cells for raw in read_table(source, [], {})}


def table_ending(dataset: TableDataset) -> str:
    """Of the new table: that of the old one, of folders ``.csv``."""
    lines = dataset.ann_file.lower().endswith(JSON_LINES)
    return '.jsonl' if lines else '.csv'


def write_table(
    path: str,
    dataset: TableDataset,
    rows: list[dict[str, TableJob]],
    originals: Mapping[int, Mapping[Any, Any]],
    folder: str,
    broken: Collection[TableJob] = (),
) -> int:
    """Write the table of the packed copies, of the same kind.

    All columns stay; a cell that names a file names its copy.

    Args:
        path: File to write; replaced when it is complete.
        dataset: What was packed.
        rows: The jobs of each row, see :func:`table_plan`.
        originals: See :func:`original_cells`.
        folder: Folder of the copies, relative to that of the table.
        broken: Jobs whose rows to leave out.

    Returns:
        Number of rows.
    """
    written: list[dict[str, Any]] = []
    for index, jobs in enumerate(rows):
        if any(job in broken for job in jobs.values()):
            continue
        info = dataset.get_data_info(index)
        if dataset.ann_file:
            new = dict(originals[info['row']])
        else:
            new = {
                'label': dataset.metainfo['classes'][info['label']],
                **dict.fromkeys(dataset.modalities, ''),
            }
        for name, job in jobs.items():
            (column,) = (
                dataset.readers[name].columns if dataset.ann_file else (name,)
            )
            new[column] = Path(folder, job.name).as_posix() + PACKED_SUFFIX
        written.append(new)
    if path.endswith('.jsonl'):
        lines = [json.dumps(new, ensure_ascii=False) for new in written]
        write_whole(Path(path), ('\n'.join(lines) + '\n').encode())
    else:
        names = dict.fromkeys(name for new in written for name in new)
        write_whole(Path(path), csv_bytes(list(names), written))
    return len(written)


def lines_to_write(dataset: TableDataset, out: str, name: str) -> str:
    """What to set in the data set of the config."""
    text = f"    data_root='{out}', ann_file='{name}',"
    changes = {}
    for modality in dataset.readers.values():
        if not modality.reader.names_file:
            continue
        if modality.file is not None:
            changes[modality.name] = 'file=None'
        elif modality.prefix or modality.suffix:
            changes[modality.name] = "prefix='', suffix=''"
    if changes:
        inner = ', '.join(f'{n}=dict({what})' for n, what in changes.items())
        text += f'\n    modalities=dict({inner}),'
    return text
