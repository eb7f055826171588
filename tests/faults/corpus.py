"""Data sets of hostile clips."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mmremix.datasets import AVDataset
from tests.faults.judge import PIPELINE
from tests.faults.media_case import MediaCase


def make_dataset(
    folder: Path,
    cases: Iterable[MediaCase],
    pipeline: Sequence[dict[str, Any]] = PIPELINE,
    on_broken: str = 'raise',
) -> AVDataset:
    """Write an annotation of the cases and build its data set."""
    path = folder / 'cases.csv'
    with path.open('w', newline='', encoding='utf-8') as stream:
        writer = csv.writer(stream)
        writer.writerow(['clip', 'label', 'audio', 'start', 'end'])
        for case in cases:
            times = [case.start, case.end]
            writer.writerow([case.clip, 'x', case.audio, *times])
    return AVDataset(
        path.name,
        data_root=str(folder),
        classes=['x'],
        pipeline=pipeline,
        on_broken=on_broken,
        check_files=False,
    )


def annotation_root(folder: Path) -> Path:
    """A data root for the hostile annotations, with links that lead out."""
    root = folder / 'root'
    (root / 'sub').mkdir(parents=True)
    (root / 'a.mp4').touch()
    (root / 'b.mp4').touch()
    (folder / 'b.mp4').touch()
    (root / 'link.mp4').symlink_to(folder / 'b.mp4')
    (root / 'away').symlink_to(folder)
    return root
