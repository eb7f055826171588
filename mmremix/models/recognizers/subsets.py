"""What a model says of the same samples with fewer modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mmremix.models.fusion_heads import StagedFusionHead
from mmremix.models.output import Output
from mmremix.models.tokens import Feature
from mmremix.utils.names import FUSION, HEADS
from mmremix.utils.shapley import Subset

if TYPE_CHECKING:
    from mmremix.models.recognizers.step import Step


def subset_scores(
    model: Step,
    inputs: Mapping[str, Tensor],
    subsets: Sequence[Subset],
    output: Output | None = None,
) -> dict[Subset, dict[str, Tensor]]:
    """Class scores with each of some sets of modalities.

    The others are absent. A late fusion encodes each modality once for all
    sets; a fusion between the stages of the encoders once for each set.

    Args:
        model: In evaluation mode.
        inputs: ``(B, ...)`` for every modality, preprocessed.
        subsets: Non-empty sets.
        output: What the model made of the inputs, if it has run: its
            features then need not be computed again.

    Returns:
        ``(B, num_classes)`` of ``fusion`` and of each modality of the set,
        before the softmax.
    """
    if isinstance(model.fusion, StagedFusionHead):
        return {
            subset: model.run({name: inputs[name] for name in subset}).scores
            for subset in subsets
        }
    output = output or model.encode(inputs)
    features = output.fusion_inputs
    used = dict.fromkeys(name for subset in subsets for name in subset)
    alone: Mapping[str, Feature] = output.features
    if model.unimodal == 'fusion':
        alone = features
    own = {name: model.classify(name, alone[name]) for name in used}
    return {
        subset: {
            FUSION: model.fuse({name: features[name] for name in subset}),
            **{name: own[name] for name in subset},
        }
        for subset in subsets
    }


def subset_labels(scores: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Classes ``(B,)`` by the fused head and by the sum of heads."""
    own = [
        value.float().log_softmax(dim=1)
        for name, value in scores.items()
        if name != FUSION
    ]
    return {
        FUSION: scores[FUSION].argmax(dim=1),
        HEADS: torch.stack(own).sum(0).argmax(dim=1),
    }
