"""What a prediction is called, and its colour."""

from __future__ import annotations

from mmremix.models import FUSION, HEADS
from mmremix.visualization.report.run_data import RunData


def kinds(run: RunData) -> dict[str, str]:
    """CSS classes of the predictions' colours."""
    return {
        name: 's0' if not i else f's{(i - 1) % 5 + 1}'
        for i, name in enumerate(run.predictions)
    }


def called(name: str) -> str:
    """A prediction's name on the page."""
    return {FUSION: 'fused', HEADS: 'sum of heads'}.get(name, name)
