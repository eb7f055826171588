"""The list of samples that could not be loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mmengine.logging import MessageHub

_KEY = 'broken_samples'

Broken = tuple[int, str, str]
"""Index, clip, reason."""


def broken_samples() -> dict[tuple[int, str], Broken]:
    """The broken samples that this process has met, by index and clip."""
    hub = MessageHub.get_current_instance()
    return hub.get_info(_KEY) or {}


def record_broken(samples: Iterable[Broken]) -> None:
    """Add to the list; it lives as long as the run, not in checkpoints."""
    found = {(item[0], item[1]): item for item in samples}
    if found:
        hub = MessageHub.get_current_instance()
        hub.update_info(_KEY, {**broken_samples(), **found}, resumed=False)


def broken_in(data_batch: dict[str, Any]) -> list[Broken]:
    """The broken samples that others of this batch stand in for."""
    if not isinstance(data_batch, Mapping):
        return []  # of a data set of another kind
    return [
        tuple(sample.metainfo['replaces'])
        for sample in data_batch.get('data_samples') or ()
        if sample.metainfo.get('replaces') is not None
    ]
