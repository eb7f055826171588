"""DGL: encoders learn from their own heads, the fusion from what they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from mmremix.methods.base import Method
from mmremix.models.tokens import Feature, on_values
from mmremix.registry import MODELS

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output


@MODELS.register_module()
class DGL(Method):
    """Disentangled gradient learning.

    The fusion sees detached features: the fused loss trains the fusion head
    alone, and each encoder learns from its own head's loss only (Wei et al.,
    Boosting Multimodal Learning via Disentangled Gradient Learning, ICCV
    2025, arXiv:2507.10213). It acts on every batch.

    Example::

        method_dgl = dict(step=dict(type='DGL'))

    Raises:
        ValueError: Before training, if an encoder's own head has no loss, or
            for a fusion between the encoders' stages.
    """

    takes_multi_label = True
    needs_late_fusion = True
    takes_tokens = True

    def check(self, model: AVRecognizer) -> None:
        """Refuse a model in which nothing would train an encoder."""
        reason = 'DGL trains each encoder by the loss of its own head alone, '
        if model.unimodal == 'fusion':
            raise ValueError(
                f"{reason}and unimodal='fusion' has no heads. Write: "
                "model=dict(unimodal='heads')"
            )
        for case, weights in model.loss_weights.items():
            zero = [name for name in model.modalities if weights[name] == 0]
            if zero:
                raise ValueError(
                    f'{reason}and that of {zero} has the weight 0 for '
                    f'{case}. Write: model=dict(loss_weights=dict('
                    f'{case}=dict({zero[0]}=1.0)))'
                )

    def into_fusion(
        self,
        model: AVRecognizer,
        output: Output,
        features: dict[str, Feature],
    ) -> dict[str, Feature]:
        """Let no gradient back."""
        return {
            name: on_values(Tensor.detach, feature)
            for name, feature in features.items()
        }
