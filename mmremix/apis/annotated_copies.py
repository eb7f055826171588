"""Annotated copies of predicted clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmaction.structures import ActionDataSample

from mmremix.apis.clip_pipeline import reason_of
from mmremix.apis.prediction_entry import entry_of, free_name
from mmremix.datasets.media import BrokenMediaError
from mmremix.visualization.annotate import annotate_clip

NO_COPY = 'no annotated copy: '
"""How the note of a clip that could not be annotated begins."""


def check_folder(
    folder: str | Path, clips: Iterable[Mapping[str, Any]]
) -> None:
    """Before anything is predicted, which would be lost.

    Raises:
        ValueError: If a copy would replace its clip.
    """
    taken: set[Path] = set()
    for clip in clips:
        free_name(Path(folder), clip['clip'], taken)


def write_copies(
    preds: Sequence[ActionDataSample],
    classes: Sequence[str],
    folder: str | Path,
) -> list[str | None]:
    """Write copies of clips with the predictions on them.

    Args:
        preds: Predictions; a clip that cannot be annotated gets a note.
        classes: Names, by index.
        folder: Made if it is not there.

    Returns:
        Files; ``None`` for a clip without a prediction, or that cannot be
        annotated: it has no video, or cannot be decoded or written again.
        The others go on.

    Raises:
        ValueError: If a copy would replace its clip.
    """
    written: list[str | None] = []
    taken: set[Path] = set()
    for sample in preds:
        written.append(None)
        entry = entry_of(sample, classes, topk=1)
        if entry['error'] is not None:
            continue
        target = free_name(Path(folder), entry['clip'], taken)
        try:
            annotate_clip(entry, target)
        except Exception as error:
            # FFmpeg refuses what it reads in many ways. The predictions are
            # made, and no clip may take them away.
            why = reason_of(error, entry)
            if not isinstance(error, BrokenMediaError):
                why = f'{type(error).__name__}: {why}'
            note = f'{NO_COPY}{why}'
            sample.set_metainfo({'notes': [*entry['notes'], note]})
        else:
            written[-1] = str(target)
    return written
