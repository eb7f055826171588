"""Metrics."""

from mmremix.evaluation.contribution import (
    Contribution,
    measure_contribution,
    shapley_values,
)
from mmremix.evaluation.dataset_rows import DatasetRows, collect_rows
from mmremix.evaluation.metrics import MultimodalAccuracy

__all__ = [
    'Contribution',
    'DatasetRows',
    'MultimodalAccuracy',
    'collect_rows',
    'measure_contribution',
    'shapley_values',
]
