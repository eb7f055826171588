"""MMPareto: gradients of the fused and the own loss that do not conflict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from mmremix.methods.base import Gradients
from mmremix.methods.gramian_aggregation import (
    GramianAggregation,
    gramian,
    sum_of_terms,
    weighted_sum,
)
from mmremix.registry import FUNCTIONS, MODELS
from mmremix.utils.names import FUSION

RESCALES = ('encoder', 'tensor')
_NOTHING = 1e-6


def pareto_weights(products: Tensor) -> Tensor:
    """Weights of two gradients: 1 and 1, or their shortest mean, doubled.

    Where the gradients g and h agree (their product is not negative), both
    weights are 1. Where they conflict, the weights are ``2 a`` and
    ``2 (1 - a)`` with the a in [0, 1] that makes ``a g + (1 - a) h``
    shortest, ``a = (h.h - g.h) / |g - h|^2`` (MMPareto, ICML 2024,
    arXiv:2405.17730).

    Args:
        products: Gramian of the two, ``(2, 2)``.

    Returns:
        ``(2,)``, on the same device.
    """
    own, other, inner = products[0, 0], products[1, 1], products[0, 1]
    distance = own + other - 2 * inner
    # 0 only where they are equal, and agree.
    tiny = torch.finfo(products.dtype).tiny
    share = ((other - inner) / distance.clamp_min(tiny)).clamp(0, 1)
    shortest = 2 * torch.stack([share, 1 - share])
    return torch.where(inner >= 0, torch.ones_like(shortest), shortest)


FUNCTIONS.register_module()(pareto_weights)


def rescale_factor(
    products: Tensor, weights: Tensor, at_least_one: bool = False
) -> Tensor:
    """How much longer the plain sum of two gradients is than a weighted one.

    ``|g_1 + g_2| / |w_1 g_1 + w_2 g_2|``; 1 where all weights are 1, and
    where the weighted sum is nothing but rounding, less than 1e-6 of the
    gradients.

    Args:
        products: Gramian, ``(2, 2)``.
        weights: ``(2,)``.
        at_least_one: Never make it shorter.
    """
    plain = products.sum().clamp_min(0).sqrt()
    length = (weights @ products @ weights).clamp_min(0).sqrt()
    size = products.diagonal().clamp_min(0).sqrt().sum()
    nothing = length <= _NOTHING * size
    factor = plain / torch.where(nothing, torch.ones_like(length), length)
    if at_least_one:
        factor = factor.clamp_min(1)
    same = nothing | (weights == 1).all()
    return torch.where(same, torch.ones_like(factor), factor)


@MODELS.register_module()
class MMPareto(GramianAggregation):
    """Combines the fused and the own gradient of each encoder.

    At each encoder, ``g_m`` of the fused loss and ``g_u`` of its own head's
    make ``h``, with weights 1 and 1 where they agree and the Pareto weights
    of :func:`pareto_weights` where they conflict; ``h`` is then stretched to
    ``gamma`` times the length of ``g_m + g_u`` (MMPareto, Wei and Hu, ICML
    2024, arXiv:2405.17730). Heads and fusion keep the plain sum, and so does
    all in a step that lacks a modality or a loss term. Gradients of other
    terms are added.

    Example::

        method_mmpareto = dict(step=dict(type='MMPareto', gamma=1.5))

    Logged are ``cos_<modality>``, ``weight_fusion_at_<modality>`` and
    ``weight_own_at_<modality>``.

    Args:
        gamma: How much longer the step is than that of plain training.
        rescale: ``'encoder'``, as in the paper: over the whole encoder.
            ``'tensor'``, as in the authors' code: each parameter tensor by
            itself, and never shorter than ``gamma h``.

    Raises:
        ValueError: On another ``rescale``, or a ``gamma`` that is not
            positive; before training, if a loss term is missing.
    """

    needs_late_fusion: ClassVar[bool] = True

    def __init__(self, gamma: float = 1.5, rescale: str = 'encoder') -> None:
        super().__init__('pareto_weights')
        if rescale not in RESCALES:
            raise ValueError(
                f'MMPareto: rescale must be one of {RESCALES}, got '
                f"{rescale!r}. Write: step=dict(type='MMPareto', "
                "rescale='encoder')"
            )
        if not gamma > 0:
            raise ValueError(
                f'MMPareto: gamma must be positive, got {gamma}. Write: '
                "step=dict(type='MMPareto', gamma=1.5)"
            )
        self.gamma = gamma
        self.rescale = rescale

    def merge(self, name: str, rows: Mapping[str, Gradients]) -> Gradients:
        """See :meth:`GramianAggregation.merge`; nothing waits for the GPU."""
        pair = [rows.get(f'loss_{FUSION}'), rows.get(f'loss_{name}')]
        if pair[0] is None or pair[1] is None:  # one does not reach it
            return sum_of_terms(list(rows.values()))
        fused, own = pair[0], pair[1]
        products = gramian([list(fused.values()), list(own.values())])
        weights = pareto_weights(products)
        self._record_pair(name, products, weights)
        factor = self.gamma * rescale_factor(products, weights)
        merged: Gradients = {}
        for key in fused:
            parts = [fused[key], own[key]]
            if self.rescale == 'tensor' and any(p is not None for p in parts):
                alone = gramian([[p] for p in parts])
                factor = self.gamma * rescale_factor(alone, weights, True)
            total = weighted_sum(parts, weights)
            merged[key] = (
                None if total is None else factor.to(total.dtype) * total
            )
        used = (f'loss_{FUSION}', f'loss_{name}')
        others = [row for term, row in rows.items() if term not in used]
        return sum_of_terms([merged, *others])

    def _record_pair(
        self, name: str, products: Tensor, weights: Tensor
    ) -> None:
        lengths = products.diagonal().sqrt().prod()
        tiny = torch.finfo(products.dtype).tiny
        self.record(f'cos_{name}', products[0, 1] / lengths.clamp_min(tiny))
        self.record(f'weight_{FUSION}_at_{name}', weights[0])
        self.record(f'weight_own_at_{name}', weights[1])
