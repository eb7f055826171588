"""From a data set to jobs, and from packed copies to a new annotation."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmremix.datasets.csv_rows import read_lines
from mmremix.datasets.labels import label_indices
from mmremix.datasets.multimodal_dataset import MultimodalDataset
from mmremix.datasets.packing.job import PackJob
from mmremix.datasets.packing.options import PackOptions
from mmremix.utils.whole_files import csv_bytes, write_whole


def pack_plan(
    dataset: MultimodalDataset,
) -> tuple[list[dict[str, Any]], list[PackJob]]:
    """Rows of a data set, and the job of each.

    Args:
        dataset: Its ``data_prefix['clip']`` is what names are relative to.
            Segments are as it gives them, with its ``margin``.

    Returns:
        Rows and jobs, equally many; rows of one segment share a job.
    """
    root = dataset.data_prefix.get('clip') or dataset.data_root or ''
    rows = [dataset.get_data_info(i) for i in range(len(dataset))]
    jobs = [
        PackJob(
            clip=row['clip'],
            audio=row.get('audio'),
            start=row.get('start'),
            end=row.get('end'),
            root=root,
        )
        for row in rows
    ]
    return rows, jobs


def write_annotation(
    path: str,
    dataset: MultimodalDataset,
    options: PackOptions,
    folder: str,
    broken: Collection[PackJob] = (),
    column: str = 'clip',
) -> int:
    """Write the annotation of the packed copies.

    All columns of the original stay, under their names. The clip becomes the
    packed file, the sound a part of it. Array files keep the times of their
    clips; an ``.mp4`` copy starts at 0, so its segment is moved. With
    ``column='audio'`` the clip stays and its sound becomes the packed file.

    Args:
        path: CSV file to write; replaced when it is complete.
        dataset: What was packed.
        options: How.
        folder: Folder of the copies, relative to that of the annotation.
        broken: Jobs to leave out.
        column: ``'clip'`` or ``'audio'``, what the packed files replace.

    Returns:
        Number of rows.

    Raises:
        ValueError: See :func:`check_column`.
    """
    check_column(column, options)
    rows, jobs = pack_plan(dataset)
    columns = getattr(dataset, 'columns', {'clip': 'clip', 'label': 'label'})
    source = getattr(dataset, 'ann_file', '')
    originals = _original_rows(source, columns) if source else {}
    classes: Sequence[str] = dataset.metainfo.get('classes', ())
    written = []
    for row, job in zip(rows, jobs, strict=True):
        if job in broken:
            continue
        label = row['label']
        new = dict(originals.get(row.get('row', -1), {}))
        if isinstance(label, np.ndarray):
            separator = getattr(dataset, 'label_separator', None) or ';'
            name = separator.join(classes[i] for i in label_indices(label))
        else:
            name = classes[label] if classes else str(label)
        new.setdefault(columns['label'], name)
        packed = Path(folder, job.name).as_posix() + options.suffix
        audio = columns.get('audio', 'audio')
        if column == 'audio':
            new.setdefault(
                columns['clip'], os.path.relpath(job.clip, job.root)
            )
            new[audio] = packed
        else:
            new[columns['clip']] = packed
            if audio in new:
                new[audio] = ''
        for key in ('start', 'end'):
            name = columns.get(key, key)
            if key in row and not new.get(name):
                new[name] = repr(row[key])
            if options.format == 'clip' and key in row:
                seconds = float(new[name]) - (job.start or 0.0)
                new[name] = f'{seconds:.6f}'
        written.append(new)
    names = dict.fromkeys(
        [columns['clip'], columns['label']]
        if not originals
        else next(iter(originals.values()))
    )
    names.update(dict.fromkeys(name for new in written for name in new))
    write_whole(path, csv_bytes(list(names), written))
    return len(written)


def check_column(column: str, options: PackOptions) -> None:
    """Refuse copies that cannot stand in a column.

    Raises:
        ValueError: If other than arrays of sound alone are to replace the
            sound.
    """
    if column == 'audio' and (
        options.format != 'array' or tuple(options.modalities) != ('audio',)
    ):
        raise ValueError(
            'Only arrays of the sound can stand for the sound. Write: '
            '--column audio --format array --modalities audio'
        )


def _original_rows(
    path: str, columns: Mapping[str, str]
) -> dict[int, dict[str, Any]]:
    """Rows of a CSV by the number of their last line, as ``read_csv``."""
    return {
        line: {k: v for k, v in row.items() if k is not None}
        for line, row in read_lines(Path(path), columns, None)
    }
