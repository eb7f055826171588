"""What the statistics of the methods mean, in a sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FACTOR = (
    "Factor on the gradients of the modality's encoder. Below 1 it is held "
    'back.'
)
_RATIO = (
    'How far the modality is ahead in a batch: its probability of the true '
    "class by the others'. 1 is balance."
)
_WEIGHT = 'Weights that the gradients are added with.'

_MEANINGS: dict[str, dict[str, str]] = {
    'OGM': {'k': _FACTOR, 'rho': _RATIO},
    'OGMGE': {'k': _FACTOR, 'rho': _RATIO},
    'OPM': {
        'rho': _RATIO,
        'q': 'Probability that features of the modality are dropped.',
    },
    'AGM': {
        'k': "Factor on the gradients of the modality's part of the fused "
        'scores. Below 1 it is held back.',
        's': "Cross entropy of the modality's part of the fused scores. The "
        'lowest is ahead.',
    },
    'PMR': {
        's': 'Mean probability of the true class by distance to the '
        'prototypes.',
        'w': "Weight of the modality's prototype loss. Above 0 it is helped.",
    },
    'MMPareto': {
        'cos': "Cosine between the fused and the modality's own gradient on "
        'its encoder. Below 0 they work against each other.',
        'weight_fusion_at': _WEIGHT,
        'weight_own_at': _WEIGHT,
    },
    'MLA': {
        'kept': "Length of the shared head's gradient after the projection, "
        'by its length before.',
    },
    'InfoReg': {
        'regulated': '1 in steps that held the modality back.',
        'trace': 'Fisher trace of the encoder in the epoch before: the mean '
        'squared length of its gradient.',
        'score': 'Mean probability of the true class in the epoch before. '
        'The highest is dominant.',
    },
    'Greedy': {
        'speed': 'Conditional learning speed: how fast what lets the other '
        'modality in learns beside the own part, as a logarithm.',
        'curating': '1 in steps that cared for a branch.',
    },
    'UMT': {'distance': "Distance of the features from the teachers' own."},
    'ReconBoost': {
        'known_to_others': 'Mean probability of the true class by the other '
        'modalities together.',
    },
    'ModalityDropout': {'kept': 'Share of the samples that keep it.'},
}


def meaning(method: str, statistic: str, config: Mapping[str, Any]) -> str:
    """A sentence on a statistic; empty if it is none of mmremix's.

    Args:
        method: Name of the method in the config.
        statistic: Without the modality, ``'k'``.
        config: Of the run.
    """
    steps = (config.get('model') or {}).get('methods') or {}
    kind = (steps.get(method) or {}).get('type', '')
    kind = kind if isinstance(kind, str) else kind.__name__
    return _MEANINGS.get(kind.rpartition('.')[2], {}).get(statistic, '')
