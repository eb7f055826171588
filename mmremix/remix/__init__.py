"""The algorithm of Data Remixing, as pure functions on tensors.

An epoch after the warm-up is three steps, one module each:

1. :mod:`~mmremix.remix.score`: how far is each modality's own prediction
   from uniform (Eq. 2 of the paper)?
2. :mod:`~mmremix.remix.assign`: each sample keeps its least certain modality
   (Eq. 3).
3. :mod:`~mmremix.remix.plan`: batches that hold one modality only (Eq. 9),
   the same on every rank.

Nothing here needs more than torch. The hook and the sampler that call these
functions from mmengine are in :mod:`mmremix.engine` and
:mod:`mmremix.datasets.samplers`.

Paper: Ma, Chen, Deng, "Improving Multimodal Learning Balance and Sufficiency
through Data Remixing", ICML 2025, arXiv 2506.11550.
"""

from mmremix.remix.assign import (
    UNASSIGNED,
    assign_weakest,
    count_flips,
    modality_counts,
)
from mmremix.remix.plan import ORDERS, TAILS, Batch, joint_plan, plan
from mmremix.remix.score import kl_to_uniform

__all__ = [
    'ORDERS',
    'TAILS',
    'UNASSIGNED',
    'Batch',
    'assign_weakest',
    'count_flips',
    'joint_plan',
    'kl_to_uniform',
    'modality_counts',
    'plan',
]
