"""Whether the modalities' own predictions mean anything."""

from __future__ import annotations

from mmremix.models.recognizers import AVRecognizer


def heads_are_trained(model: AVRecognizer) -> bool:
    """Whether the modalities' own predictions mean anything."""
    if model.unimodal != 'heads':
        return len(model.modalities) > 1
    return any(
        weights[name] > 0
        for weights in model.loss_weights.values()
        for name in model.modalities
    )
