"""Arrays of UTD-MHAD: depth pictures, an inertial sensor and a skeleton."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from mmremix.datasets.csv_rows import AnnotationError
from mmremix.datasets.preparation.array_set import (
    check_array,
    read_array,
    read_table,
    resample,
)

CLASSES = (
    *('swipe left', 'swipe right', 'wave', 'clap', 'throw', 'arm cross'),
    *('basketball shoot', 'draw x', 'draw circle cw', 'draw circle ccw'),
    *('draw triangle', 'bowling', 'boxing', 'baseball swing'),
    *('tennis swing', 'arm curl', 'tennis serve', 'push', 'knock', 'catch'),
    *('pickup throw', 'jog', 'walk', 'sit to stand', 'stand to sit'),
    *('lunge', 'squat'),
)
_HIP = 3  # joint: head, shoulder centre, spine, hip centre, ...
_FRAMES = 12
_STEPS = {'skeleton': 64, 'inertial': 128}
_MILLIMETRES = 16  # of one step of the stored depth
_NAME = re.compile(r'(a(\d+)_s(\d+)_t(\d+))_skeleton\.mat')


def utd_arrays(root: str | Path) -> dict[str, np.ndarray]:
    """Read all recordings.

    Args:
        root: The compact folder (``samples.csv``, ``depth/<clip>.npy``,
            ``inertial/<clip>.npy``, ``skeleton/<clip>.npy``), or one with
            the files of the published archives at any depth:
            ``a1_s1_t1_depth.mat``, ``..._inertial.mat`` and
            ``..._skeleton.mat``.

    Returns:
        ``depth`` (N, 12, 30, 40) uint8, ``inertial`` (N, 128, 6) and
        ``skeleton`` (N, 64, 60) float32, relative to the hip, ``label``,
        ``classes``, and the columns ``clip``, ``subject``, ``trial`` and
        ``split``: odd subjects train, even ones test.

    Raises:
        AnnotationError: If a file is missing or damaged, with its path.
    """
    root = Path(root)
    if (root / 'samples.csv').is_file():
        samples = [_compact(root, row) for row in _table(root)]
    else:
        samples = [_published(path) for path in _find(root)]
    samples.sort(key=lambda s: (s['label'], s['subject'], s['trial']))
    arrays = {
        name: np.stack([sample[name] for sample in samples])
        for name in ('depth', 'inertial', 'skeleton')
    }
    for name in ('label', 'clip', 'subject', 'trial'):
        arrays[name] = np.array([sample[name] for sample in samples])
    arrays['split'] = np.where(arrays['subject'] % 2, 'train', 'test')
    arrays['classes'] = np.array(CLASSES)
    return arrays


def _table(root: Path) -> list[dict[str, str]]:
    return read_table(
        root,
        (
            *('clip', 'label', 'subject', 'trial'),
            *('depth', 'inertial', 'skeleton'),
        ),
    )


def _compact(root: Path, row: dict[str, str]) -> dict[str, Any]:
    try:
        numbers = {k: int(row[k]) for k in ('label', 'subject', 'trial')}
    except ValueError as error:
        raise AnnotationError(
            f'{root / "samples.csv"}: {row["clip"]}: {error}'
        ) from error
    if not 0 <= numbers['label'] < len(CLASSES):
        raise AnnotationError(
            f'{root / "samples.csv"}: {row["clip"]}: the label '
            f'{numbers["label"]} is none of the {len(CLASSES)} actions.'
        )
    depth = read_array(root / row['depth'], (_FRAMES, 60, 80))
    return _sample(
        row['clip'],
        numbers,
        depth,
        read_array(root / row['inertial'], (None, 6)),
        read_array(root / row['skeleton'], (None, 20, 3)),
    )


def _find(root: Path) -> list[Path]:
    found = sorted(root.rglob('*_skeleton.mat'))
    if not found:
        raise AnnotationError(
            f'{root}: neither samples.csv nor a1_s1_t1_skeleton.mat and the '
            'others in it. Unpack Depth.zip, Inertial.zip and Skeleton.zip '
            'of UTD-MHAD into one folder and give it as --root.'
        )
    return found


def _published(path: Path) -> dict[str, Any]:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise AnnotationError(
            f'{path}: no name of a recording, such as a1_s1_t1_skeleton.mat'
        )
    clip = match[1]
    action, subject, trial = map(int, match.groups()[1:])
    if not 1 <= action <= len(CLASSES):
        raise AnnotationError(
            f'{path}: action {action} is none of 1 to {len(CLASSES)}'
        )
    root = path.parent.parent
    others = {
        kind: next(iter(sorted(root.rglob(f'{clip}_{kind}.mat'))), None)
        for kind in ('depth', 'inertial')
    }
    missing = [kind for kind, found in others.items() if found is None]
    if missing:
        raise AnnotationError(
            f'{path}: there is no {clip}_{missing[0]}.mat beside it nor in '
            f'other folders of {root}'
        )
    assert others['depth'] is not None and others['inertial'] is not None
    depth = _mat(others['depth'], 'd_depth', (240, 320, None))
    inertial = _mat(others['inertial'], 'd_iner', (None, 6))
    skeleton = _mat(path, 'd_skel', (20, 3, None))
    return _sample(
        clip,
        {'label': action - 1, 'subject': subject, 'trial': trial},
        _shrink(depth.transpose(2, 0, 1)),
        inertial,
        skeleton.transpose(2, 0, 1),
    )


def _mat(path: Path, key: str, shape: tuple[int | None, ...]) -> np.ndarray:
    from scipy.io import loadmat

    try:
        content = loadmat(path)
    except Exception as error:  # whatever a damaged file brings about
        raise AnnotationError(f'{path}: cannot be read ({error})') from error
    if key not in content:
        raise AnnotationError(
            f'{path}: has no {key}, but '
            f'{sorted(k for k in content if k[0] != "_")}'
        )
    return check_array(content[key], shape, str(path))


def _shrink(depth: np.ndarray) -> np.ndarray:
    """Frames of millimetres as in the compact folder."""
    frames = np.rint(np.linspace(0, len(depth) - 1, _FRAMES)).astype(int)
    small = _mean_of_valid(depth[frames].astype(np.float64), 4)
    return np.clip(np.rint(small / _MILLIMETRES), 0, 255).astype(np.uint8)


def _mean_of_valid(frames: np.ndarray, block: int) -> np.ndarray:
    """Mean of the pixels of each block that are not 0, else 0."""
    count, height, width = frames.shape
    blocks = frames.reshape(
        count, height // block, block, width // block, block
    )
    total = blocks.sum(axis=(2, 4), dtype=np.float64)
    valid = (blocks > 0).sum(axis=(2, 4))
    return np.asarray(total / np.maximum(valid, 1))


def _sample(
    clip: str,
    numbers: dict[str, int],
    depth: np.ndarray,
    inertial: np.ndarray,
    skeleton: np.ndarray,
) -> dict[str, Any]:
    relative = skeleton - skeleton[:, _HIP : _HIP + 1]
    return {
        'clip': clip,
        **numbers,
        'depth': np.rint(_mean_of_valid(depth, 2)).astype(np.uint8),
        'inertial': resample(inertial, _STEPS['inertial']),
        'skeleton': resample(
            relative.reshape(len(relative), -1), _STEPS['skeleton']
        ),
    }
