"""What a fusion between the stages of the encoders is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from mmremix.models.fusion_heads.base import BaseFusionHead


class StagedFusionHead(BaseFusionHead):
    """A fusion that looks in after some stages of the encoders.

    :class:`AVRecognizer` runs the encoders stage by stage. After each stage
    in ``stages`` it calls :meth:`between` with the pooled maps of the active
    modalities, multiplies the maps by the gates that come back, and goes on.
    Maps of different sizes, and frames, never meet: what passes between
    modalities is one vector a sample.

    Args:
        in_channels: See :class:`BaseFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        stage_channels: Channels after each stage, for each modality.
            :class:`AVRecognizer` passes it in.
        stages: After which stages to look in, from 1.

    Raises:
        ValueError: If a stage is none of every encoder's.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        stage_channels: Mapping[str, Sequence[int]],
        stages: Sequence[int] = (2, 3, 4),
    ) -> None:
        super().__init__(in_channels, num_classes)
        depth = min(len(channels) for channels in stage_channels.values())
        if not stages or not all(1 <= stage <= depth for stage in stages):
            raise ValueError(
                f'{type(self).__name__}: the encoders have stages 1 to '
                f'{depth}, got stages={tuple(stages)}.'
            )
        self.stages = tuple(sorted(set(stages)))
        self.stage_channels = {
            name: tuple(channels) for name, channels in stage_channels.items()
        }

    @abstractmethod
    def between(
        self, stage: int, pooled: Mapping[str, Tensor], state: Any
    ) -> tuple[Mapping[str, Tensor], Any]:
        """Look at the active modalities after a stage.

        Args:
            stage: Number of the stage, from 1.
            pooled: ``(B, stage_channels[name][stage - 1])`` of each active
                modality.
            state: What the call after the stage before returned; ``None`` at
                first.

        Returns:
            Gates to multiply the maps of some of the active modalities with,
            shaped like ``pooled``; and a state for the next call and for
            :meth:`fuse`.
        """

    @abstractmethod
    def fuse(self, features: Mapping[str, Tensor], state: Any) -> Tensor:
        """Fuse at the end; like :meth:`BaseFusionHead.forward`, with state."""

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        return self.fuse(features, None)
