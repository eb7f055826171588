"""What is to be packed of a data set, and what is written of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from mmremix.datasets.multimodal_dataset import MultimodalDataset
from mmremix.datasets.packing import table_annotation as tables
from mmremix.datasets.packing.annotation import pack_plan, write_annotation
from mmremix.datasets.packing.options import PackOptions
from mmremix.datasets.packing.packer import Job
from mmremix.datasets.packing.table_job import (
    check_table_options,
    table_plan,
)
from mmremix.datasets.table_dataset import TableDataset


class ClipPlan:
    """Of clips: a copy of each segment.

    Args:
        dataset: The clips.
        options: How to pack them.
        column: What the copies replace.
    """

    ending = '.csv'

    def __init__(
        self, dataset: MultimodalDataset, options: PackOptions, column: str
    ) -> None:
        self._dataset, self._options = dataset, options
        self._column = column
        jobs = pack_plan(dataset)[1]
        self.num_rows = len(jobs)
        self._root = jobs[0].root
        self.jobs: list[Job] = list(dict.fromkeys(jobs))

    def write(self, path: str, folder: str, broken: Mapping[Any, str]) -> int:
        """Write the annotation; returns its number of rows."""
        return write_annotation(
            *(path, self._dataset, self._options, folder, broken),
            self._column,
        )

    def lines(self, out: str, name: str) -> str:
        """What to set in the data set of the config."""
        lines = [f"data_root='{out}', ann_file='{name}'"]
        suffix = ''
        if self._column == 'audio':
            clips = os.path.abspath(self._root)
            lines.append(f"data_prefix=dict(clip='{clips}', audio='')")
            suffix = getattr(self._dataset, 'clip_suffix', '')
        else:
            lines.append("data_prefix=dict(clip='', audio='')")
        lines.append(f'clip_suffix={suffix!r}')
        # A class of a corpus may know them of its own files only.
        columns = getattr(self._dataset, 'columns', {})
        named = {k: v for k, v in columns.items() if k != v}
        if named:
            lines.append(f'columns={named}')
        return '\n'.join(f'    {line},' for line in lines)


class TablePlan:
    """Of a table: a copy of what each cell names.

    Args:
        dataset: The table.
        options: How to pack its clips.
        column: Of the command; ``'clip'``.

    Raises:
        ConfigError: On what cannot be packed, or options of clips.
    """

    def __init__(
        self, dataset: TableDataset, options: PackOptions, column: str
    ) -> None:
        check_table_options(options, column)
        self._dataset = dataset
        self._cells = tables.original_cells(dataset)
        self._rows, jobs = table_plan(dataset, self._cells)
        self.jobs: list[Job] = list(jobs)
        self.num_rows = len(self._rows)
        self.ending = tables.table_ending(dataset)

    def write(self, path: str, folder: str, broken: Mapping[Any, str]) -> int:
        """Write the table; returns its number of rows."""
        return tables.write_table(
            path, self._dataset, self._rows, self._cells, folder, broken
        )

    def lines(self, out: str, name: str) -> str:
        """What to set in the data set of the config."""
        return tables.lines_to_write(self._dataset, out, name)
