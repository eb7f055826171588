"""Weights of the losses, in joint and in remix steps."""

from __future__ import annotations

from collections.abc import Mapping

FUSION = 'fusion'
"""Name of the fused prediction beside the modalities' own."""

_DEFAULT = {
    'joint': {FUSION: 1.0, 'unimodal': 0.5},
    'remix': {FUSION: 1.0, 'unimodal': 1.0},
}


def merge_weights(
    given: Mapping[str, Mapping[str, float]], modalities: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """Resolve ``loss_weights`` to one number a phase and prediction.

    Args:
        given: See :class:`AVRecognizer`.
        modalities: Names of the modalities.

    Returns:
        For ``joint`` and ``remix``, the weight of ``fusion`` and of each
        modality.

    Raises:
        ValueError: On an unknown phase or key.
    """
    allowed = {FUSION, 'unimodal', *modalities}
    for phase, weights in given.items():
        if phase not in _DEFAULT or not set(weights) <= allowed:
            raise ValueError(
                f'loss_weights has {phase}={dict(weights)}; the phases are '
                f"'joint' and 'remix', the keys {sorted(allowed)}. Write: "
                'loss_weights=dict(joint=dict(fusion=1.0, unimodal=0.5), '
                'remix=dict(fusion=1.0, unimodal=1.0))'
            )
    merged = {}
    for phase, default in _DEFAULT.items():
        weights = {**default, **given.get(phase, {})}
        merged[phase] = {
            FUSION: weights[FUSION],
            **{n: weights.get(n, weights['unimodal']) for n in modalities},
        }
    return merged
