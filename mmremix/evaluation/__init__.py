"""Metrics, contributions of modalities, and read-outs."""

from mmremix.evaluation.contribution import (
    Contribution,
    measure_contribution,
)
from mmremix.evaluation.dataset_rows import DatasetRows, collect_rows
from mmremix.evaluation.metrics import MultimodalAccuracy, SubsetAccuracy
from mmremix.evaluation.readouts import Choice, Readout
from mmremix.utils.shapley import shapley_values

__all__ = [
    'Choice',
    'Contribution',
    'DatasetRows',
    'MultimodalAccuracy',
    'Readout',
    'SubsetAccuracy',
    'collect_rows',
    'measure_contribution',
    'shapley_values',
]
