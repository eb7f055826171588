"""Samples of any modalities, from a table or from folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmremix.datasets.labelled_dataset import LabelledDataset
from mmremix.datasets.labels import plain_label
from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.paths import check_files as check_paths
from mmremix.datasets.readers.modality import (
    Modality,
    build_modalities,
    default_pipeline,
)
from mmremix.datasets.rows import Row
from mmremix.datasets.sample_error import place_of
from mmremix.datasets.table_reading import ALLOW, look_at_first, read_rows
from mmremix.registry import DATASETS
from mmremix.utils.errors import ConfigError

if TYPE_CHECKING:
    from typing_extensions import Self


@DATASETS.register_module()
class TableDataset(LabelledDataset):
    """Samples of any modalities, by config: a column a modality.

    The table is a CSV with a header, or JSON-lines (``.jsonl``, an object a
    line); a cell names a file (``npy``, ``npz``, ``pt``, ``image``,
    ``sound``, ``video``) or is the value itself (``text``,
    ``bag_of_words``, ``numbers``). Without ``ann_file``, the layout is
    ``data_root/<class>/<sample>/<file>``, and each modality says its
    ``file``. A folder that Hugging Face's ``Dataset.save_to_disk`` wrote
    will also do (needs ``pip install datasets``).

    Example::

        dataset = dict(
            type='TableDataset',
            data_root='data/mhad',
            ann_file='samples.csv',
            label='label',
            modalities=dict(
                depth=dict(reader='npy'),
                inertial=dict(reader='npy', length=128),
                words=dict(reader='bag_of_words', column='sentence')),
            filter_cfg=dict(split='train'))

        # One folder a class, in it one a sample:
        dataset = dict(
            type='TableDataset',
            data_root='data/train',
            modalities=dict(
                depth=dict(reader='npy', file='depth.npy'),
                photo=dict(reader='image', file='photo.jpg', size=(64, 64))))

    Without a ``pipeline``, each modality is read, cropped or padded to its
    ``length`` (at random in training, else in the middle), and packed. A
    written one has a :class:`ForModality` with :class:`LoadModality` for
    each. Nothing of a modality that a sample does not keep is opened.

    Args:
        ann_file: The table, relative to ``data_root``; empty for folders.
        modalities: For each modality its ``reader``, the reader's arguments
            and where it is: ``column`` (defaults to the name; ``numbers``
            takes a list), ``prefix`` (a folder, relative to ``data_root``)
            and ``suffix`` of the cells, or ``file``. ``length`` crops
            (``crop='random'``, ``'middle'`` or ``'start'``) or pads
            (``pad='zero'`` after the end, or ``'repeat'``) dimension 0;
            ``length=None`` keeps it, and batches are padded with a mask
            (:class:`~mmremix.utils.padded.Padded`); ``length_column`` then
            names the column of lengths, if they stand in the table, for
            ``RemixSampler(bucket=...)``. ``flatten=True`` makes
            (T, C) of (T, joints, axes). ``transforms`` follow
            the reader, and leave the input at the key ``output``. ``None``
            leaves a modality of a base config out.
        label: Column of the labels; with a ``label_separator``, of several
            in a cell, or in JSON-lines of lists of names.
        missing: What an empty cell means: ``'error'``, or ``'allow'``, that
            the sample lacks the modality. It then takes part with what it
            has, in training, scoring, validation and testing.
        classes: See :class:`AVDataset`.
        filter_cfg: See :class:`AVDataset`.
        check_files: Whether to look, at the start, that all files exist.
        allow_outside: Whether paths of the table may leave ``data_root``.
        label_separator: See :class:`LabelledDataset`.
        no_label: See :class:`LabelledDataset`.
        kwargs: Arguments of :class:`MultimodalDataset`.

    Raises:
        AnnotationError: On a table that cannot be used, with its lines.
        ConfigError: On arguments that are wrong.
        FileNotFoundError: On missing files, with their paths.
    """

    has_default_pipeline = True

    def __init__(
        self,
        ann_file: str = '',
        *,
        modalities: Mapping[str, Mapping[str, Any] | None],
        label: str = 'label',
        missing: str = 'error',
        pipeline: Sequence[dict[str, Any] | Callable[..., Any]] = (),
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        if missing not in ('error', 'allow'):
            raise ConfigError(
                f"TableDataset: missing must be 'error' or 'allow', got "
                f'{missing!r}. Write: {ALLOW}'
            )
        if not isinstance(modalities, Mapping):
            raise ConfigError(
                'TableDataset: modalities is a dict of readers, got '
                f'{modalities!r}. Write: modalities=dict(depth=dict(reader='
                "'npy', column='depth'))"
            )
        self.readers: dict[str, Modality] = build_modalities(
            modalities, training=not test_mode
        )
        self.label = label
        self.missing = missing
        self._presence: np.ndarray | None = None
        self._lengths: np.ndarray | None = None
        self._check_layout(ann_file, kwargs)
        super().__init__(
            ann_file,
            modalities=tuple(self.readers),
            pipeline=pipeline or default_pipeline([*self.readers.values()]),
            test_mode=test_mode,
            **kwargs,
        )

    def _check_layout(self, ann_file: str, kwargs: Mapping[str, Any]) -> None:
        for name, modality in self.readers.items():
            if ann_file and modality.file is not None:
                raise ConfigError(
                    f'modalities: {name!r} has file={modality.file!r}, which '
                    'is of folders, and there is an ann_file. Write: '
                    f'column={name!r}'
                )
            if not ann_file and modality.file is None:
                raise ConfigError(
                    f'TableDataset: there is no ann_file, and {name!r} has '
                    "no file. Write: ann_file='samples.csv', or for folders "
                    f"of samples: {name}=dict(reader='npy', "
                    f"file='{name}.npy')"
                )
        if not ann_file and kwargs.get('filter_cfg'):
            raise ConfigError(
                'TableDataset: filter_cfg is of a table, and there is no '
                "ann_file. Write: ann_file='samples.csv'"
            )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read the table, and resolve labels and paths."""
        source = self.ann_file or self.data_root or '.'
        rows, labels = read_rows(self, source)
        self.index_labels(source, rows, labels)
        written = [
            {
                name: cell
                for name, cell in row['cells'].items()
                if self._is_path(name, cell)
            }
            for row in rows
        ]
        root = self.data_root or ''
        for row, cells in zip(rows, written, strict=True):
            for name, cell in cells.items():
                row['cells'][name] = self.readers[name].path(root, cell)
        paths = [{**row['cells'], 'row': row.get('row')} for row in rows]
        self.check_inside(source, paths, written)
        if self.check_files and self.on_broken == 'raise':
            check_paths(
                source,
                [
                    {name: row['cells'][name] for name in cells}
                    for row, cells in zip(rows, written, strict=True)
                ],
                self.modalities,
                'data_root, and prefix and suffix of the modality',
            )
        if self.check_files:
            look_at_first(self, source, rows)
        return rows

    def _is_path(self, name: str, cell: Any) -> bool:
        return self.readers[name].reader.names_file and isinstance(cell, str)

    def presence(self) -> np.ndarray | None:
        """Which modalities each sample has; None where all have all."""
        if self.missing == 'error':
            return None
        if self._presence is None:
            self._presence = np.array(
                [
                    [name in cells for name in self.modalities]
                    for cells in (
                        self.get_data_info(index)['cells']
                        for index in range(len(self))
                    )
                ]
            )
        return None if self._presence.all() else self._presence

    def get_subset_(self, indices: Sequence[int] | int) -> None:
        """Keep some samples, see mmengine's ``BaseDataset``."""
        super().get_subset_(indices)
        self._presence = self._lengths = None

    def get_subset(self, indices: Sequence[int] | int) -> Self:
        """The same for a copy."""
        other = super().get_subset(indices)
        other._presence = other._lengths = None
        return other

    def lengths(self) -> np.ndarray | None:
        """Steps of the modalities with ``length=None``, read once.

        From the ``length_column``; else from headers (``npy``) and cells;
        other readers read each sample once. A sample that cannot be read
        counts 0 under ``on_broken='skip'``.
        """
        varying = [
            (place, name)
            for place, name in enumerate(self.modalities)
            if self.readers[name].varies
        ]
        if varying and self._lengths is None:
            self._lengths = np.zeros((len(self), len(self.modalities)), int)
            for index in range(len(self)):
                info = super().get_data_info(index)
                for place, name in varying:
                    if name in info['cells']:
                        self._lengths[index, place] = self._steps(info, name)
        return self._lengths

    def _steps(self, info: Mapping[str, Any], name: str) -> int:
        known: int | None = info.get('steps', {}).get(name)
        if known is not None:
            return known
        try:
            return self.readers[name].steps(info['cells'][name])
        except BrokenMediaError as error:
            if self.on_broken == 'skip':
                return 0
            place = place_of(info, info.get('sample_idx', 0), self.ann_file)
            raise BrokenMediaError(f'{error}\nThis is {place}.') from error

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """A row, and how its modalities are read."""
        return {**super().get_data_info(idx), 'readers': self.readers}

    def row(self, index: int) -> Row:
        """What a sample is, wherever the data set lies."""
        info = self.get_data_info(index)
        media = {
            name: _relative(cell, self.data_root)
            if self._is_path(name, cell)
            else repr(cell)
            for name, cell in info['cells'].items()
        }
        return Row(
            info['clip'], plain_label(info.get('label')), None, None, media
        )


def _relative(path: str, root: str | None) -> str:
    return os.path.relpath(path, root) if root else path
