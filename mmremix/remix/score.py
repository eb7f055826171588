"""Score: how certain is one modality's prediction of a sample?"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def bernoulli_kl(logits: Tensor) -> Tensor:
    r"""KL divergence of independent Bernoulli outputs from coin tosses.

    For samples with several labels, with :math:`p_c = \sigma(z_c)`, the mean
    over the classes, in nats:

    .. math:: \frac{1}{M} \sum_c D_{KL}(\mathrm{Ber}(p_c) \|
        \mathrm{Ber}(\tfrac12)) = \log 2 - \frac{1}{M} \sum_c H(p_c)

    so it is 0 where every class is undecided and :math:`\log 2` where all
    are certain. For one class a sample the counterpart is
    :func:`kl_to_uniform`.

    Args:
        logits: Scores before the sigmoid, shape ``(..., M)``, ``M >= 1``.

    Returns:
        Divergences in nats, shape ``(...)``, in ``[0, log 2]``. NaN or
        infinite logits give NaN.

    Raises:
        ValueError: If there is no class.
    """
    if not logits.dim() or not logits.shape[-1]:
        raise ValueError(
            'bernoulli_kl needs logits of at least 1 class in the last '
            f'dimension, got shape {tuple(logits.shape)}.'
        )
    if logits.dtype != torch.float64:
        logits = logits.float()
    # Of 1 - p as a sigmoid of its own, which keeps its digits near p = 1.
    entropy = torch.special.entr(logits.sigmoid())
    entropy = entropy + torch.special.entr((-logits).sigmoid())
    divergence = (math.log(2.0) - entropy.mean(dim=-1)).clamp_min(0.0)
    return torch.where(
        torch.isfinite(logits).all(dim=-1),
        divergence,
        torch.full_like(divergence, math.nan),
    )


def kl_to_uniform(logits: Tensor) -> Tensor:
    r"""KL divergence between a prediction and the uniform distribution.

    With :math:`p = \mathrm{softmax}(\text{logits})` over :math:`M` classes
    (Eq. 2 of the paper, in nats):

    .. math:: D_{KL}(p \| U) = \sum_j p_j \log(p_j M) = \log M - H(p)

    so it is 0 for a uniform prediction and :math:`\log M` for a one-hot one.
    The label plays no part: a confidently wrong prediction scores high.

    The computation runs in float32 (float64 for float64 input) whatever the
    autocast state, so half-precision logits score like their float32 values.

    Args:
        logits: Unnormalised scores, shape ``(..., M)``, ``M >= 2``.

    Returns:
        Divergences in nats, shape ``(...)``, in ``[0, log M]``. NaN or
        infinite logits give NaN.

    Raises:
        ValueError: If there are fewer than two classes.
    """
    num_classes = logits.shape[-1] if logits.dim() else 0
    if num_classes < 2:
        raise ValueError(
            'kl_to_uniform needs logits of at least 2 classes in the last '
            f'dimension, got shape {tuple(logits.shape)}.'
        )
    if logits.dtype != torch.float64:
        logits = logits.float()
    log_p = torch.log_softmax(logits, dim=-1)
    # p log p with the limit 0 at p = 0, where log p may be -inf.
    entropy = torch.special.entr(log_p.exp()).sum(dim=-1)
    divergence = (math.log(num_classes) - entropy).clamp_min(0.0)
    # entr(0) hides a NaN-free -inf, but not an infinite logit's NaN row.
    return torch.where(
        torch.isfinite(logits).all(dim=-1),
        divergence,
        torch.full_like(divergence, math.nan),
    )


def probability_margin(logits: Tensor) -> Tensor:
    """Between the two most probable classes.

    Args:
        logits: Unnormalised scores, ``(..., M)``, ``M >= 2``.

    Returns:
        ``(...)``, in [0, 1].
    """
    top = logits.float().softmax(dim=-1).topk(2, dim=-1).values
    return top[..., 0] - top[..., 1]


def true_class_probability(logits: Tensor, labels: Tensor) -> Tensor:
    """Of the class that is right; its order is that of the loss, reversed.

    Args:
        logits: Unnormalised scores, ``(B, M)``.
        labels: Classes, ``(B,)``.

    Returns:
        ``(B,)``, in [0, 1].
    """
    probability = logits.float().softmax(dim=-1)
    return probability.gather(1, labels.long()[:, None])[:, 0]
