"""What data sets with labels and files by name have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from mmremix.datasets.annotation import raise_problems
from mmremix.datasets.labels import (
    ClassList,
    check_separator,
    multi_hot,
    read_classes,
    sort_labels,
    split_labels,
)
from mmremix.datasets.multimodal_dataset import MultimodalDataset
from mmremix.datasets.paths import Boundary
from mmremix.utils.errors import ConfigError


class LabelledDataset(MultimodalDataset):
    """Labels by name or index, and paths that stay inside ``data_root``.

    Args:
        ann_file: See the data set.
        classes: Class names in index order, or a text file of them.
        check_files: Whether to look, at the start, that all files exist.
        allow_outside: Whether paths may leave ``data_root``.
        label_separator: What stands between the labels of a cell, as ``';'``
            in ``dog;speech``. Samples then have any number of labels, for
            :class:`~mmremix.models.BinaryCrossEntropy`. ``None``: one each.
        no_label: With a ``label_separator``, whether a cell may be empty,
            ``'allow'``: the sample then has none of the classes. Defaults to
            ``'error'``.
        metainfo: See mmengine's ``BaseDataset``.
        kwargs: Arguments of :class:`MultimodalDataset`.
    """

    def __init__(
        self,
        ann_file: str = '',
        *,
        classes: Sequence[str] | str | None = None,
        check_files: bool = True,
        allow_outside: bool = False,
        label_separator: str | None = None,
        no_label: str = 'error',
        metainfo: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        kind = type(self).__name__
        check_separator(kind, label_separator, no_label)
        if label_separator is not None and not ann_file:
            raise ConfigError(
                f'{kind}: label_separator is of the cells of a table, and in '
                "folders a class is one. Write: ann_file='samples.csv'"
            )
        self.label_separator = label_separator
        self.no_label = no_label
        self.multi_label = label_separator is not None
        self.check_files = check_files
        self.allow_outside = allow_outside
        metainfo = dict(metainfo or {})
        if isinstance(classes, str):
            path = Path(kwargs.get('data_root') or '', classes)
            metainfo['classes'] = read_classes(path)
        elif classes is not None:
            # Checked where they are used; a tuple of a config is a list.
            ordered = isinstance(classes, Sequence)
            metainfo['classes'] = list(classes) if ordered else classes
        super().__init__(ann_file, metainfo=metainfo, **kwargs)

    def index_labels(
        self, source: str, rows: list[dict[str, Any]], labels: list[str]
    ) -> None:
        """Turn the labels of the rows into indices, in place.

        Args:
            source: What to call the annotation.
            rows: With ``label`` as text.
            labels: All there are, in index order if ``classes`` names none;
                with a ``label_separator``, all cells.

        Raises:
            AnnotationError: On unknown labels, with their lines.
        """
        if self.label_separator is not None:
            labels = self._split(source, rows, labels)
        if self.metainfo.get('classes') is None:
            print_log(
                f'{source}: classes not given, taken from the labels: '
                f'{labels}',
                'current',
            )
        else:
            labels = self.metainfo['classes']
        classes = ClassList(labels, f'{source}: classes')
        self._metainfo['classes'] = classes.names
        problems = []
        for row in rows:
            try:
                row['label'] = (
                    tuple(map(classes.index, row['label']))
                    if self.multi_label
                    else classes.index(row['label'])
                )
            except ValueError as error:
                place = row.get('row')
                where = f'line {place}' if place else row['clip']
                problems.append(f'{where}: {error}')
        raise_problems(source, problems, f'The classes are {classes.names}')
        found = [row['label'] for row in rows]
        if self.multi_label:
            found = [label for several in found for label in several]
        shortage = classes.shortage(found)
        for text in filter(None, (classes.look_alikes(), shortage)):
            print_log(f'{source}: {text}', 'current', level=30)

    def _split(
        self, source: str, rows: list[dict[str, Any]], cells: list[str]
    ) -> list[str]:
        """Split the cells of the rows in place; gives all labels, sorted."""
        separator = self.label_separator or ''
        problems = []
        for row in rows:
            try:
                row['label'] = split_labels(row['label'], separator)
            except ValueError as error:
                problems.append(f'line {row.get("row")}: {error}')
        raise_problems(source, problems)
        # Of all rows: those that the filter drops may be faulty.
        parts = (part.strip() for c in cells for part in c.split(separator))
        return sort_labels({part for part in parts if part})

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """A row; several labels as 0 and 1, float32 ``(M,)``."""
        info: dict[str, Any] = super().get_data_info(idx)
        if self.multi_label:
            classes = self.metainfo['classes']
            info['label'] = multi_hot(info['label'], len(classes))
        return info

    def check_inside(
        self,
        source: str,
        rows: Sequence[Mapping[str, Any]],
        written: Sequence[Mapping[str, str]],
    ) -> None:
        """Refuse paths that leave ``data_root`` and the prefixes.

        Args:
            source: What to call the annotation.
            rows: With the paths of their files.
            written: The same, as they stand in the annotation.
        """
        if not self.data_root or self.allow_outside:
            return
        prefixes = filter(None, self.data_prefix.values())
        raise_problems(
            source,
            Boundary([self.data_root, *prefixes]).problems(rows, written),
            'Set data_root to a folder that holds all clips. If you trust '
            'this annotation, allow it:\n'
            f"    dataset=dict(type='{type(self).__name__}', "
            'allow_outside=True, ...)',
        )
