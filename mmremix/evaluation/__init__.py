"""Metrics."""

from mmremix.evaluation.contribution import (
    Contribution,
    measure_contribution,
    shapley_values,
)
from mmremix.evaluation.metrics import MultimodalAccuracy

__all__ = [
    'Contribution',
    'MultimodalAccuracy',
    'measure_contribution',
    'shapley_values',
]
