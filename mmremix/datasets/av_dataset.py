"""Clips with sound and a label."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mmremix.datasets.annotation import MEDIA_COLUMNS, read_rows
from mmremix.datasets.class_folders import read_folders, refuse_empty
from mmremix.datasets.labelled_dataset import LabelledDataset
from mmremix.datasets.labels import multi_hot
from mmremix.datasets.media_rows import (
    MEDIA_KEYS,
    MediaRows,
    RowBlock,
    RowBuilder,
)
from mmremix.datasets.multimodal_dataset import MultimodalDataset
from mmremix.datasets.paths import check_media
from mmremix.datasets.remote_files import RemoteFiles
from mmremix.datasets.text_column import CodedColumn
from mmremix.registry import DATASETS
from mmremix.utils.errors import ConfigError


@DATASETS.register_module()
class AVDataset(LabelledDataset):
    """Audio-visual clips from a CSV annotation or from class folders.

    With ``ann_file``, a CSV with a header ``clip,label`` and optionally
    ``audio,start,end``. ``clip`` is a media file or a folder of frames;
    ``audio`` a .wav, .npy or media file, if the sound is not in the clip;
    ``start`` and ``end`` cut a segment, in seconds. Other columns may be
    there and serve ``filter_cfg`` and ``part``. Without ``ann_file``, the
    layout is ``data_root/<class>/<clip>``; hidden and system folders
    (``.ipynb_checkpoints``, ``__MACOSX``, ``@eaDir``) are no classes, and
    folders without clips are refused unless ``classes`` are named.

    Example::

        dataset = dict(
            type='AVDataset',
            data_root='data/mine',
            ann_file='train.csv',
            data_prefix=dict(clip='clips'),
            classes=['clap', 'shout'],
            pipeline=train_pipeline)

        # A CSV of another form, as it is:
        dataset = dict(
            type='AVDataset',
            ann_file='words.csv',
            columns=dict(label='word', start='start_s', end='end_s'),
            clip_suffix='.mp4',
            filter_cfg=dict(split='train', position='letter'),
            ...)

    Args:
        ann_file: CSV file, relative to ``data_root``; empty for folders.
        classes: Class names in index order, or a text file with one a line
            (relative to ``data_root``). Defaults to the sorted labels of the
            whole annotation (before ``filter_cfg``): name them if train and
            test have an annotation each. A label may also be an index,
            unless class names are numbers themselves.
        columns: Names of the columns, where they differ from ``clip``,
            ``label``, ``audio``, ``start`` and ``end``.
        clip_suffix: Appended to each ``clip``, such as ``'.mp4'``.
        margin: Seconds added on both sides of every ``start``-``end``.
        data_prefix: Folders of ``clip`` and ``audio``, relative to
            ``data_root``.
        filter_cfg: Rows to keep: ``dict(column=value or [values])``. A text
            is the whole cell, a number is compared as a number, None is an
            empty cell. Applies in test mode too.
        keep_columns: Further columns to keep, for :meth:`column`; the one of
            ``part.by`` is among them.
        check_files: Whether to look, at the start, that all files exist.
            Under ``on_broken='skip'`` a missing one is skipped like a broken
            one instead.
        allow_outside: Whether paths of the annotation may leave
            ``data_root``, by ``..``, as absolute paths or over links. Set it
            where you know the annotation, such as one that a preparation
            tool wrote to another folder with ``--out``. Folders of
            ``data_prefix`` may be anywhere. Without ``data_root``, nothing
            says where clips belong, and they may be anywhere too.
        remote: Where clips are that are not on this machine:
            ``dict(url='s3://bucket/clips', cache='data/cache',
            limit_gb=100)``, see
            :class:`~mmremix.datasets.remote_files.RemoteFiles`. Folders of
            ``data_prefix`` are below ``url`` then, and the annotation stays
            here. Files are loaded when a sample needs them, so none is
            looked for at the start.
        kwargs: ``label_separator`` and ``no_label`` of
            :class:`LabelledDataset`, and arguments of
            :class:`MultimodalDataset`.

    Raises:
        AnnotationError: On an annotation that cannot be used, with the file
            and its lines; also if a path leaves ``data_root``.
        FileNotFoundError: On missing clips, with their paths.
        ValueError: On a ``margin`` that is negative or not finite, on
            unknown ``columns``, and on options of a CSV without
            ``ann_file``.
    """

    def __init__(
        self,
        ann_file: str = '',
        *,
        classes: Sequence[str] | str | None = None,
        columns: Mapping[str, str] | None = None,
        clip_suffix: str = '',
        margin: float = 0.0,
        data_prefix: Mapping[str, str] | None = None,
        keep_columns: Sequence[str] = (),
        check_files: bool = True,
        allow_outside: bool = False,
        remote: Mapping[str, Any] | None = None,
        metainfo: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        unknown = sorted(set(columns or {}) - set(MEDIA_COLUMNS))
        if unknown:
            raise ValueError(
                f'columns: {unknown} are none of {list(MEDIA_COLUMNS)}. Write '
                "what is read = your name: columns=dict(label='word')"
            )
        if not 0 <= margin < math.inf:
            raise ValueError(f'margin must be seconds >= 0, got {margin}.')
        for_csv = {
            'columns': columns,
            'clip_suffix': clip_suffix,
            'margin': margin,
            'filter_cfg': kwargs.get('filter_cfg'),
            'keep_columns': keep_columns,
        }
        given = [name for name, value in for_csv.items() if value]
        if given and not ann_file:
            raise ValueError(
                f'{given} are of a CSV annotation, and there is no ann_file. '
                "Leave them out, or write: ann_file='train.csv'"
            )
        self.columns = {'clip': 'clip', 'label': 'label', **(columns or {})}
        self.keep_columns = tuple(keep_columns)
        self.clip_suffix = clip_suffix
        self.margin = margin
        folders = {'clip': '', 'audio': '', **(data_prefix or {})}
        self.remote = None if remote is None else RemoteFiles(**remote)
        if self.remote is not None:
            folders = _below(self.remote.folder, folders, ann_file)
            check_files = False
        super().__init__(
            ann_file,
            classes=classes,
            check_files=check_files,
            allow_outside=allow_outside,
            metainfo=metainfo,
            data_prefix=folders,
            **kwargs,
        )

    def make_ready(
        self, info: Mapping[str, Any], loaded: Sequence[str]
    ) -> None:
        """Copy the files of a sample here, if they are elsewhere."""
        if self.remote is not None:
            for path in _files(info, loaded):
                self.remote.fetch(path)

    def make_anew(
        self, info: Mapping[str, Any], loaded: Sequence[str]
    ) -> bool:
        """Load copies again that cannot be read, once in a run."""
        if self.remote is None:
            return False
        came = [self.remote.renew(path) for path in _files(info, loaded)]
        return any(came)

    def load_data_list(self) -> Sequence[dict[str, Any]]:
        """Read the annotation and resolve labels, segments and paths.

        Returns:
            A row is a dict when it is asked for. To change rows in a derived
            class, return a list: ``[{**row, ...} for row in rows]``.
        """
        source, rows, labels = self._read()
        values = self.label_values(source, rows.labels, rows, labels)
        prefix = self.data_prefix
        # In the folder layout both stand in the same tree.
        sounds = prefix['audio'] if self.ann_file else prefix['clip']
        located = replace(
            rows, labels=CodedColumn(values, rows.labels.codes)
        ).located(
            {'clip': prefix['clip'] or '', 'audio': sounds or ''},
            self.clip_suffix,
            self.margin,
        )
        self._warn_of_repeated(source, located)
        self._check_inside(source, located, rows)
        if self.check_files and self.on_broken == 'raise':
            check_media(source, located)
        return located

    @property
    def media_rows(self) -> MediaRows | None:
        """The rows in arrays; None if a derived class changes them."""
        self.full_init()
        kept = getattr(self, 'data_list', None)
        return kept if isinstance(kept, MediaRows) else None

    def share_rows(self, other: AVDataset) -> None:
        """Take the rows of another data set of the same annotation.

        Args:
            other: Of the same options, pipeline apart. This one was made
                with ``lazy_init=True``.
        """
        rows = other.media_rows
        assert rows is not None
        self.data_list = rows
        self.serialize_data = False
        self._metainfo = other.metainfo
        self.source_rows = other.source_rows
        self._identity = other._identity
        self._fully_initialized = True

    def row_blocks(self) -> Iterator[RowBlock]:
        """See :class:`MultimodalDataset`."""
        rows = self.media_rows
        if rows is not None and type(self).row is MultimodalDataset.row:
            return rows.blocks(self.data_prefix)
        return super().row_blocks()

    def column(self, name: str) -> np.ndarray:
        """Values of a column, in the samples' order.

        Args:
            name: Of a column of the CSV that is kept (``keep_columns`` and
                ``part.by``), whose cells are text; or a key of the samples'
                information.
        """
        rows = self.media_rows
        if rows is None:
            infos = (self.get_data_info(row) for row in range(len(self)))
            cells = [info.get('columns', {}).get(name) for info in infos]
            return super().column(name) if None in cells else np.array(cells)
        if name in rows.further:
            return np.array([*rows.further[name]])
        if name != 'label':
            return super().column(name)
        values = rows.labels.values
        if self.multi_label:
            size = len(self.metainfo['classes'])
            values = [multi_hot(value, size) for value in values]
        found: np.ndarray = np.array(values)[rows.labels.codes]
        return found

    def labels(self) -> np.ndarray:
        """See :class:`MultimodalDataset`."""
        return self.column('label')

    def _read(self) -> tuple[str, MediaRows, list[str]]:
        """Where the rows are from, the rows, and their labels."""
        if self.ann_file:
            further = list(self.keep_columns)
            if self.part is not None and self.part.by is not None:
                further.append(self.part.by)
            rows, labels = read_rows(
                self.ann_file,
                self.columns,
                self.filter_cfg,
                further,
                empty_label=self.no_label == 'allow',
            )
            return self.ann_file, rows, labels
        source = self.data_prefix['clip'] or self.data_root or '.'
        found = read_folders(source)
        if self.metainfo.get('classes') is None:
            refuse_empty(source, found.empty)
        if found.unused:
            print_log(
                f'{source}: {len(found.unused)} files or folders are no clips '
                f'and not used: {found.unused[:5]}',
                'current',
                level=30,
            )
        builder = RowBuilder()
        keys = ('clip', 'label', 'audio')
        builder.extend(
            {key: [row.get(key, '') for row in found.rows] for key in keys}
        )
        return source, builder.build(), found.classes

    def _check_inside(
        self, source: str, rows: MediaRows, written: MediaRows
    ) -> None:
        boundary = self.boundary()
        if boundary is not None:
            found = boundary.problems_of(rows, written)
            self.refuse_outside(source, found)

    def _warn_of_repeated(self, source: str, rows: MediaRows) -> None:
        found = rows.repeated()
        if found:
            print_log(
                f'{source}: {len(found)} rows are the same clip and segment '
                f'as an earlier one, and used all the same: '
                f'{"; ".join(found[:5])}',
                'current',
                level=30,
            )


def _files(info: Mapping[str, Any], loaded: Sequence[str]) -> list[str]:
    """Those that are read of a sample."""
    keys = [key for key in MEDIA_KEYS if key in info]
    if 'audio' in keys and tuple(loaded) == ('audio',):
        keys = ['audio']
    return [info[key] for key in keys]


def _below(
    cache: str, folders: Mapping[str, str], ann_file: str
) -> dict[str, str]:
    """The folders in the cache."""
    if not ann_file:
        raise ConfigError(
            'AVDataset: remote needs an annotation, since the folders of a '
            "store are not looked through. Write: ann_file='train.csv'"
        )
    away = {k: v for k, v in folders.items() if os.path.isabs(v)}
    if away:
        raise ConfigError(
            f'AVDataset: with remote, data_prefix is relative to the url, '
            f"got {away}. Write: data_prefix=dict(clip='clips')"
        )
    return {k: os.path.join(cache, v) for k, v in folders.items()}
