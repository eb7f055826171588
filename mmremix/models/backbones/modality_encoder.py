"""From the input of one modality to one feature vector a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmremix.models.backbones.freezing import Frozen, freeze, normalisations
from mmremix.models.backbones.layout import LAYOUTS, channels_first
from mmremix.models.backbones.lora import add_lora
from mmremix.models.backbones.probe import output_size
from mmremix.models.backbones.weights import weights_taken
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError

ENCODER_OPTIONS = ('frozen', 'lora')
"""Arguments that may stand beside those of the backbone."""
_CHANNEL_ATTRIBUTES = ('out_channels', 'feat_dim', 'embed_dims')


class StagedBackbone(Protocol):
    """A backbone that can be run stage by stage."""

    stem: nn.Module
    stages: nn.ModuleList
    stage_channels: Sequence[int]


@MODELS.register_module()
class ModalityEncoder(BaseModule):
    """A backbone, with frames folded in and everything pooled out.

    Frames or clips of a sample go through the backbone as if they were
    samples; the features are averaged over space and time, then over frames.
    :class:`AVRecognizer` wraps every encoder config in it by itself, and takes
    ``frozen`` and ``lora`` from there. Write it out where the number of output
    channels can neither be read off the backbone nor found with a try::

        encoders = dict(
            video=dict(
                type='ModalityEncoder',
                backbone=dict(type='mmaction.MViT', ...),
                out_channels=768),
            audio=dict(type='ResNet', in_channels=1))

    Args:
        backbone: Module or config. Gets ``(B * frames, C, H, W)``, or
            ``(B * clips, C, T, H, W)``, or the input as it is; returns
            features with channels in dimension 1 or in the last, or a tuple
            whose last element is that.
        out_channels: Size of the feature vector. Defaults to the backbone's
            own ``out_channels``, ``feat_dim`` or ``embed_dims``, else to what
            it gives for zeros.
        frozen: What does not train: ``True`` for all of it, ``'stem'``, or
            the stem and so many of its stages (blocks). It stays in
            evaluation mode.
        lora: Arguments of ``peft.LoraConfig``, ``dict(r=8,
            target_modules=['query', 'value'])``. Only the adapters train
            then.
        layout: ``'channels_first'`` or ``'channels_last'``. Defaults to
            where ``out_channels`` are; ``(N, C, C)`` is refused.

    Raises:
        ValueError: If the size of the feature vector is unknown, or on
            ``frozen`` or ``lora`` that do not fit the backbone.
    """

    def __init__(
        self,
        backbone: nn.Module | dict[str, Any],
        out_channels: int | None = None,
        frozen: Frozen = False,
        lora: Mapping[str, Any] | None = None,
        layout: str | None = None,
    ) -> None:
        super().__init__()
        if layout not in LAYOUTS:
            raise ConfigError(
                f'ModalityEncoder: layout must be one of {LAYOUTS}, got '
                f"{layout!r}. Write: layout='channels_last'"
            )
        self.layout = layout
        self.backbone: nn.Module = (
            MODELS.build(backbone) if isinstance(backbone, dict) else backbone
        )
        if out_channels is None:
            known = [
                getattr(self.backbone, a, None) for a in _CHANNEL_ATTRIBUTES
            ]
            sizes = [size for size in known if isinstance(size, int)]
            out_channels = sizes[0] if sizes else output_size(self.backbone)
        self.out_channels = out_channels
        # A tuple of its own: a list of modules would register them twice.
        self._still = freeze(self.backbone, frozen)
        if lora is not None:
            if frozen is not False:
                raise ConfigError(
                    f'frozen={frozen!r} and lora={dict(lora)}: with lora all '
                    'but the adapters is frozen. Write: frozen=False'
                )
            add_lora(self.backbone, lora)
            self._still = normalisations(self.backbone)
        self.train()

    def train(self, mode: bool = True) -> ModalityEncoder:
        """Set the mode of all that is not frozen."""
        super().train(mode)
        for module in self._still:
            module.training = False
        return self

    def init_weights(self) -> None:
        """Initialise the backbone; its file must not go unread."""
        with weights_taken(self.backbone):
            super().init_weights()

    @property
    def staged(self) -> StagedBackbone:
        """The backbone, for fusion between its stages.

        Raises:
            TypeError: If the backbone has no stages to stop at.
        """
        if getattr(self.backbone, 'stage_channels', None) is None:
            raise TypeError(
                f'{type(self.backbone).__name__} cannot be run stage by '
                'stage: it needs `stem`, `stages` and `stage_channels`, as '
                "dict(type='ResNet') has. Use that, or a late fusion head: "
                "fusion=dict(type='ConcatFusionHead')"
            )
        return cast('StagedBackbone', self.backbone)

    @property
    def stage_channels(self) -> tuple[int, ...]:
        """Channels after each stage; see :attr:`staged`."""
        return tuple(self.staged.stage_channels)

    def stem(self, x: Tensor) -> Tensor:
        """First part of :meth:`forward`, before the stages."""
        maps: Tensor = self.staged.stem(x.flatten(0, 1) if x.dim() >= 5 else x)
        return maps

    def stage(self, index: int, maps: Tensor) -> Tensor:
        """Run one stage on the maps that the part before it gave."""
        maps = self.staged.stages[index](maps)
        return maps

    def pool(self, maps: Tensor, batch: int) -> Tensor:
        """Average over space and time, then over a sample's frames.

        Args:
            maps: ``(B * frames, C, ...)``.
            batch: B.

        Returns:
            ``(B, C)``.
        """
        if maps.dim() > 2:
            maps = maps.flatten(2).mean(dim=2)
        if len(maps) != batch:
            maps = torch.unflatten(maps, 0, (batch, -1)).mean(dim=1)
        return maps

    def forward(self, x: Tensor) -> Tensor:
        """Encode one modality.

        Args:
            x: ``(B, C, H, W)`` for a spectrogram, ``(B, frames, C, H, W)``
                for frames, ``(B, clips, C, T, H, W)`` for clips, or whatever
                else the backbone takes with the batch first.

        Returns:
            Features, shape ``(B, out_channels)``.
        """
        features = self.backbone(x.flatten(0, 1) if x.dim() >= 5 else x)
        if isinstance(features, tuple | list):
            features = features[-1]
        kind = type(self.backbone).__name__
        features = channels_first(
            features, self.out_channels, self.layout, kind
        )
        return self.pool(features, len(x))
