"""How far each modality is ahead of the others within a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mmremix.methods.base import Method
from mmremix.models.fusion_heads import ConcatFusionHead, SumFusionHead
from mmremix.models.tokens import Feature

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output


def scores_alone(
    model: AVRecognizer, features: Mapping[str, Feature]
) -> dict[str, Tensor]:
    """What the fused scores owe to each modality, ``z_u``, without gradient.

    ``W_u f_u + b / K`` for :class:`~mmremix.models.ConcatFusionHead` and
    ``W_u f_u + b_u`` for :class:`~mmremix.models.SumFusionHead`, of which the
    fused scores are the sum (OGM-GE, Peng et al., CVPR 2022,
    arXiv:2203.15332). For other fusion heads, the fused scores with
    the other modalities absent.

    Args:
        model: Whose fusion is asked.
        features: What the fusion takes of each of the K modalities,
            ``(B, d_u)`` or tokens.

    Returns:
        ``(B, M)`` for each modality, float32.
    """
    fusion = model.fusion
    found = {}
    with torch.no_grad():
        for name, feature in features.items():
            if isinstance(fusion, SumFusionHead):
                scores = fusion.fcs[name](feature)
            else:
                scores = model.fuse({name: feature})
            if isinstance(fusion, ConcatFusionHead):
                spare = 1 - 1 / len(features)
                scores = scores.float() - spare * fusion.fc.bias
            found[name] = scores.float()
    return found


def discrepancies(sums: Tensor) -> Tensor:
    """OGM-GE's rho: each modality's sum by the mean of the others'.

    For K = 2 it is the published ``s_u / s_v``; the mean of the others' for
    K > 2 is ours.

    Args:
        sums: Probability of the true class, summed over a batch, ``(K,)``.

    Returns:
        ``(K,)``; above 1: ahead of the others.
    """
    count = len(sums)
    # Not total - s, which cancels where one is much smaller; nor a matrix
    # product, which autocast rounds to 16 bits.
    elsewhere = 1 - torch.eye(count, dtype=sums.dtype, device=sums.device)
    mean = (elsewhere * sums).sum(dim=1) / (count - 1)
    return sums / mean.clamp(min=torch.finfo(sums.dtype).tiny)


class DiscrepancyMethod(Method):
    """Base class of what acts by the discrepancy of each batch.

    Args:
        start_epoch: First epoch, from 0, in which it acts.
        end_epoch: Last epoch in which it acts; ``None``: the last of all.

    Raises:
        ValueError: If no epoch is left; before training, for a fusion between
            the encoders' stages.
    """

    compares_modalities = True
    needs_late_fusion = True
    takes_tokens = True

    def __init__(
        self, start_epoch: int = 0, end_epoch: int | None = None
    ) -> None:
        super().__init__()
        last = start_epoch if end_epoch is None else end_epoch
        if not 0 <= start_epoch <= last:
            kind = type(self).__name__
            raise ValueError(
                f'{kind}: no epoch is from start_epoch={start_epoch} to '
                f'end_epoch={end_epoch}. Write: dict(type={kind!r}, '
                'start_epoch=0, end_epoch=50)'
            )
        self.start_epoch = start_epoch
        self.end_epoch = end_epoch

    def discrepancies(
        self, model: AVRecognizer, output: Output
    ) -> Tensor | None:
        """:func:`discrepancies` over the batches of all ranks.

        They are recorded, as ``rho_<name>``.

        Args:
            model: The model.
            output: With its features.

        Returns:
            ``(K,)``, in the order of ``output.features``; ``None`` in an
            epoch or on a batch (without all modalities) where nothing is
            to be done.
        """
        epoch, end = self.clock.epoch, self.end_epoch
        if epoch < self.start_epoch or (end is not None and epoch > end):
            return None
        if len(output.active) < len(model.modalities):
            return None
        target = output.target[:, None]
        sums = [
            scores.softmax(dim=1).gather(1, target).sum()
            for scores in scores_alone(model, output.fusion_inputs).values()
        ]
        rho = discrepancies(self.sum_over_ranks(torch.stack(sums)))
        for name, value in zip(output.features, rho, strict=True):
            self.record(f'rho_{name}', value)
        return rho
