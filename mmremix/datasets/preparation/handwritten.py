"""Arrays of the six views of handwritten digits ("Multiple Features")."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmremix.datasets.array_file import ArrayFile
from mmremix.datasets.csv_rows import AnnotationError
from mmremix.datasets.preparation.array_set import check_array

VIEWS = {'pix': 240, 'fou': 76, 'fac': 216, 'zer': 47, 'kar': 64, 'mor': 6}
"""Features of each view."""

_ROWS, _CLASSES, _TRAIN = 2000, 10, 160


def handwritten_arrays(
    root: str | Path, seed: int = 0
) -> dict[str, np.ndarray]:
    """Read the six views.

    Each feature is standardised: mean 0 and variance 1 over the rows of the
    training split.

    Args:
        root: Folder with ``views.npz`` (``label``, ``train`` and the views),
            or with the files of the published archive, ``mfeat-pix``,
            ``mfeat-fou``, ``mfeat-fac``, ``mfeat-zer``, ``mfeat-kar`` and
            ``mfeat-mor``, 200 lines a digit in order.
        seed: Of the split of the published files, 160 and 40 of each digit.

    Returns:
        The views ``(2000, features)`` float32, ``label``, ``split``.

    Raises:
        AnnotationError: If a file is missing or damaged, with its path.
    """
    root = Path(root)
    if (root / 'views.npz').is_file():
        views, label, train = _compact(root / 'views.npz')
    else:
        views, label, train = _published(root, seed)
    arrays = {}
    for name, view in views.items():
        mean = view[train].mean(axis=0, dtype=np.float64)
        std = view[train].std(axis=0, dtype=np.float64)
        # A feature that is always the same stays 0.
        std = np.where(std > 0, std, 1.0)
        arrays[name] = ((view - mean) / std).astype(np.float32)
    arrays['label'] = label
    arrays['split'] = np.where(train, 'train', 'test')
    return arrays


_Parts = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]


def _compact(path: Path) -> _Parts:
    file = ArrayFile(path)
    label = check_array(file['label'], (None,), f'{path}: label')
    rows = len(label)
    train = check_array(file['train'], (rows,), f'{path}: train')
    views = {
        name: check_array(file[name], (rows, size), f'{path}: {name}')
        for name, size in VIEWS.items()
    }
    if label.dtype.kind not in 'iu' or label.min() < 0 or label.max() > 9:
        raise AnnotationError(f'{path}: label must be digits 0 to 9.')
    if train.dtype != bool or train.all() or not train.any():
        raise AnnotationError(
            f'{path}: train must be True and False, some of each.'
        )
    return views, label.astype(np.int64), train


def _published(root: Path, seed: int) -> _Parts:
    views = {}
    for name, size in VIEWS.items():
        path = root / f'mfeat-{name}'
        if not path.is_file():
            raise AnnotationError(
                f'{path}: not there, nor views.npz. Unpack the archive of '
                '"Multiple Features" and give its folder as --root.'
            )
        try:
            view = np.loadtxt(path, dtype=np.float64, ndmin=2)
        except (ValueError, UnicodeDecodeError) as error:
            raise AnnotationError(f'{path}: no table ({error})') from error
        views[name] = check_array(view, (_ROWS, size), str(path))
    label = np.repeat(np.arange(_CLASSES), _ROWS // _CLASSES)
    train = np.zeros(_ROWS, dtype=bool)
    generator = np.random.default_rng(seed)
    for digit in range(_CLASSES):
        rows = generator.permutation(np.flatnonzero(label == digit))
        train[rows[:_TRAIN]] = True
    return views, label, train
