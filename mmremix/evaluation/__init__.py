"""Metrics and contributions of modalities."""

from mmremix.evaluation.contribution import (
    Contribution,
    measure_contribution,
)
from mmremix.evaluation.dataset_rows import DatasetRows, collect_rows
from mmremix.evaluation.metrics import (
    MultiLabelMetric,
    MultimodalAccuracy,
    SubsetAccuracy,
)
from mmremix.utils.shapley import shapley_values

__all__ = [
    'Contribution',
    'DatasetRows',
    'MultiLabelMetric',
    'MultimodalAccuracy',
    'SubsetAccuracy',
    'collect_rows',
    'measure_contribution',
    'shapley_values',
]
