"""The algorithm of Data Remixing, as pure functions on tensors.

An epoch after the warm-up is three steps, one module each:

1. :mod:`~mmremix.remix.score`: how far is each modality's own prediction
   from uniform (Eq. 2 of the paper)?
2. :mod:`~mmremix.remix.assign`: each sample keeps its least certain modality
   (Eq. 3).
3. :mod:`~mmremix.remix.items` and :mod:`~mmremix.remix.plan`: batches that
   hold one modality only (Eq. 9), the same on every rank.

Other methods that decide what an epoch trains on (copies, several of three
modalities, each batch once a modality) hand other items to the same plan.

Nothing here needs more than torch. The hook and the sampler that call these
functions from mmengine are in :mod:`mmremix.engine` and
:mod:`mmremix.datasets.samplers`.

Paper: Ma, Chen, Deng, "Improving Multimodal Learning Balance and Sufficiency
through Data Remixing", ICML 2025, arXiv 2506.11550.
"""

from mmremix.remix.assign import (
    RULES,
    TIES,
    UNASSIGNED,
    assign,
    assign_weakest,
    count_flips,
    ensure_min_share,
    modality_counts,
)
from mmremix.remix.bucket import bucketed, item_lengths
from mmremix.remix.items import Items, occurrences
from mmremix.remix.plan import (
    ORDERS,
    TAILS,
    Batch,
    mix_in_joint,
    plan,
    split_batches,
)
from mmremix.remix.reliability import (
    deal_shares,
    group_interval,
    reliable_shares,
    wilson_interval,
)
from mmremix.remix.score import (
    bernoulli_kl,
    kl_to_uniform,
    probability_margin,
    true_class_probability,
)

__all__ = [
    'ORDERS',
    'RULES',
    'TAILS',
    'TIES',
    'UNASSIGNED',
    'Batch',
    'Items',
    'assign',
    'assign_weakest',
    'bernoulli_kl',
    'bucketed',
    'count_flips',
    'deal_shares',
    'ensure_min_share',
    'group_interval',
    'item_lengths',
    'kl_to_uniform',
    'mix_in_joint',
    'modality_counts',
    'occurrences',
    'plan',
    'probability_margin',
    'reliable_shares',
    'split_batches',
    'true_class_probability',
    'wilson_interval',
]
