"""Tiny files of arrays, of the shapes that configs expect."""

from __future__ import annotations

import numpy as np

SETS = {
    'utd': dict(depth=(12, 30, 40), inertial=(128, 6), skeleton=(64, 60)),
    'digits': dict(spectrogram=(1, 64, 40), image=(1, 28, 28)),
    'letters': {'spectrogram_0db': (1, 129, 41), 'video': (8, 32, 32)},
    'handwritten': dict(
        pix=(240,), fou=(76,), fac=(216,), zer=(47,), kar=(64,), mor=(6,)
    ),
}
CLASSES = {'utd': 27, 'digits': 10, 'letters': 25, 'handwritten': 10}
UINT8 = ('depth', 'image', 'video')
NAMED = {'utd': 'action', 'letters': 'letter'}


def make_arrays(name, rows=8, seed=0):
    """Random arrays of a set; half of the rows train, half test."""
    generator = np.random.default_rng(seed)
    arrays = {
        key: generator.integers(0, 255, (rows, *shape), dtype=np.uint8)
        if key in UINT8
        else generator.standard_normal((rows, *shape), dtype=np.float32)
        for key, shape in SETS[name].items()
    }
    label = np.arange(rows) // 2 % CLASSES[name]
    label[-1] = CLASSES[name] - 1
    arrays['label'] = label
    arrays['split'] = np.where(np.arange(rows) % 2, 'test', 'train')
    if name in NAMED:
        names = [f'{NAMED[name]} {i}' for i in range(CLASSES[name])]
        arrays['classes'] = np.array(names)
    return arrays


def write_set(folder, name, **options):
    """The file where a config finds it, under a data root."""
    path = folder / f'{name}.npz'
    np.savez(path, **make_arrays(name, **options))
    return path


def set_of(config):
    """The set of a config, or nothing if it is one of clips."""
    return next((name for name in SETS if f'_{name}_' in config), None)
