"""What data sets with labels and files by name have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from mmremix.datasets.annotation import raise_problems
from mmremix.datasets.labels import ClassList, read_classes
from mmremix.datasets.multimodal_dataset import MultimodalDataset
from mmremix.datasets.paths import Boundary


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
