"""What ``tools/test.py`` found in the work directory of a training."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from mmremix.report.scalars import find_runs

_LOADED = re.compile(r'^load_from = (["\'])(.*)\1$', re.MULTILINE)


@dataclass(frozen=True)
class Tested:
    """A test run.

    Attributes:
        folder: Name of its folder, the time at which it began.
        checkpoint: Name of the file that was tested; empty if not known.
        metrics: ``{'acc/fusion_top1': 0.8, ...}``.
    """

    folder: str
    checkpoint: str
    metrics: dict[str, float]


def read_tested(work_dir: str | Path) -> list[Tested]:
    """The test runs in a work directory, by the names of their folders.

    Args:
        work_dir: With mmengine's ``<time>/<time>.json``.
    """
    found = []
    for folder in sorted(Path(work_dir).glob('*/')):
        metrics = _metrics(folder / f'{folder.name}.json')
        if metrics:
            name = _checkpoint(folder / 'vis_data/config.py')
            found.append(Tested(folder.name, name, metrics))
    return found


def work_dir_of(checkpoint: str | Path) -> str | None:
    """The work directory of the training that wrote a checkpoint.

    Args:
        checkpoint: File, or an address.

    Returns:
        The folder that the file lies in; ``None`` if no training has logged
        anything there, or nothing can be written there.
    """
    folder = Path(checkpoint).parent
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        return None
    try:
        found = find_runs(folder)
    except (OSError, ValueError):
        return None
    return str(folder) if found else None


def _metrics(file: Path) -> dict[str, float]:
    try:
        found = json.loads(file.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        # No test, or it was killed while it wrote.
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        name: float(value)
        for name, value in found.items()
        if '/' in name and isinstance(value, int | float)
    }


def _checkpoint(config: Path) -> str:
    try:
        text = config.read_text(encoding='utf-8', errors='replace')
    except OSError:
        return ''
    match = _LOADED.search(text)
    return re.split(r'[\\/]', match[2])[-1] if match else ''
