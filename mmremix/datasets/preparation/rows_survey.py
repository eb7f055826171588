"""What is in a file of arrays or in a table, to fit a config to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmremix.datasets.array_checks import (
    check_arrays,
    check_finite,
    length_name,
    read_text,
)
from mmremix.datasets.array_dataset import ArrayDataset
from mmremix.datasets.array_file import ArrayFile
from mmremix.datasets.csv_rows import AnnotationError
from mmremix.datasets.preparation.fitting import Fitted, fit, fit_array
from mmremix.datasets.preparation.split_column import read_split
from mmremix.datasets.preparation.table_columns import (
    empty_cells,
    readers_of,
)
from mmremix.datasets.table_dataset import TableDataset
from mmremix.datasets.table_rows import read_table
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded

_GROUPS = ('subject', 'speaker', 'person', 'actor', 'talker', 'group')
_HELD_OUT = 0.2
_STATISTICS = 2000  # rows, for means and deviations


@dataclass
class RowSurvey:
    """What rows are like.

    Attributes:
        dataset: Of the config, without modalities and parts.
        modalities: By name.
        labels: Training samples of each class.
        classes: How many there are in the whole file.
        parts: What the data sets of ``train``, ``val`` and ``test`` add;
            without ``test``, no rows are kept for it.
        held_out: Why ``parts`` are what they are.
        unread: Columns and arrays that are not read, and why.
    """

    dataset: dict[str, Any]
    modalities: dict[str, Fitted]
    labels: Counter[str]
    classes: int
    parts: dict[str, dict[str, Any]]
    held_out: str
    unread: dict[str, str] = field(default_factory=dict)


def survey_arrays(source: str, label: str = 'label') -> RowSurvey:
    """Look at an ``.npz`` file of :class:`ArrayDataset`.

    Args:
        source: The file.
        label: Name of the array of labels.

    Raises:
        AnnotationError: If it cannot be used.
        ConfigError: If there are no two modalities, or rows of several
            lengths.
    """
    file, path = ArrayFile(source), Path(source)
    if label not in file.names:
        raise AnnotationError(no_label(source, label, file.names))
    if len(file.shape(label)) != 1:
        raise ConfigError(
            f'{source}: {label!r} has shape {file.shape(label)}, several '
            'labels a row. docs/data/multi_label.md has a config for that.'
        )
    count = file.shape(label)[0]
    names: list[str] = []
    unread: dict[str, str] = {}
    for name in file.names:
        shape, kind = file.shape(name), file.dtype(name).kind
        if name == label or len(shape) < 2:
            continue
        if shape[0] == count and kind in 'biuf':
            names.append(name)
            continue
        unread[name] = f'{file.dtype(name)} of shape {shape}'
        if shape[0] != count:
            unread[name] += f', and {label!r} has {count} rows'
    _refuse_alone(source, names, unread)
    check_arrays(file, {name: name for name in names}, label)
    rows = np.arange(count)
    fitted: dict[str, Fitted] = {}
    for name in names:
        check_finite(file, name, rows)
        _refuse_lengths(file, name)
        some = file[name][:: max(count // _STATISTICS, 1)]
        fitted[name] = fit_array(name, some)
    columns = {
        name: [str(x) for x in read_text(file, name)]
        for name in file.names
        if file.shape(name) == (count,) and name != label
    }
    place: dict[str, Any] = {
        'data_root': str(path.parent),
        'ann_file': path.name,
    }
    if label != 'label':
        place['label'] = label
    labels = [str(x) for x in read_text(file, label)]
    data = ArrayDataset(**place, modalities=names, check_values=False)
    return _survey(
        {'type': 'ArrayDataset', **place},
        *(fitted, labels, columns, unread),
        len(data.metainfo['classes']),
    )


def survey_table(
    source: str, label: str = 'label', look_at: int = 500
) -> RowSurvey:
    """Look at a CSV or JSON-lines of :class:`TableDataset`.

    Args:
        source: The file. Names in it are relative to its folder.
        label: Column of the labels.
        look_at: How many samples to read, at most.

    Raises:
        AnnotationError: If it cannot be used, or a sample cannot be read.
        ConfigError: If there are no two modalities.
    """
    path = Path(source)
    rows = list(read_table(source, [], None))
    if not rows:
        raise AnnotationError(f'{source} has no rows.')
    there = dict.fromkeys(str(name) for row in rows for name in row.cells)
    if label not in there:
        raise AnnotationError(no_label(source, label, list(there)))
    columns: dict[str, list[Any]] = {
        str(name): [row.cells.get(name) for row in rows]
        for name in rows[0].cells
        if name not in (label, None)
    }
    readers, unread = readers_of(columns, path.parent)
    _refuse_alone(source, list(readers), unread)
    dataset: dict[str, Any] = {
        'data_root': str(path.parent),
        'ann_file': path.name,
    }
    if label != 'label':
        dataset['label'] = label
    if empty_cells(columns, readers):
        dataset['missing'] = 'allow'
    data = TableDataset(modalities=readers, **dataset)
    step = max(len(data) // look_at, 1)
    samples: dict[str, list[np.ndarray]] = {name: [] for name in readers}
    for index in range(0, len(data), step):
        for name, value in data[index]['inputs'].items():
            # Without a length, a modality keeps that of each sample.
            whole = value.values if isinstance(value, Padded) else value
            samples[name].append(np.asarray(whole))
    fitted = {
        name: fit(name, readers[name], samples[name]) for name in readers
    }
    labels = [str(row.cells.get(label)) for row in rows]
    text = {
        name: [str(cell) for cell in cells]
        for name, cells in columns.items()
        if name in unread
    }
    return _survey(
        {'type': 'TableDataset', **dataset},
        *(fitted, labels, text, unread),
        len(data.metainfo['classes']),
    )


def _survey(
    dataset: dict[str, Any],
    fitted: dict[str, Fitted],
    labels: Sequence[str],
    columns: Mapping[str, Sequence[str]],
    unread: dict[str, str],
    classes: int,
) -> RowSurvey:
    parts, why = _parts(dataset['ann_file'], columns)
    chosen = parts['train'].get('filter_cfg')
    if chosen:
        ((column, value),) = chosen.items()
        count = Counter(
            label
            for label, each in zip(labels, columns[column], strict=True)
            if each == value
        )
        unread.pop(column, None)
    else:
        count = Counter(labels)
    return RowSurvey(dataset, fitted, count, classes, parts, why, unread)


def _parts(
    source: str, columns: Mapping[str, Sequence[str]]
) -> tuple[dict[str, dict[str, Any]], str]:
    """What is trained on and what is not, and why."""
    split = read_split(source, columns.get('split', ()))
    if split.values:
        parts = {
            name: {'filter_cfg': {'split': value}}
            for name, value in split.values.items()
        }
        return parts, split.told
    part: dict[str, Any] = {'share': _HELD_OUT}
    why = split.told
    for name in _GROUPS:
        # With a handful of groups a fifth of them is not a fifth of the rows.
        if len(set(columns.get(name, ()))) >= 1 / _HELD_OUT:
            part['by'] = name
            why += f', whole values of {name!r}'
            break
    return {
        'train': {'part': {'keep': 'train', **part}},
        'val': {'part': {'keep': 'held_out', **part}},
    }, why


def no_label(source: str, label: str, there: Sequence[str]) -> str:
    """What to say where no array or column is that of the classes."""
    return (
        f'{source} has nothing named {label!r}. There are: '
        f'{", ".join(there)}. Name the one with the classes: --label NAME'
    )


def _refuse_alone(
    source: str, names: Sequence[str], unread: Mapping[str, str]
) -> None:
    if len(names) < 2:
        others = ''.join(f'; {n} is not read, {w}' for n, w in unread.items())
        raise ConfigError(
            f'{source}: modalities found: {", ".join(names) or "none"}; '
            f'balancing needs two{others}. docs/data/own_arrays.md and '
            'docs/data/own_table.md say what is read as one. Clips with '
            'their sound are listed in a column named clip.'
        )


def _refuse_lengths(file: ArrayFile, name: str) -> None:
    length = length_name(name)
    if length not in file.names:
        return
    low, high = int(file[length].min()), int(file[length].max())
    if low < high:
        raise ConfigError(
            f'{file.path}: rows of {name!r} are {low} to {high} long, and a '
            f'batch is one array. Bring them to one length, or leave '
            f'{length!r} out to train on the padding too; or write a file a '
            "sample and a table: reader='npy' crops and pads."
        )
