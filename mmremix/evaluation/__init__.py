"""Metrics."""

from mmremix.evaluation.contribution import (
    Contribution,
    measure_contribution,
)
from mmremix.evaluation.dataset_rows import DatasetRows, collect_rows
from mmremix.evaluation.metrics import MultimodalAccuracy
from mmremix.utils.shapley import shapley_values

__all__ = [
    'Contribution',
    'DatasetRows',
    'MultimodalAccuracy',
    'collect_rows',
    'measure_contribution',
    'shapley_values',
]
