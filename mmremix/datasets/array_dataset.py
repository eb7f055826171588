"""Samples that are rows of arrays in one file."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.logging import print_log

from mmremix.datasets.array_checks import (
    check_arrays,
    check_finite,
    check_padded,
    length_name,
    read_text,
    select_rows,
)
from mmremix.datasets.array_file import ArrayFile
from mmremix.datasets.array_identity import array_identity
from mmremix.datasets.array_labels import labels_of
from mmremix.datasets.csv_rows import AnnotationError
from mmremix.datasets.identity import DataIdentity
from mmremix.datasets.indices import check_within
from mmremix.datasets.labels import check_no_label, plain_label
from mmremix.datasets.multimodal_dataset import MultimodalDataset
from mmremix.datasets.rows import Row
from mmremix.registry import DATASETS
from mmremix.utils.errors import ConfigError

if TYPE_CHECKING:
    from typing_extensions import Self

# Keys of a sample that have a meaning of their own.
_TAKEN = (
    *('active_modalities', 'clip', 'inputs', 'label', 'loaded_modalities'),
    *('padded', 'row', 'sample_idx'),
)


@DATASETS.register_module()
class ArrayDataset(MultimodalDataset):
    """Samples that are the rows of arrays in one ``.npz`` file.

    For features, sensors, skeletons, tables and small pictures: thousands to
    a million rows without a file each. Arrays are ``(N, ...)``, of any type
    of number; one of ``(N,)`` is a column (of numbers or text), by which
    rows can be filtered. Where rows are of several lengths in dimension 1,
    they are padded, and ``<name>_length`` has their lengths. Rows stay in
    numpy: mapped from a file of ``numpy.savez``, or one copy in memory from
    one of ``numpy.savez_compressed``. What a sample does not keep is not
    read.

    Example::

        numpy.savez(
            'data/utd/utd.npz', depth=depth, skeleton=skeleton,
            label=label, split=split, subject=subject)

        dataset = dict(
            type='ArrayDataset',
            data_root='data/utd',
            ann_file='utd.npz',
            modalities=['depth', 'skeleton'],
            filter_cfg=dict(split='train'))

    A sample has the row of each modality under the modality's name (a view,
    not to be written to), ``label``, ``clip`` (the column of that name, or
    ``row <number>``), ``row`` and the other columns. So a pipeline is::

        pipeline = [
            dict(type='ForModality', modality='depth', output='depth',
                 transforms=[...]),
            dict(type='ForModality', modality='skeleton',
                 output='skeleton', transforms=[]),
            dict(type='PackAVInputs')]

    Args:
        ann_file: The file, relative to ``data_root``.
        modalities: Names of the arrays, which are those of the modalities
            too; or a dict from the modality to its array. The order is that
            of everything else.
        padded: Modalities whose rows keep the length that
            ``<array>_length`` says: batches are padded with a mask
            (:class:`~mmremix.utils.padded.Padded`), for an encoder that takes
            one, and ``RemixSampler(bucket=...)`` groups like lengths.
        label: Array of class indices from 0, or of class names; or of 0 and
            1, ``(N, M)``, where samples have any number of labels, for
            :class:`~mmremix.models.BinaryCrossEntropy`.
        no_label: Whether rows of such an array may be all 0: ``'error'``,
            or ``'allow'``. Rows that are all one-hot are refused without it,
            since they say one class a sample.
        classes: Class names in index order, or the name of an array with
            them. Defaults to the labels of the whole file, before
            ``filter_cfg``.
        filter_cfg: Rows to keep: ``dict(column=value or [values])``, as for
            :class:`AVDataset`.
        check_values: Whether to look, at the start, for values that are NaN
            or infinite. It reads all rows once.
        pipeline: Transform configs. Defaults to the rows as they are, packed
            as tensors.
        kwargs: Arguments of :class:`MultimodalDataset`.

    Raises:
        AnnotationError: On a file that cannot be used, with its rows.
        ConfigError: On names of modalities that cannot be.
    """

    cheap = True

    has_default_pipeline = True
    """An empty ``pipeline`` stands for the default one."""

    def __init__(
        self,
        ann_file: str = '',
        *,
        modalities: Mapping[str, str] | Sequence[str],
        padded: Sequence[str] = (),
        label: str = 'label',
        no_label: str = 'error',
        classes: Sequence[str] | str | None = None,
        check_values: bool = True,
        pipeline: Sequence[dict[str, Any] | Callable[..., Any]] = (),
        metainfo: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(modalities, str):
            raise ConfigError(
                'ArrayDataset: modalities are names of arrays, got '
                f"{modalities!r}. Write: modalities=['{modalities}', ...]"
            )
        self.arrays = (
            dict(modalities)
            if isinstance(modalities, Mapping)
            else {name: name for name in modalities}
        )
        taken = [name for name in self.arrays if name in _TAKEN]
        if taken:
            raise ConfigError(
                f'ArrayDataset: a modality cannot be called {taken[0]!r}, '
                'which is another key of a sample. Write: '
                f"modalities=dict(my_{taken[0]}='{self.arrays[taken[0]]}')"
            )
        check_padded(ann_file, None, self.arrays, padded)
        self.padded = tuple(padded)
        check_no_label('ArrayDataset', no_label)
        self.label = label
        self.no_label = no_label
        self.check_values = check_values
        self._classes = classes
        self._file: ArrayFile | None = None
        self._rows = np.zeros(0, dtype=np.int64)
        self._labels = np.zeros(0, dtype=np.int64)
        super().__init__(
            ann_file,
            modalities=list(modalities),
            pipeline=list(pipeline) or _default_pipeline(self.arrays),
            metainfo=dict(metainfo or {}),
            data_prefix={},
            **kwargs,
        )

    def full_init(self) -> None:
        """Open the file, check it and choose the rows."""
        if self._fully_initialized:
            return
        file = self._file = ArrayFile(self.ann_file)
        num_rows = check_arrays(file, self.arrays, self.label)
        check_padded(str(file.path), file.names, self.arrays, self.padded)
        given = self._classes
        if isinstance(given, str):
            given = read_text(file, given).tolist()
        elif given is None:
            given = self.metainfo.get('classes')
        self._labels, classes = labels_of(
            file, self.label, given, self.no_label
        )
        self.multi_label = self._labels.ndim == 2
        self._metainfo['classes'] = classes.names
        self._rows = select_rows(
            file, self._columns(), self.filter_cfg, num_rows
        )
        if self._indices is not None:
            self._rows = self._chosen(self._indices)
        # Before the rows are asked for their labels.
        self._fully_initialized = True
        try:
            self.take_part()
        except Exception:
            self._fully_initialized = False
            raise
        if self.check_values:
            for name in dict.fromkeys(self.arrays.values()):
                check_finite(file, name, np.sort(self._rows))
        labels = self._labels[self._rows]
        if self.multi_label:
            labels = labels.nonzero()[1]
        counts = np.bincount(labels, minlength=len(classes.names))
        shortage = classes.shortage(counts.tolist())
        for text in filter(None, (classes.look_alikes(), shortage)):
            print_log(f'{file.path}: {text}', 'current', level=30)

    @property
    def file(self) -> ArrayFile:
        """The file, open."""
        if self._file is None:
            self.full_init()
        assert self._file is not None
        return self._file

    def __len__(self) -> int:
        self.full_init()
        return len(self._rows)

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """A sample: views of its rows, label and columns."""
        file = self.file
        row = int(self._rows[idx])
        info: dict[str, Any] = {
            name: values[row].item()
            for name, values in self._columns().items()
        }
        for modality, name in self.arrays.items():
            value = file[name][row]
            length = info.get(length_name(name))
            info[modality] = value if length is None else value[:length]
        if self.padded:
            info['padded'] = self.padded
        info.setdefault('clip', f'row {row}')
        info['label'] = (
            self._labels[row].astype(np.float32)
            if self.multi_label
            else int(self._labels[row])
        )
        info['row'] = row
        info['sample_idx'] = idx if idx >= 0 else len(self._rows) + idx
        return info

    def lengths(self) -> np.ndarray | None:
        """Steps of the modalities in ``padded``."""
        if not self.padded:
            return None
        found = np.zeros((len(self), len(self.modalities)), np.int64)
        for place, name in enumerate(self.modalities):
            if name in self.padded:
                lengths = self.file[length_name(self.arrays[name])]
                found[:, place] = lengths[self._rows]
        return found

    def column(self, name: str) -> np.ndarray:
        """Values of a column for all samples, in one go.

        Args:
            name: ``'label'`` (class indices, or 0 and 1 ``(N, M)``) or an
                array of shape (N,).

        Raises:
            ConfigError: If there is none of that name, with those that are.
        """
        self.full_init()
        if name == 'label':
            return self._labels[self._rows]
        columns = self._columns()
        if name not in columns:
            raise ConfigError(
                f'{self.file.path}: no column {name!r}. There are '
                f'{sorted({"label", *columns})}.'
            )
        return columns[name][self._rows]

    def row(self, index: int) -> Row:
        """What a sample is, wherever the file lies."""
        self.full_init()
        number = int(self._rows[index])
        names = self._columns().get('clip')
        clip = f'row {number}' if names is None else str(names[number])
        label = plain_label(self.get_data_info(index)['label'])
        return Row(clip, label, None, None, {'clip': clip})

    def identity(self) -> DataIdentity:
        """Describe rows, labels, classes and arrays.

        The arrays count by shape, type and checksum, so that a file that was
        moved or compressed stays the same, and one with other numbers does
        not.
        """
        return array_identity(
            self.file,
            self._rows,
            self._labels[self._rows],
            self.arrays,
            tuple(self.metainfo['classes']),
        )

    def keep_rows(self, rows: np.ndarray) -> None:
        """Drop all samples but these."""
        self._rows = self._rows[rows]
        self._forget()

    def get_subset_(self, indices: Sequence[int] | int) -> None:
        """Keep some samples: the first or last so many, or those listed."""
        self.full_init()
        self._rows = self._chosen(indices)
        self._forget()

    def get_subset(self, indices: Sequence[int] | int) -> Self:
        """The same for a copy, which shares the arrays."""
        self.full_init()
        other = copy.copy(self)
        other.get_subset_(indices)
        return other

    def _chosen(self, indices: Sequence[int] | int) -> np.ndarray:
        check_within(self.ann_file, len(self._rows), indices)
        if isinstance(indices, int):
            return (
                self._rows[:indices] if indices >= 0 else self._rows[indices:]
            )
        return self._rows[np.asarray(indices, dtype=np.int64)]

    def _columns(self) -> dict[str, np.ndarray]:
        """Arrays of shape (N,) that are neither modality nor label."""
        file = self._file
        if file is None:
            raise AnnotationError('The file is not open.')
        if self._column_arrays is None:
            rows = file.shape(self.label)[:1]
            self._column_arrays = {
                name: read_text(file, name)
                for name in file.names
                if file.shape(name) == rows
                and file.dtype(name).kind in 'biufUS'
                and name not in {self.label, *self.arrays.values()}
            }
        return self._column_arrays

    _column_arrays: dict[str, np.ndarray] | None = None


def _default_pipeline(modalities: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        *(
            {
                'type': 'ForModality',
                'modality': name,
                'output': name,
                'transforms': [],
            }
            for name in modalities
        ),
        {'type': 'PackAVInputs'},
    ]
