"""What balancing may do for a joint model, from the model itself."""

from mmremix.evaluation.diagnosis.evidence import (
    Evidence,
    of_accuracies,
    of_log_probs,
    of_samples,
    over_runs,
)
from mmremix.evaluation.diagnosis.rules import (
    HELPS,
    HURTS,
    LEVEL,
    Diagnosis,
    diagnose,
)
from mmremix.evaluation.diagnosis.wording import sentence, table

__all__ = [
    'HELPS',
    'HURTS',
    'LEVEL',
    'Diagnosis',
    'Evidence',
    'diagnose',
    'of_accuracies',
    'of_log_probs',
    'of_samples',
    'over_runs',
    'sentence',
    'table',
]
