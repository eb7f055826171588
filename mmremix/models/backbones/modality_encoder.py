"""From the input of one modality to a feature vector, or tokens, a sample."""

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
from mmremix.models.tokens import all_there, masked_mean, one_token
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded

ENCODER_OPTIONS = ('frozen', 'lora')
"""Arguments that may stand beside those of the backbone."""
TOKENS = ('map', 'frames', 'one')
POOLINGS = ('mean', 'attention')
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

    A fusion of tokens (:class:`TokenFusionHead`) gets them unpooled. The
    modality's own head, methods and other fusions get the pooled vector.

    Args:
        backbone: Module or config. Gets ``(B * frames, C, H, W)``, or
            ``(B * clips, C, T, H, W)``, or the input as it is; returns
            features with channels in dimension 1 or in the last, or a tuple
            whose last element is that, or tokens, a ``Padded`` of ``(B, T,
            C)``. One with the class attribute ``takes_mask = True`` takes
            sequences of different lengths too, as ``backbone(values,
            mask=mask)``.
        out_channels: Size of the feature vector and of a token. Defaults to
            the backbone's own ``out_channels``, ``feat_dim`` or
            ``embed_dims``, else to what it gives for zeros.
        tokens: What is one token, for a backbone that gives a map: each
            place of the ``'map'`` of each frame, or of a sequence; each of
            the ``'frames'`` (or clips), averaged over its places; or the
            pooled vector, ``'one'``.
        pooling: How tokens become one vector: ``'mean'``, or ``'attention'``,
            ``sum_t a_t x_t`` with ``a = softmax(w^T x_t)`` and learnt w.
        frozen: What does not train: ``True`` for all of it, ``'stem'``, or
            the stem and so many of its stages (blocks). It stays in
            evaluation mode.
        lora: Arguments of ``peft.LoraConfig``, ``dict(r=8,
            target_modules=['query', 'value'])``. Only the adapters train
            then.
        layout: ``'channels_first'`` or ``'channels_last'``. Defaults to
            where ``out_channels`` are; ``(N, C, C)`` is refused.

    Raises:
        ValueError: If the size of the feature vector is unknown, on other
            ``tokens`` or ``pooling``, or on ``frozen`` or ``lora`` that do
            not fit the backbone; later, if sequences of different lengths
            come in and the backbone takes no mask.
    """

    def __init__(
        self,
        backbone: nn.Module | dict[str, Any],
        out_channels: int | None = None,
        tokens: str = 'map',
        pooling: str = 'mean',
        frozen: Frozen = False,
        lora: Mapping[str, Any] | None = None,
        layout: str | None = None,
    ) -> None:
        super().__init__()
        for name, value, choices in (
            ('tokens', tokens, TOKENS),
            ('pooling', pooling, POOLINGS),
            ('layout', layout, LAYOUTS),
        ):
            if value not in choices:
                raise ConfigError(
                    f'ModalityEncoder: {name} must be one of {choices}, got '
                    f"{value!r}. Write: dict(type='ModalityEncoder', "
                    f'{name}={choices[0]!r}, backbone=dict(...))'
                )
        self.split, self.layout = tokens, layout
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
        self.weigh = (
            nn.Linear(out_channels, 1, bias=False)
            if pooling == 'attention'
            else None
        )
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

    def forward(self, x: Tensor | Padded) -> Tensor:
        """Encode one modality.

        Args:
            x: ``(B, C, H, W)`` for a spectrogram, ``(B, frames, C, H, W)``
                for frames, ``(B, clips, C, T, H, W)`` for clips, or whatever
                else the backbone takes with the batch first; ``Padded`` for
                sequences of different lengths.

        Returns:
            Features, shape ``(B, out_channels)``.
        """
        return self._vector(self._run(x), len(x))

    def encode(self, x: Tensor | Padded) -> tuple[Tensor, Padded]:
        """:meth:`forward`, and the tokens of ``(B, T, out_channels)``."""
        features = self._run(x)
        vector = self._vector(features, len(x))
        if isinstance(features, Padded):
            return vector, features
        if self.split == 'one':
            return vector, one_token(vector)
        return vector, self._tokens(features, len(x))

    def _run(self, x: Tensor | Padded) -> Tensor | Padded:
        if isinstance(x, Padded):
            return self._run_padded(x)
        features: Tensor | Padded | Sequence[Tensor] = self.backbone(
            x.flatten(0, 1) if x.dim() >= 5 else x
        )
        if isinstance(features, tuple | list):
            features = features[-1]
        if isinstance(features, Padded):
            return features
        kind = type(self.backbone).__name__
        return channels_first(features, self.out_channels, self.layout, kind)

    def _run_padded(self, x: Padded) -> Tensor | Padded:
        kind = type(self.backbone).__name__
        if not getattr(self.backbone, 'takes_mask', False):
            raise ConfigError(
                f'{kind} got sequences of different lengths, and takes no '
                'mask: padding would count as data. Write length=... in the '
                'transform that makes them, which cuts and pads them to one '
                "length, or an encoder that takes a mask: dict(type='GRU', "
                '...)'
            )
        if x.mask.dtype != torch.bool or x.mask.shape != x.shape[:2]:
            raise TypeError(
                f'{kind} got values of {tuple(x.shape)} and a mask of '
                f'{x.mask.dtype} {tuple(x.mask.shape)}. It is bool (B, T): '
                'Padded(values, lengths[:, None] > torch.arange(T))'
            )
        features: Tensor | Padded = self.backbone(x.values, mask=x.mask)
        if not isinstance(features, Padded) and features.dim() != 2:
            raise TypeError(
                f'{kind} made features of the shape {tuple(features.shape)} '
                'of sequences of different lengths. It must return (B, C), '
                'or Padded(tokens of (B, T, C), mask).'
            )
        return features

    def _vector(self, features: Tensor | Padded, batch: int) -> Tensor:
        if self.weigh is None and not isinstance(features, Padded):
            return self.pool(features, batch)
        if not isinstance(features, Padded):
            features = self._tokens(features, batch)
        if self.weigh is None:
            return masked_mean(features)
        return _weighted(features, self.weigh(features.values)[..., 0])

    def _tokens(self, maps: Tensor, batch: int) -> Padded:
        """Of maps ``(B * frames, C, ...)``."""
        if maps.dim() == 2 or self.split != 'map':
            maps = self.pool(maps, len(maps))[..., None]
        # (B, frames, C, places)
        places = torch.unflatten(maps.flatten(2), 0, (batch, -1))
        values = places.transpose(2, 3).flatten(1, 2)
        return Padded(values, all_there(values))


def _weighted(tokens: Padded, logits: Tensor) -> Tensor:
    """Mean of the tokens by the softmax of logits ``(B, T)``, where there."""
    logits = logits.float().masked_fill(~tokens.mask, -torch.inf)
    # Of no token at all the softmax is NaN, and the mean zeros.
    found = tokens.mask.any(dim=1, keepdim=True)
    weights = torch.where(found, logits, 0.0).softmax(dim=1)
    weights = torch.where(tokens.mask, weights, 0.0).to(tokens.values.dtype)
    return (weights[..., None] * tokens.values).sum(dim=1)
