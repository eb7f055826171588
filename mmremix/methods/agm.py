"""AGM: scale the gradients of each modality's part of the fused scores."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from mmremix.methods.base import Method
from mmremix.models.evaluating import evaluating
from mmremix.models.fusion_heads import StagedFusionHead
from mmremix.models.tokens import repeat_first
from mmremix.registry import MODELS
from mmremix.utils.names import FUSION
from mmremix.utils.shapley import all_subsets, shapley_values

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output

ABSENT = ('input', 'feature')
_LARGEST_EXPONENT = 10.0


@lru_cache
def shapley_matrix(names: tuple[str, ...]) -> Tensor:
    """From the scores of subsets to the modalities' parts, ``phi = W F``.

    ``phi_u`` is the Shapley value of u in the fused scores, where no modality
    at all counts as scores of 0. For two it is ``(F(a, v) - F(v) + F(a)) /
    2`` (Li et al., Boosting Multi-modal Model Performance with Adaptive
    Gradient Modulation, ICCV 2023, arXiv:2308.07686). The parts add up to
    ``F(all)``.

    Args:
        names: Of the K modalities.

    Returns:
        ``(K, 2^K - 1)``; a column for each non-empty subset, in the
        order of the names, all of them last.
    """
    subsets = all_subsets(names)
    columns = []
    for chosen in subsets[1:]:
        worth = {subset: float(subset == chosen) for subset in subsets}
        values = shapley_values(worth)
        columns.append([values[name] for name in names])
    return torch.tensor(columns).T


def agm_coefficients(now: Tensor, running: Tensor, alpha: float) -> Tensor:
    """Factor k of the gradient that enters each modality's part.

    ``r_u = exp(s_v - s_u)`` of this batch and of the running means, and
    ``k_u = exp(alpha (r*_u - r_u))``. With more than two modalities, s_v is
    the mean of the others. No argument of an exponential exceeds 10.

    Args:
        now: Mean cross entropy s of each part in this batch, ``(K,)``.
        running: The means of the batches before, ``(K,)``.
        alpha: Strength; 0 changes nothing.

    Returns:
        ``(K,)``, positive.
    """

    def ratio(s: Tensor) -> Tensor:
        # (sum of others) / (K - 1) - s, without the sum's cancellation.
        lead = (s[None] - s[:, None]).sum(dim=1) / (len(s) - 1)
        return lead.clamp(max=_LARGEST_EXPONENT).exp()

    exponent = alpha * (ratio(running) - ratio(now))
    return exponent.clamp(max=_LARGEST_EXPONENT).exp()


def modulated(scores: Tensor, matrix: Tensor, k: Tensor) -> Tensor:
    """Fused scores, the gradient into each part of them times its factor.

    With ``phi = W F`` and a gradient g of the fused scores, that of the
    scores of subset S is ``sum_u k_u W_uS g``. The values, and for k = 1 the
    gradients, are those of ``F(all)`` to the last bit.

    Args:
        scores: F of every non-empty subset, all modalities last, ``(2^K - 1,
            B, M)``.
        matrix: W, ``(K, 2^K - 1)``.
        k: ``(K,)``.

    Returns:
        ``(B, M)``.
    """
    # The plain gradient comes through F(all); this is what k changes of it.
    # Products and sums, as autocast rounds matrix products to 16 bits.
    extra = ((k - 1)[:, None] * matrix).sum(dim=0).to(scores.dtype)
    change = extra[:, None, None] * (scores - scores.detach())
    return scores[-1] + change.sum(dim=0)


@MODELS.register_module()
class AGM(Method):
    """Adaptive gradient modulation.

    The fused scores are split into a part phi_u of each modality, by Shapley
    values over the scores that the model gives with the others absent. The
    gradient of the fused loss that enters phi_u is multiplied by
    ``k_u = exp(alpha (r*_u - r_u))``: larger than 1 for a modality that, by
    its cross entropy, is less ahead in this batch than on average. The other
    losses stay as they are.

    Logs ``k_<name>`` and ``s_<name>``, the mean cross entropy of phi_u.

    Example::

        method_agm = dict(step=dict(type='AGM', alpha=1.0))

    Args:
        alpha: Strength; 0 is plain training.
        absent: What an absent modality is. ``'input'``: a zero input, in
            passes of their own in evaluation mode and with gradient, as in
            the authors' code. It costs one more pass of every encoder; with a
            fusion between stages, one of the model for each of the
            ``2^K - 2`` subsets. ``'feature'``: a zero feature (what the
            fusion head takes for absent), for which nothing is encoded again.

    Raises:
        ValueError: On a negative alpha or an unknown ``absent``; before
            training, if there is no fused loss, or no features because the
            fusion is between the stages of the encoders.
    """

    compares_modalities = True

    running: Tensor
    steps: Tensor

    def __init__(self, alpha: float = 1.0, absent: str = 'input') -> None:
        super().__init__()
        if not alpha >= 0:
            raise ValueError(
                f'AGM: alpha must be at least 0, got {alpha}. Write: '
                "dict(type='AGM', alpha=1.0)"
            )
        if absent not in ABSENT:
            raise ValueError(
                f'AGM: absent must be one of {ABSENT}, got {absent!r}. '
                "Write: dict(type='AGM', absent='input')"
            )
        self.alpha = alpha
        self.absent = absent
        self.register_buffer('steps', torch.zeros(()))

    def allocate(self, model: AVRecognizer) -> None:
        self.register_buffer('running', torch.zeros(len(model.modalities)))

    def check(self, model: AVRecognizer) -> None:
        """Refuse a model without a fused loss, or without features."""
        if model.loss_weights['all_active'][FUSION] == 0:
            raise ValueError(
                'AGM modulates the gradient of the fused loss, whose weight '
                'is 0. Write: model=dict(loss_weights=dict('
                'all_active=dict(fusion=1.0)))'
            )
        staged = isinstance(model.fusion, StagedFusionHead)
        if staged and self.absent == 'feature':
            raise ValueError(
                "AGM: absent='feature' needs a fusion of the encoders' "
                f'features, and {type(model.fusion).__name__} fuses between '
                "their stages. Write: step=dict(absent='input')"
            )

    def losses(
        self, model: AVRecognizer, output: Output, losses: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Compute the fused loss from modulated scores."""
        names = model.modalities
        if len(output.active) < len(names):
            return losses
        scores = torch.stack([*self._partial(model, output)])
        matrix = shapley_matrix(names).to(scores.device)
        k = self._factors(names, scores, matrix, output.target)
        term = model.criterion(modulated(scores, matrix, k), output.target)
        weight = model.loss_weights['all_active'][FUSION] * output.share
        return {**losses, f'loss_{FUSION}': weight * term}

    def _factors(
        self,
        names: tuple[str, ...],
        scores: Tensor,
        matrix: Tensor,
        target: Tensor,
    ) -> Tensor:
        count = len(names)
        parts = torch.stack(
            [
                (row[:, None, None] * scores.detach().float()).sum(dim=0)
                for row in matrix
            ],
            dim=1,
        )
        now = self.mean_over_batch(
            F.cross_entropy(
                parts.flatten(0, 1),
                target.repeat_interleave(count),
                reduction='none',
            ).view(-1, count)
        )
        k = agm_coefficients(now, self.running, self.alpha)
        with torch.no_grad():
            self.steps += 1
            self.running += (now - self.running) / self.steps
        for name, factor, loss in zip(names, k, now, strict=True):
            self.record(f'k_{name}', factor)
            self.record(f's_{name}', loss)
        return k

    def _partial(
        self, model: AVRecognizer, output: Output
    ) -> Iterator[Tensor]:
        """Fused scores ``(B, M)`` of every non-empty subset, all last."""
        subsets = all_subsets(model.modalities)[1:-1]
        if self.absent == 'feature':
            for subset in subsets:
                present = {name: output.fusion_inputs[name] for name in subset}
                yield model.fuse(present)
        else:
            with evaluating(model):
                if isinstance(model.fusion, StagedFusionHead):
                    yield from _padded_runs(model, output, subsets)
                else:
                    yield from _padded_features(model, output, subsets)
        yield output.scores[FUSION]


def _padded_features(
    model: AVRecognizer, output: Output, subsets: list[tuple[str, ...]]
) -> Iterator[Tensor]:
    """Encode each input, and one zero input, once for all subsets."""
    present = model.encode(output.inputs).fusion_inputs
    zeros = {n: torch.zeros_like(x[:1]) for n, x in output.inputs.items()}
    absent = model.encode(zeros).fusion_inputs
    for subset in subsets:
        yield model.fuse(
            {
                name: z
                if name in subset
                else repeat_first(absent[name], len(z))
                for name, z in present.items()
            }
        )


def _padded_runs(
    model: AVRecognizer, output: Output, subsets: list[tuple[str, ...]]
) -> Iterator[Tensor]:
    for subset in subsets:
        padded = model.encode(
            {
                name: x if name in subset else torch.zeros_like(x)
                for name, x in output.inputs.items()
            }
        )
        yield model.fuse(padded.fusion_inputs, padded.fusion_state)
