"""Samples that stand in for broken ones, and the list of the broken ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mmengine.logging import MessageHub

from mmremix.utils.sample_batch import meta_column

REPLACES = 'replaces'
"""Meta key of a sample that stands in for a broken one."""

Broken = tuple[int, str, str]
"""Index, clip, reason."""

_KEY = 'broken_samples'


def replaced_by(sample: Any) -> Broken | None:
    """The broken sample that a data sample stands in for, if any."""
    found = sample.get(REPLACES)
    return None if found is None else tuple(found)


def broken_in(data_batch: Any) -> list[Broken]:
    """The broken samples that others of this batch stand in for."""
    if not isinstance(data_batch, Mapping):
        return []  # of a data set of another kind
    samples = data_batch.get('data_samples') or ()
    found = meta_column(samples, REPLACES)
    return [tuple(broken) for broken in found if broken is not None]


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
