"""Tables of the loader benchmark."""

from __future__ import annotations

import statistics
from typing import Any

ITEMS = ('joint', 'audio', 'video', 'scoring')
PYAV, DECORD = 'mmaction2 PyAV', 'mmaction2 decord'

SOUND = ', sound packed'


def summary(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median and range of each way."""
    return {
        name: {'median': statistics.median(t), 'min': min(t), 'max': max(t)}
        for name, t in times.items()
    }


def ratios(times: dict[str, list[float]]) -> dict[str, float]:
    """Of medians; each quotient's two sides ran in the same rounds."""
    median = {name: statistics.median(t) for name, t in times.items()}
    table = {}
    copies = (', packed as array', ', packed as clip', SOUND)
    for suffix in ('', *copies):
        joint, audio, video, scoring = (median[i + suffix] for i in ITEMS)
        table[f'audio / joint{suffix}'] = audio / joint
        table[f'video / joint{suffix}'] = video / joint
        table[f'scoring / joint{suffix}'] = scoring / joint
        half = (audio + video) / 2
        table[f'remix item at equal shares / joint{suffix}'] = half / joint
        if suffix:
            table[f'joint{suffix} / joint'] = joint / median['joint']
    for name in (PYAV, DECORD):
        if name in median:
            table[f'video / {name}'] = median['video'] / median[name]
            whole = median[name] + median['audio']
            table[f'joint / ({name} + audio)'] = median['joint'] / whole
    return table


def show(figures: dict[str, Any]) -> None:
    """Print the tables."""
    clips = figures['clips']
    print(', '.join(f'{key}: {value}' for key, value in clips.items()))
    print(f'\n{"CPU ms per sample":32} median     min     max')
    for name, row in figures['cpu_ms'].items():
        print(
            f'{name:32}{row["median"]:7.2f} {row["min"]:7.2f} '
            f'{row["max"]:7.2f}'
        )
    print('\nRatios of medians')
    for name, value in figures['ratios'].items():
        print(f'{name:53} {value:6.3f}')
    if figures['workers']:
        print(f'\n{"DataLoader":20} workers  CPU ms  samples/s (wall)')
    for row in figures['workers']:
        print(
            f'{row["way"]:20} {row["workers"]:7} {row["cpu_ms"]:7.2f} '
            f'{row["samples_per_second"]:10.0f}'
        )
