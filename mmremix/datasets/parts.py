"""The part of a data set that it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from mmengine.logging import print_log

from mmremix.datasets.held_out import Part, Split, split_held_out

if TYPE_CHECKING:
    from mmremix.datasets.multimodal_dataset import MultimodalDataset


def rows_of_part(dataset: MultimodalDataset, part: Part) -> np.ndarray:
    """Numbers of the samples of a part; says in the log what it holds.

    Args:
        dataset: All samples.
        part: Which to keep.
    """
    split = split_of(dataset, part)
    print_log(
        f'{dataset.ann_file or dataset.data_root}: part {part.keep!r} '
        f'({part}) holds {split.describe(part.keep, part.by)}',
        'current',
    )
    if dataset.multi_label:
        labels = dataset.column('label')
        _note_lost(dataset, part, labels, split.rows('train'))
    return split.rows(part.keep)


def split_of(dataset: MultimodalDataset, part: Part) -> Split:
    """How a part divides the samples of a data set.

    Args:
        dataset: All samples.
        part: Which to keep.
    """
    labels = dataset.column('label')
    return split_held_out(
        # Several labels make no strata: at random, or by group.
        [0] * len(labels) if dataset.multi_label else labels.tolist(),
        None if part.by is None else dataset.column(part.by),
        part,
        dataset.metainfo.get('classes') or (),
    )


def _note_lost(
    dataset: MultimodalDataset,
    part: Part,
    labels: np.ndarray,
    rows: np.ndarray,
) -> None:
    lost = labels.any(axis=0) & ~labels[rows].any(axis=0)
    if lost.any():
        classes = dataset.metainfo['classes']
        names = [classes[i] for i in np.flatnonzero(lost).tolist()]
        print_log(
            f'part ({part}): all samples with the labels {names} are held out',
            'current',
            level=30,
        )
