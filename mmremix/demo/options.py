"""What a demo set is made with, and what an earlier run has left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mmremix.demo.classes import NAMES


def checked_number(name: str, value: Any, low: Any, high: Any) -> Any:
    """``value``, checked, as the type of ``low``."""
    kind = type(low)
    allowed = (int, np.integer) if kind is int else (int, float, np.number)
    if isinstance(value, bool) or not isinstance(value, allowed):
        raise TypeError(f'{name} must be {kind.__name__}, got {value!r}.')
    if not low <= value <= high:  # refuses NaN too
        raise ValueError(f'{name} must lie in [{low}, {high}], got {value}.')
    return kind(value)


def previous_record(
    out: Path, options: dict[str, Any], overwrite: bool
) -> Any:
    """The record of an earlier run with these options; {} without one."""
    record = out / 'demo.json'
    advice = 'Choose another --out, or pass --overwrite to replace the clips.'
    if out.exists() and not out.is_dir():
        raise ValueError(f'{out} is not a folder. Choose another --out.')
    if overwrite or not out.exists() or not any(out.iterdir()):
        return {}
    if not record.is_file():
        raise ValueError(f'{out} holds files, but no demo.json. {advice}')
    try:
        found = json.loads(record.read_text(encoding='utf-8'))
        old = dict(found['options'])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'Cannot read {record}: {error}. {advice}') from error
    changed = [
        f'{key}: {old.get(key)} there, {options.get(key)} asked for'
        for key in {**options, **old}
        if old.get(key) != options.get(key)
    ]
    if changed:
        raise ValueError(
            f'{out} holds a demo set made with other options '
            f'({"; ".join(changed)}). {advice}'
        )
    return found


def annotation_texts(
    counts: dict[str, int], num_classes: int
) -> tuple[dict[str, str], dict[str, tuple[str, int]]]:
    """Text of the annotation files, and (split, index) of every clip."""
    texts = {'classes.txt': ''.join(f'{n}\n' for n in NAMES[:num_classes])}
    clips: dict[str, tuple[str, int]] = {}
    for split, count in counts.items():
        lines = ['clip,label']
        for index in range(count):
            clip = f'clips/{split}_{index:05d}.mp4'
            clips[clip] = split, index
            lines.append(f'{clip},{NAMES[index % num_classes]}')
        texts[f'{split}.csv'] = '\n'.join(lines) + '\n'
    return texts, clips
