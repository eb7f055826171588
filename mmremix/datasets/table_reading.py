"""The rows of a :class:`TableDataset`, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmengine.logging import print_log

from mmremix.datasets.annotation import raise_problems
from mmremix.datasets.csv_rows import AnnotationError, RowFilter
from mmremix.datasets.labels import sort_labels
from mmremix.datasets.lazy_cell import LazyCell
from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.readers.modality import describe
from mmremix.datasets.table_rows import (
    RawRow,
    read_sample_folders,
    read_table,
)

if TYPE_CHECKING:
    from mmremix.datasets.table_dataset import TableDataset

ALLOW = "dataset=dict(type='TableDataset', missing='allow', ...)"
_LOOK_AT = 10  # samples, for one that can be read


def read_rows(
    dataset: TableDataset, source: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """Kept rows, and the labels of all.

    Args:
        dataset: Whose options say how.
        source: Table or folder.

    Raises:
        AnnotationError: On rows that cannot be used, with their lines.
    """
    wanted = RowFilter(dataset.filter_cfg)
    rows: list[dict[str, Any]] = []
    labels: set[str] = set()
    problems, gaps = [], []
    for clip, raw in _raw_rows(dataset, source):
        where = f'line {raw.place}' if dataset.ann_file else clip
        try:
            row = _parse(dataset, raw)
        except ValueError as error:
            problems.append(f'{where}: {error}')
            continue
        labels.add(row['label'])
        if not wanted.holds(_as_text(raw.cells)):
            continue
        lacking = [n for n in dataset.modalities if n not in row['cells']]
        if len(lacking) == len(dataset.modalities):
            problems.append(f'{where}: all modalities are empty')
        elif lacking:
            gaps.append(f'{where}: no {", ".join(lacking)}')
        place = {'row': raw.place} if dataset.ann_file else {}
        rows.append({'clip': clip or _name(row), **row, **place})
    raise_problems(source, problems)
    if dataset.missing == 'error':
        raise_problems(
            source,
            gaps,
            'Fill the cells. If samples without a modality are meant, '
            f'write:\n    {ALLOW}',
        )
    elif gaps:
        print_log(
            f'{source}: {len(gaps)} of {len(rows)} samples lack a '
            'modality, and train with those they have',
            'current',
        )
    if not rows:
        raise AnnotationError(
            f'{source}: no rows'
            + (
                f' match filter_cfg={dict(dataset.filter_cfg)}.'
                if dataset.filter_cfg
                else '.'
            )
        )
    return rows, sort_labels(labels)


def _raw_rows(dataset: TableDataset, source: str) -> Any:
    if not dataset.ann_file:
        files = {n: str(m.file) for n, m in dataset.readers.items()}
        return read_sample_folders(source, files)
    needed = [c for m in dataset.readers.values() for c in m.columns]
    needed += [
        m.length_column for m in dataset.readers.values() if m.length_column
    ]
    table = read_table(source, [dataset.label, *needed], dataset.filter_cfg)
    return (('', raw) for raw in table)


def _parse(dataset: TableDataset, raw: RawRow) -> dict[str, Any]:
    """Label, cells that are not empty, and other columns of a row."""
    if raw.problem:
        raise ValueError(raw.problem)
    column = dataset.label if dataset.ann_file else 'label'
    label = raw.cells.get(column)
    separator = dataset.label_separator
    if separator is not None and isinstance(label, list):
        for item in label:
            text = str(item).strip()
            kind = isinstance(item, str | int) and not isinstance(item, bool)
            if not kind or not text or separator in text:
                raise ValueError(
                    f'{column!r} holds {item!r}, which is no class name '
                    f'(without {separator!r})'
                )
        label = separator.join(map(str, label))
    text = '' if label is None else str(label).strip()
    if not text and dataset.no_label == 'allow':
        label = ''
    elif not text or isinstance(label, (bool, float, list, dict)):
        raise ValueError(
            f'empty {column!r}'
            if not text
            else f'{column!r} is a name or an index, got {label!r}'
        )
    cells, read = {}, {column}
    steps: dict[str, int] = {}
    for name, modality in dataset.readers.items():
        if not dataset.ann_file:
            cell = raw.cells.get(name)
        else:
            read.update(modality.columns)
            cell = modality.parse(raw.cells)
        if cell is not None:
            cells[name] = cell
            known = modality.parse_steps(raw.cells)
            if known is not None:
                steps[name] = known
    row: dict[str, Any] = {'label': text, 'cells': cells}
    if steps:
        row['steps'] = steps
    others = {k: v for k, v in raw.cells.items() if k not in read}
    if others and dataset.ann_file:
        row['columns'] = {
            key: '' if value is None else value
            for key, value in others.items()
            if not isinstance(value, LazyCell)
        }
    return row


def look_at_first(
    dataset: TableDataset, source: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Read the first sample of each modality, which tells its width.

    Raises:
        AnnotationError: If no sample has the modality.
        BrokenMediaError: If it cannot be read.
    """
    for name, modality in dataset.readers.items():
        there = [row for row in rows if name in row['cells']]
        if not there:
            raise AnnotationError(
                f'{source}: no sample has {name!r}. Name the column that '
                f"holds it, modalities=dict({name}=dict(column='...')), "
                f'or leave it out: modalities=dict({name}=None)'
            )
        for row in there[:_LOOK_AT]:
            try:
                modality.load(row['cells'][name])
                break
            except BrokenMediaError as error:
                if dataset.on_broken == 'raise':
                    place = row.get('row')
                    raise BrokenMediaError(
                        f'{error}\nThis is {name!r}, '
                        + (f'line {place} of ' if place else 'in ')
                        + f'{source}. To train without samples that '
                        "cannot be read: on_broken='skip' in the data "
                        'set.'
                    ) from error


def _name(row: Mapping[str, Any]) -> str:
    """What to call a sample: the first thing it has."""
    cells = row['cells'].values()
    return describe(next(iter(cells), ''))[:100]


def _as_text(cells: Mapping[Any, Any]) -> dict[Any, Any]:
    """Cells as a CSV would hold them, for the filter."""
    return {
        key: '' if cell is None else str(cell) for key, cell in cells.items()
    }
