"""Fusion by feature-wise linear modulation."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from mmremix.models.fusion_heads.base import BaseFusionHead
from mmremix.registry import MODELS


@MODELS.register_module()
class FiLMFusionHead(BaseFusionHead):
    """One modality scales and shifts the features of the other.

    ``W (gamma * z_v + beta) + b`` with ``(gamma, beta) = U z_a + c``: FiLM
    (Perez et al., AAAI 2018) on the pooled features, as OGM-GE (Peng et al.,
    CVPR 2022) fuses with it. Two modalities only.

    An absent modality is a zero vector. Without the condition ``z_a``,
    ``gamma`` and ``beta`` are the constants ``c`` and the head is a linear
    classifier of ``z_v``; ``U`` gets a zero gradient. Without ``z_v``, the
    scores are ``W beta + b``; the rows of ``U`` and ``c`` for ``gamma`` get
    a zero gradient.

    Example::

        fusion = dict(type='FiLMFusionHead', conditioned='video')

    Args:
        in_channels: See :class:`BaseFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        conditioned: Name of the modality that is modulated; the other one is
            the condition. Defaults to the first.

    Raises:
        ValueError: If there are not two modalities, or ``conditioned`` is
            neither.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        conditioned: str | None = None,
    ) -> None:
        super().__init__(in_channels, num_classes)
        self.conditioned, self.condition = choose_pair(
            'FiLMFusionHead', tuple(in_channels), conditioned=conditioned
        )
        size = in_channels[self.conditioned]
        self.film = nn.Linear(in_channels[self.condition], 2 * size)
        self.fc = nn.Linear(size, num_classes)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        filled = self.fill(features)
        gamma, beta = self.film(filled[self.condition]).chunk(2, dim=1)
        scores: Tensor = self.fc(gamma * filled[self.conditioned] + beta)
        return scores


def choose_pair(
    head: str, names: tuple[str, ...], **choice: str | None
) -> tuple[str, str]:
    """Order the modalities of a head that treats its two unlike.

    Args:
        head: Name of the head, for the error.
        names: Names of the modalities.
        **choice: The head's argument and its value: the name of the modality
            to come first, or ``None`` to keep the order.

    Returns:
        Names of the first and of the other modality.

    Raises:
        ValueError: If there are not two modalities, or the choice is
            neither.
    """
    if len(names) != 2:
        raise ValueError(
            f'{head} fuses two modalities, the model has {len(names)}: '
            f'{names}. For any number write: '
            "fusion=dict(type='ConcatFusionHead')"
        )
    ((argument, name),) = choice.items()
    if name is None or name == names[0]:
        return names
    if name == names[1]:
        return names[1], names[0]
    raise ValueError(
        f'{head}: {argument}={name!r} is none of the modalities {names}. '
        f"Write: fusion=dict(type='{head}', {argument}={names[0]!r})"
    )
