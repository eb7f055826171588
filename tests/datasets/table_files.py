"""A tiny table of a sensor, a picture and a sentence."""

from __future__ import annotations

import csv

import cv2
import numpy as np

WORDS = ('low and dark', 'high and bright', 'wild mixture')
MODALITIES = {
    'sensor': {'reader': 'npy', 'length': 16},
    'photo': {'reader': 'image', 'size': (16, 16)},
    'words': {'reader': 'bag_of_words', 'column': 'sentence', 'size': 32},
}


def write_table(root, count=12, gaps=(), name='samples.csv', split=8):
    """Files and a CSV; ``gaps`` are pairs of a sample and its empty column."""
    rng = np.random.default_rng(0)
    for folder in ('sensor', 'photo'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    rows = []
    for i in range(count):
        label = i % 3
        series = rng.normal(label, 1, (10 + i, 4)).astype(np.float32)
        np.save(root / 'sensor' / f'{i}.npy', series)
        picture = np.full((20, 24, 3), 80 * label, np.uint8)
        cv2.imwrite(str(root / 'photo' / f'{i}.png'), picture)
        row = {
            'label': 'abc'[label],
            'sensor': f'sensor/{i}.npy',
            'photo': f'photo/{i}.png',
            'sentence': WORDS[label],
            'person': f'p{i % 2}',
            'split': 'train' if i < split else 'test',
        }
        for sample, column in gaps:
            if sample == i:
                row[column] = ''
        rows.append(row)
    with (root / name).open('w', newline='') as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows
