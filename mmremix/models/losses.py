"""Losses of one prediction, and their weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError
from mmremix.utils.names import FUSION

_DEFAULT = {
    'all_active': {FUSION: 1.0, 'unimodal': 0.5},
    'some_active': {FUSION: 1.0, 'unimodal': 1.0},
}


@MODELS.register_module()
class CrossEntropy(nn.Module):
    """Cross entropy, the mean over the batch.

    Example::

        model = dict(loss=dict(type='CrossEntropy', label_smoothing=0.1))

    Args:
        label_smoothing: See ``torch.nn.functional.cross_entropy``.
        class_weight: A weight for each of the M classes; the mean is then a
            weighted one.
    """

    class_weight: Tensor | None

    def __init__(
        self,
        label_smoothing: float = 0.0,
        class_weight: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing
        weight = None
        if class_weight is not None:
            weight = torch.tensor(class_weight, dtype=torch.float32)
        # A constant of the config, not of the checkpoint.
        self.register_buffer('class_weight', weight, persistent=False)

    def forward(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            scores: Before the softmax, ``(B, M)``.
            labels: Classes, ``(B,)``.

        Returns:
            A scalar.
        """
        return F.cross_entropy(
            scores,
            labels,
            weight=self.class_weight,
            label_smoothing=self.label_smoothing,
        )


@MODELS.register_module()
class FocalLoss(nn.Module):
    r"""Cross entropy that looks away from what is right already.

    :math:`-(1 - p_y)^\gamma \log p_y`, the mean over the batch (Lin et al.,
    ICCV 2017, arXiv:1708.02002, Eq. 4, for several classes).

    Example::

        model = dict(loss=dict(type='FocalLoss', gamma=2.0))

    Args:
        gamma: 0 is the cross entropy.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, scores: Tensor, labels: Tensor) -> Tensor:
        """See :meth:`CrossEntropy.forward`."""
        log_p = scores.log_softmax(dim=1).gather(1, labels[:, None])[:, 0]
        return -((1 - log_p.exp()) ** self.gamma * log_p).mean()


@MODELS.register_module()
class BinaryCrossEntropy(nn.Module):
    r"""Binary cross entropy, for samples with several labels.

    :math:`-\frac{1}{BM} \sum_{i,c} y_{ic} \log \sigma(z_{ic})
    + (1 - y_{ic}) \log(1 - \sigma(z_{ic}))`, the mean over the batch and
    the classes. A model with it answers each class with a sigmoid.

    Example::

        model = dict(loss=dict(type='BinaryCrossEntropy'))

    Args:
        pos_weight: A weight of the positive term for each of the M classes,
            see ``torch.nn.BCEWithLogitsLoss``.
    """

    multi_label = True
    """Labels are ``(B, M)`` of 0 and 1, and not class indices ``(B,)``."""

    pos_weight: Tensor | None

    def __init__(self, pos_weight: Sequence[float] | None = None) -> None:
        super().__init__()
        weight = None
        if pos_weight is not None:
            weight = torch.tensor(pos_weight, dtype=torch.float32)
        # A constant of the config, not of the checkpoint.
        self.register_buffer('pos_weight', weight, persistent=False)

    def forward(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            scores: Before the sigmoid, ``(B, M)``.
            labels: 0 or 1, ``(B, M)``.

        Returns:
            A scalar.
        """
        # In float32: under autocast the scores may be of half precision.
        return F.binary_cross_entropy_with_logits(
            scores.float(), labels.float(), pos_weight=self.pos_weight
        )


def merge_weights(
    given: Mapping[str, Mapping[str, float]], modalities: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """Resolve ``loss_weights`` to one number a case and prediction.

    Args:
        given: See :class:`AVRecognizer`.
        modalities: Names of the modalities.

    Returns:
        For ``all_active`` and ``some_active``, the weight of ``fusion`` and
        of each modality.

    Raises:
        ConfigError: On an unknown case or key, and on weights below 0.
    """
    allowed = {FUSION, 'unimodal', *modalities}
    for case, weights in given.items():
        if case not in _DEFAULT or not set(weights) <= allowed:
            raise ConfigError(
                f'loss_weights has {case}={dict(weights)}; the cases are '
                "'all_active' (samples that keep all modalities) and "
                f"'some_active', the keys {sorted(allowed)}. Write: "
                'loss_weights=dict('
                'all_active=dict(fusion=1.0, unimodal=0.5), '
                'some_active=dict(fusion=1.0, unimodal=1.0))'
            )
    merged = {}
    for case, default in _DEFAULT.items():
        weights = {**default, **given.get(case, {})}
        merged[case] = {
            FUSION: weights[FUSION],
            **{n: weights.get(n, weights['unimodal']) for n in modalities},
        }
        if not all(0 <= w < math.inf for w in merged[case].values()):
            raise ConfigError(
                f'loss_weights: {case} comes to {merged[case]}. Weights are '
                'numbers of at least 0. Write: '
                f'loss_weights=dict({case}=dict(fusion=1.0, unimodal=0.5))'
            )
    return merged
