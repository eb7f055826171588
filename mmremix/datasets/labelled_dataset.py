"""What data sets with labels and files by name have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mmremix.datasets.annotation import raise_problems
from mmremix.datasets.labels import ClassList, read_classes
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
        metainfo: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
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

    def column(self, name: str) -> np.ndarray:
        """Values of a column for all samples, also of one nothing reads.

        Args:
            name: A column of the annotation, or ``'label'``, for indices.

        Returns:
            ``(N,)``, numbers or text.

        Raises:
            ConfigError: If not every sample has it.
        """
        values = []
        for index in range(len(self)):
            info = self.get_data_info(index)
            others = info.get('columns', {})
            if name not in others and name not in info:
                plain = (str, int, float)
                known = [k for k, v in info.items() if isinstance(v, plain)]
                raise ConfigError(
                    f'{self.ann_file or self.data_root}: sample {index} has '
                    f'no column {name!r}. It has {sorted([*known, *others])}.'
                    ' Name one that all samples have.'
                )
            values.append(others[name] if name in others else info[name])
        return np.array(values)

    def index_labels(
        self, source: str, rows: list[dict[str, Any]], labels: list[str]
    ) -> None:
        """Turn the labels of the rows into indices, in place.

        Args:
            source: What to call the annotation.
            rows: With ``label`` as text.
            labels: All there are, in index order if ``classes`` names none.

        Raises:
            AnnotationError: On unknown labels, with their lines.
        """
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
                row['label'] = classes.index(row['label'])
            except ValueError as error:
                place = row.get('row')
                where = f'line {place}' if place else row['clip']
                problems.append(f'{where}: {error}')
        raise_problems(source, problems, f'The classes are {classes.names}')
        shortage = classes.shortage([row['label'] for row in rows])
        for text in filter(None, (classes.look_alikes(), shortage)):
            print_log(f'{source}: {text}', 'current', level=30)

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
