"""Read-outs: which predictions of a model to listen to, and how much.

Functions of arrays, without a model or a run.
"""

from mmremix.evaluation.readouts.choose import Choice, choose
from mmremix.evaluation.readouts.pool import fit_pool
from mmremix.evaluation.readouts.readout import (
    Readout,
    apply,
    candidates,
    heads,
    shown_subsets,
)

__all__ = [
    'Choice',
    'Readout',
    'apply',
    'candidates',
    'choose',
    'fit_pool',
    'heads',
    'shown_subsets',
]
