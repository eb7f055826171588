"""Predictions that are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmremix.utils.errors import MmremixError


class NotFinitePredictionError(MmremixError, FloatingPointError):
    """A prediction that is NaN or infinite, of which no class can be told."""


def refuse_not_finite(sample: Mapping[str, Any]) -> None:
    """Refuse predictions that are NaN or infinite.

    The largest of them would be class 0, and count as an answer.

    Args:
        sample: With ``pred_score``, tensors by name.

    Raises:
        NotFinitePredictionError: With the names and the sample.
    """
    bad = not_finite(sample['pred_score'])
    if bad:
        raise NotFinitePredictionError(
            f'{sample.get("clip") or "a sample"}: the predictions of {bad} '
            'are NaN or infinite. The weights have diverged, or the inputs '
            'of this sample are too large: test another checkpoint, or look '
            'at the sample.'
        )


def not_finite(scores: Mapping[str, Any]) -> list[str]:
    """Names of the predictions that are NaN or infinite.

    Args:
        scores: Tensors by name.
    """
    return [n for n, s in scores.items() if not bool(s.isfinite().all())]
