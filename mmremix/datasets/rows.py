"""What a sample is, and a column of all samples."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mmremix.datasets.labels import plain_label
from mmremix.utils.errors import ConfigError

if TYPE_CHECKING:
    from mmremix.datasets.multimodal_dataset import MultimodalDataset


class Row(NamedTuple):
    """What a sample is.

    Attributes:
        clip: Path relative to its prefix.
        label: Class index, if there is one; with several labels a sample
            all its indices.
        start: Seconds, if it is a segment.
        end: Seconds, if it is a segment.
        media: Path of every file, relative to its prefix, by column: the
            clip, ``audio`` where the sound is a file of its own, and what
            else ``data_prefix`` names.
    """

    clip: str
    label: int | tuple[int, ...] | None
    start: float | None
    end: float | None
    media: dict[str, str]


def clip_row(info: Mapping[str, Any], prefixes: Mapping[str, str]) -> Row:
    """Of a clip.

    Args:
        info: Of :meth:`MultimodalDataset.get_data_info`.
        prefixes: The ``data_prefix`` that paths are given relative to.
    """
    media = {}
    for name in dict.fromkeys(('clip', 'audio', *prefixes)):
        path = info.get(name)
        if isinstance(path, str) and path:
            root = prefixes.get(name, '')
            media[name] = os.path.relpath(path, root) if root else path
    return Row(
        media.get('clip', ''),
        plain_label(info.get('label')),
        info.get('start'),
        info.get('end'),
        media,
    )


def column_of(dataset: MultimodalDataset, name: str) -> np.ndarray:
    """See :meth:`MultimodalDataset.column`."""
    values = []
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        if name != 'label':
            info = {**info, **info.get('columns', {})}
        if name not in info:
            known = sorted(
                key
                for key, value in info.items()
                if isinstance(value, str | int | float)
            )
            raise ConfigError(
                f'{dataset.ann_file or dataset.data_root}: sample {index} '
                f'has no column {name!r}. It has {known}. Name one that all '
                'samples have.'
            )
        values.append(info[name])
    return np.array(values)
