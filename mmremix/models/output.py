"""What a recognizer makes of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from mmremix.models.tokens import Feature
from mmremix.utils.padded import Padded


@dataclass
class Output:
    """A batch of B samples that keep the same modalities, and its results.

    Losses, balancing methods, the angles between gradients and the
    contributions read this and nothing else.

    Attributes:
        inputs: ``(B, ...)`` for each loaded modality, also masked ones;
            a ``Padded`` where samples differ in length.
        active: Names of the modalities that the samples keep.
        labels: Classes, int64 ``(B,)``, while training; 0 and 1, float32
            ``(B, M)``, where samples may have several.
        share: B as a fraction of the whole batch, less than 1 where samples
            that keep other modalities are in it. Losses are weighed with it.
        features: Of each encoded modality, ``(B, d)``, as the heads see
            them.
        tokens: Of each encoded modality, where the fusion takes tokens
            (:class:`TokenFusionHead`): ``(B, T, d)`` and their mask.
        scores: Class scores before the softmax (with several labels a
            sample, the sigmoid), ``(B, M)``: ``fusion``
            first, then each active modality's own.
        fusion_state: Of a fusion between the stages of the encoders.
    """

    inputs: Mapping[str, Tensor | Padded]
    active: tuple[str, ...]
    labels: Tensor | None = None
    share: float = 1.0
    features: dict[str, Tensor] = field(default_factory=dict)
    tokens: dict[str, Padded] = field(default_factory=dict)
    scores: dict[str, Tensor] = field(default_factory=dict)
    fusion_state: Any = None

    @property
    def fusion_inputs(self) -> dict[str, Feature]:
        """What the fusion takes of each modality: tokens, or features."""
        return {**(self.tokens or self.features)}

    @property
    def target(self) -> Tensor:
        """The labels, where there must be some.

        Raises:
            ValueError: If the samples have none.
        """
        if self.labels is None:
            raise ValueError('The samples have no labels to learn from.')
        return self.labels
