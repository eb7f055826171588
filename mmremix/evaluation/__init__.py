"""Metrics."""

from mmremix.evaluation.metrics import MultimodalAccuracy

__all__ = ['MultimodalAccuracy']
