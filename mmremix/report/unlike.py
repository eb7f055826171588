"""A warning above the report where unlike runs are compared."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mmremix.report.differences import (
    HEADING,
    Difference,
    differences,
    warning,
)
from mmremix.report.run_group import RunGroup


def unlike(groups: Sequence[RunGroup]) -> str:
    """What makes the comparison less fair than it looks; or nothing."""
    found = differences(groups)
    if not found:
        return ''
    warned = warning(found)
    listed = [d for d in found if d.kind] if warned else found
    rest = [d for d in found if not d.kind] if warned else []
    kind = 'warning' if warned else 'note'
    said = f'<p><strong>{escape(warned)}</strong></p>' if warned else ''
    also = ''
    if rest:
        also = f'<p>They also differ in:</p>{_items(rest)}'
    return (
        f'<aside class="{kind}" aria-label="How the runs differ">{said}'
        f'<p>{HEADING}</p>{_items(listed)}{also}</aside>'
    )


def _items(found: Sequence[Difference]) -> str:
    items = ''.join(f'<li>{escape(d.sentence)}</li>' for d in found)
    return f'<ul>{items}</ul>'
