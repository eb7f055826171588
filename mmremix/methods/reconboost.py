"""ReconBoost: modalities take turns, each learning what the others cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mmremix.methods.base import Method
from mmremix.models.evaluating import evaluating
from mmremix.models.fusion_heads import DecisionFusionHead
from mmremix.registry import MODELS
from mmremix.utils.names import FUSION

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output


def boosting_loss(
    scores: Tensor,
    others: Tensor,
    labels: Tensor,
    boost_weight: float = 5.0,
    agreement_weight: float = 1.0,
    agreement_gradient: bool = True,
) -> Tensor:
    """Loss of the modality whose turn it is.

    ``-w1 log p[y] + w2 q[y] log p[y]``, the mean over the batch, with p the
    softmax of its scores and q that of the others' sum: it is asked for less
    where the others are right already (ReconBoost, ICML 2024, arXiv
    2405.09321).

    Args:
        scores: Of the modality, ``(B, M)``.
        others: Sum of the others' scores, ``(B, M)``; gets no gradient.
        labels: Classes, int64 ``(B,)``.
        boost_weight: w1.
        agreement_weight: w2.
        agreement_gradient: Whether the second term has a gradient.

    Returns:
        A scalar.
    """
    own = scores.float().log_softmax(dim=1).gather(1, labels[:, None])[:, 0]
    with torch.no_grad():
        known = others.float().softmax(dim=1).gather(1, labels[:, None])[:, 0]
    agreed = own if agreement_gradient else own.detach()
    return (agreement_weight * known * agreed - boost_weight * own).mean()


@MODELS.register_module()
class ReconBoost(Method):
    """Loss of ReconBoost, ICML 2024 (arXiv 2405.09321).

    In a batch that keeps one modality, :func:`boosting_loss` with the other
    modalities' scores, computed in evaluation mode and without gradient. In a
    batch that keeps all, the model's loss of the summed scores. It takes the
    place of the model's own terms and goes with
    :class:`~mmremix.engine.ReconBoostHook`, which makes the stages.

    The fused prediction is the mean of the modalities' scores: a
    ``DecisionFusionHead``, whose classifiers are the modalities' own.

    Example::

        method_reconboost = dict(
            plan=dict(type='ReconBoostHook', stage_epochs=4),
            step=dict(type='ReconBoost'),
            model=dict(
                unimodal='fusion',
                fusion=dict(
                    _delete_=True, type='DecisionFusionHead', absent='skip')))

    Args:
        boost_weight: w1, of the cross entropy of the modality.
        agreement_weight: w2, of the term that takes away from it what the
            others know.
        boost_rate: What the sum of the others' scores is multiplied by.
        agreement_gradient: Whether that term has a gradient, as in the paper.
            In the released code it has none, so that a stage is the
            modality's training alone, w1 times as fast.

    Raises:
        ValueError: On a negative weight or rate.
    """

    needs_late_fusion = True

    def __init__(
        self,
        boost_weight: float = 5.0,
        agreement_weight: float = 1.0,
        boost_rate: float = 1.0,
        agreement_gradient: bool = True,
    ) -> None:
        super().__init__()
        for name, value in (
            ('boost_weight', boost_weight),
            ('agreement_weight', agreement_weight),
            ('boost_rate', boost_rate),
        ):
            if value < 0:
                raise ValueError(
                    f'ReconBoost: {name} must be at least 0, got {value}. '
                    "Write: dict(type='ReconBoost', boost_weight=5.0, "
                    'agreement_weight=1.0, boost_rate=1.0)'
                )
        self.boost_weight = boost_weight
        self.agreement_weight = agreement_weight
        self.boost_rate = boost_rate
        self.agreement_gradient = agreement_gradient

    def check(self, model: AVRecognizer) -> None:
        """Refuse a fused prediction that is not the sum of the scores."""
        if len(model.modalities) < 2:
            raise ValueError(
                'ReconBoost boosts each modality against the others, and '
                f'there is only {model.modalities}. Write: '
                'method_reconboost = None'
            )
        fusion = model.fusion
        sums = (
            isinstance(fusion, DecisionFusionHead)
            and fusion.absent == 'skip'
            and fusion.weights is not None
            and len(set(fusion.weights.values())) == 1
        )
        if not sums or model.unimodal != 'fusion' or model.mask != 'skip':
            raise ValueError(
                "ReconBoost predicts with the sum of the modalities' scores, "
                'and leaves the modalities alone whose turn it is not. It '
                'needs a DecisionFusionHead with equal weights and '
                f"absent='skip', got {type(fusion).__name__}, and "
                f'unimodal={model.unimodal!r}, mask={model.mask!r}. Write: '
                "model=dict(mask='skip', unimodal='fusion', fusion=dict("
                "_delete_=True, type='DecisionFusionHead', absent='skip'))"
            )

    def losses(
        self, model: AVRecognizer, output: Output, losses: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        names = output.active
        # Terms of other methods stay.
        own = {f'loss_{name}' for name in (FUSION, *model.modalities)}
        terms = {key: x for key, x in losses.items() if key not in own}
        if len(names) == len(model.modalities):
            total = torch.stack([output.scores[n] for n in names]).sum(dim=0)
            weight = model.loss_weights['all_active'][FUSION] * output.share
            terms[f'loss_{FUSION}'] = weight * model.criterion(
                total, output.target
            )
            return terms
        others = self._others(model, output)
        with torch.no_grad():
            known = others.float().softmax(dim=1)
            known = known.gather(1, output.target[:, None])
        self.record('known_to_others', self.mean_over_batch(known)[0])
        for name in names:
            weight = model.loss_weights['some_active'][name] * output.share
            terms[f'loss_{name}'] = weight * boosting_loss(
                output.scores[name],
                others,
                output.target,
                self.boost_weight,
                self.agreement_weight,
                self.agreement_gradient,
            )
        return terms

    def _others(self, model: AVRecognizer, output: Output) -> Tensor:
        """Sum of the scores of the modalities that are masked."""
        names = [n for n in model.modalities if n not in output.active]
        missing = [name for name in names if name not in output.inputs]
        if missing:
            raise ValueError(
                f'ReconBoost needs {missing} of samples that keep '
                f'{output.active}, and they are not loaded. Let it plan the '
                'epochs: method_reconboost = dict(plan=dict('
                "type='ReconBoostHook'), step=dict(type='ReconBoost'))"
            )
        with torch.no_grad(), evaluating(model):
            scores = model.run(
                {name: output.inputs[name] for name in names}, fused=False
            ).scores
            total = torch.stack([scores[name] for name in names]).sum(dim=0)
        return self.boost_rate * total
