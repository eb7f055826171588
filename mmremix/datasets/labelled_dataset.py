"""What data sets with labels and files by name have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
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
from mmremix.datasets.text_column import CodedColumn
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
        texts = CodedColumn.of(row['label'] for row in rows)
        indices = self.label_values(source, texts, rows, labels)
        for row, code in zip(rows, texts.codes.tolist(), strict=True):
            row['label'] = indices[code]

    def label_values(
        self,
        source: str,
        texts: CodedColumn,
        rows: Sequence[Mapping[str, Any]],
        labels: list[str],
    ) -> list[Any]:
        """Class index, or several labels' indices, of each distinct text.

        Args:
            source: See :meth:`index_labels`.
            texts: Of the rows.
            rows: For the lines of those at fault.
            labels: See :meth:`index_labels`.

        Raises:
            AnnotationError: On unknown labels, with their lines.
        """
        values: list[Any] = texts.values
        if self.label_separator is not None:
            separator = self.label_separator
            values = _apply(
                source, texts, rows, lambda text: split_labels(text, separator)
            )
            # Of all rows: those that the filter drops may be faulty.
            parts = (
                p.strip() for cell in labels for p in cell.split(separator)
            )
            labels = sort_labels({part for part in parts if part})
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

        def index(value: Any) -> Any:
            if self.multi_label:
                return tuple(map(classes.index, value))
            return classes.index(value)

        indices = _apply(
            source,
            CodedColumn(values, texts.codes),
            rows,
            index,
            f'The classes are {classes.names}',
        )
        counts = [0] * len(classes.names)
        for value, number in zip(
            indices,
            np.bincount(texts.codes, minlength=len(indices)).tolist(),
            strict=True,
        ):
            for label in value if self.multi_label else [value]:
                counts[label] += number
        shortage = classes.shortage(counts)
        for text in filter(None, (classes.look_alikes(), shortage)):
            print_log(f'{source}: {text}', 'current', level=30)
        return indices

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
        boundary = self.boundary()
        if boundary is not None:
            self.refuse_outside(source, boundary.problems(rows, written))

    def boundary(self) -> Boundary | None:
        """Where files may be; None: anywhere."""
        if not self.data_root or self.allow_outside:
            return None
        prefixes = filter(None, self.data_prefix.values())
        return Boundary([self.data_root, *prefixes])

    def refuse_outside(self, source: str, problems: Sequence[str]) -> None:
        """Raise an error if there are files outside.

        Args:
            source: What to call the annotation.
            problems: A line for each.

        Raises:
            AnnotationError: If there are any.
        """
        raise_problems(
            source,
            problems,
            'Set data_root to a folder that holds all clips. If you trust '
            'this annotation, allow it:\n'
            f"    dataset=dict(type='{type(self).__name__}', "
            'allow_outside=True, ...)',
        )


def _apply(
    source: str,
    column: CodedColumn,
    rows: Sequence[Mapping[str, Any]],
    function: Callable[[Any], Any],
    hint: str = '',
) -> list[Any]:
    """What a function gives for each distinct value.

    Raises:
        AnnotationError: With the lines of all rows for which it raises a
            ValueError.
    """
    results: list[Any] = []
    faults: dict[int, ValueError] = {}
    for code, value in enumerate(column.values):
        try:
            results.append(function(value))
        except ValueError as error:
            results.append(None)
            faults[code] = error
    problems = []
    for number in np.flatnonzero(np.isin(column.codes, [*faults])).tolist():
        row = rows[number]
        place = row.get('row')
        where = f'line {place}' if place else row['clip']
        problems.append(f'{where}: {faults[int(column.codes[number])]}')
    raise_problems(source, problems, hint)
    return results
