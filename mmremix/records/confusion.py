"""The confusion matrices of the last validation, as a file of a run."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmremix.utils.archives import excess
from mmremix.utils.whole_files import write_whole

CONFUSION_NAME = 'val_confusion.npz'
"""Name of the file in the work directory."""


@dataclass(frozen=True)
class Confusion:
    """What the last validation took for what.

    Attributes:
        matrices: For each prediction ``(M, M)`` counts, true class by
            predicted class.
        classes: The M class names; empty if the data set has none.
        epoch: How many epochs were trained.
    """

    matrices: dict[str, np.ndarray]
    classes: list[str]
    epoch: int


def save_confusion(
    path: Path,
    confusion: Mapping[str, np.ndarray],
    classes: Sequence[str],
    epoch: int,
) -> None:
    """Write confusion matrices; a kill leaves the old file or the new one.

    Args:
        path: An .npz file with ``predictions`` (P names), ``classes`` (M
            names), ``confusion`` ``(P, M, M)`` counts, true class by
            predicted class, and ``epoch``.
        confusion: A matrix for each prediction.
        classes: Class names.
        epoch: How many epochs were trained.
    """
    arrays: dict[str, Any] = {
        'predictions': np.array(list(confusion), dtype=np.str_),
        'classes': np.array(classes, dtype=np.str_),
        'confusion': np.stack(list(confusion.values())),
        'epoch': np.int64(epoch),
    }
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_whole(path, content.getvalue())


def read_confusion(work_dir: str | Path) -> Confusion:
    """Read the matrices of a run.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged.
    """
    file = Path(work_dir, CONFUSION_NAME)
    if not file.is_file():
        raise FileNotFoundError(
            f'No {file}: confusion matrices are kept with '
            "default_hooks = dict(records=dict(type='RemixRecordHook'))."
        )
    try:
        too_much = excess(file)
        if too_much:
            raise ValueError(too_much)
        with np.load(file, allow_pickle=False) as kept:
            names = kept['predictions'].tolist()
            return Confusion(
                matrices=dict(zip(names, kept['confusion'], strict=True)),
                classes=kept['classes'].tolist(),
                epoch=int(kept['epoch']),
            )
    except Exception as error:  # readers of zip files may raise anything
        raise ValueError(
            f'{file} is damaged ({type(error).__name__}: {error}); the next '
            'validation writes it anew.'
        ) from error
