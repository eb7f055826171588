"""Build the parts of a recognizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from mmengine.model import ModuleDict as MMEngineModuleDict
from torch import nn

from mmremix.models.backbones import ModalityEncoder
from mmremix.models.backbones.modality_encoder import ENCODER_OPTIONS
from mmremix.models.backbones.optional import require_library
from mmremix.models.bases import ModuleDict
from mmremix.models.fusion_heads import (
    BaseFusionHead,
    SharedHeadFusion,
    StagedFusionHead,
)
from mmremix.models.multi_label import refuse_multi_label
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError
from mmremix.utils.names import RESERVED

if TYPE_CHECKING:
    from mmremix.methods import Method

MASKS = ('skip', 'feature', 'input')


def build_encoders(
    cfgs: Mapping[str, Mapping[str, Any] | None],
) -> ModuleDict[ModalityEncoder]:
    """Build the encoders that are not ``None``.

    Raises:
        ConfigError: If a modality has the name of a prediction.
    """
    taken = [name for name in RESERVED if name in cfgs]
    if taken:
        raise ConfigError(
            f'AVRecognizer: a modality cannot be called {taken[0]!r}, which '
            'is the name of a prediction of all modalities. Write another: '
            f'model=dict(encoders=dict({taken[0]}=None, video=dict(...)))'
        )
    built = {}
    for name, cfg in cfgs.items():
        if cfg is not None:
            built[name] = _build_encoder(name, cfg)
    # mmengine's ModuleDict, so that init_weights (pre-trained weights)
    # reaches the backbones.
    encoders: ModuleDict[ModalityEncoder] = MMEngineModuleDict(built)
    return encoders


def _build_encoder(name: str, cfg: Mapping[str, Any]) -> ModalityEncoder:
    cls = cfg.get('type')
    if isinstance(cls, str):
        require_library(name, cls)
        cls = MODELS.get(cls)
    if isinstance(cls, type) and issubclass(cls, ModalityEncoder):
        encoder: ModalityEncoder = MODELS.build(dict(cfg))
        return encoder
    options = {key: cfg[key] for key in ENCODER_OPTIONS if key in cfg}
    backbone = MODELS.build(
        {key: value for key, value in cfg.items() if key not in options}
    )
    if isinstance(backbone, ModalityEncoder):  # a function made it
        return backbone
    return ModalityEncoder(backbone, **options)


def build_methods(
    cfgs: Mapping[str, Mapping[str, Any] | None],
) -> ModuleDict[Method]:
    """Build the methods that are not ``None``."""
    return ModuleDict(
        {
            name: MODELS.build(dict(cfg))
            for name, cfg in cfgs.items()
            if cfg is not None
        }
    )


def build_fusion(
    cfg: Mapping[str, Any],
    encoders: ModuleDict[ModalityEncoder],
    num_classes: int,
) -> BaseFusionHead:
    """Build a fusion head that fits the encoders.

    Args:
        cfg: Config, without what follows from the encoders.
        encoders: A :class:`~mmremix.models.ModalityEncoder` a modality.
        num_classes: M.
    """
    kwargs: dict[str, Any] = {
        'in_channels': {n: e.out_channels for n, e in encoders.items()},
        'num_classes': num_classes,
    }
    cls = cfg['type']
    if isinstance(cls, str):
        cls = MODELS.get(cls)
    if isinstance(cls, type) and issubclass(cls, StagedFusionHead):
        kwargs['stage_channels'] = {
            n: e.stage_channels for n, e in encoders.items()
        }
    # An unknown name is the registry's to report.
    head: BaseFusionHead = MODELS.build({**cfg, **kwargs})
    return head


def check_options(mask: str, unimodal: str, fusion: nn.Module) -> None:
    """Refuse options that are unknown or that a fusion cannot have.

    Raises:
        ConfigError: With the lines to write.
    """
    for name, value, choices in (
        ('mask', mask, MASKS),
        ('unimodal', unimodal, ('heads', 'fusion')),
    ):
        if value not in choices:
            raise ConfigError(
                f'AVRecognizer: {name} must be one of {choices}, got '
                f'{value!r}. Write: model=dict({name}={choices[0]!r})'
            )
    staged = isinstance(fusion, StagedFusionHead)
    if staged and (mask == 'feature' or unimodal == 'fusion'):
        raise ConfigError(
            'A fusion between the stages of the encoders cannot have '
            f"mask='feature' or unimodal='fusion', got mask={mask!r} and "
            f"unimodal={unimodal!r}. Write: model=dict(mask='skip', "
            "unimodal='heads')"
        )


def check_multi_label(
    methods: Mapping[str, Method], fusion: nn.Module, readout: Any
) -> None:
    """Refuse what is not defined where samples have several labels.

    Raises:
        ConfigError: With the lines to write.
    """
    for name, method in methods.items():
        if not method.takes_multi_label:
            raise refuse_multi_label(
                type(method).__name__, f'method_{name} = None'
            )
    if readout is not None:
        raise refuse_multi_label('readout', 'model=dict(readout=None)')
    if isinstance(fusion, SharedHeadFusion) and fusion.weights is None:
        raise refuse_multi_label(
            "SharedHeadFusion's weights='entropy'",
            "model=dict(fusion=dict(weights='mean'))",
        )


def compile_encoders(
    encoders: ModuleDict[ModalityEncoder],
    fusion: nn.Module,
    options: Mapping[str, Any],
) -> None:
    """Compile the encoders' backbones in place; names stay as they are.

    Args:
        encoders: A :class:`~mmremix.models.ModalityEncoder` a modality.
        fusion: The fusion head. A staged one runs the backbones in pieces,
            which are then compiled one by one.
        options: Arguments of ``torch.compile``.
    """
    # Only here, since it takes long to import.
    from torch._dynamo import config
    from torch._functorch import config as functorch

    parts: list[nn.Module] = []
    for encoder in encoders.values():
        if isinstance(fusion, StagedFusionHead):
            parts += [encoder.staged.stem, *encoder.staged.stages]
        else:
            parts.append(encoder.backbone)
    for part in parts:
        part.compile(**options)
    # All parts share one count of recompilations. Each may need training,
    # evaluation and scoring, for two batch sizes.
    # Its name in torch 2.6 is another one.
    name = 'recompile_limit'
    if not hasattr(config, name):
        name = 'cache_size_limit'
    setattr(config, name, max(getattr(config, name), 6 * len(parts)))
    # Probes such as GradientConflictHook go through a graph more than once.
    functorch.donated_buffer = False


def to_channels_last(module: nn.Module) -> None:
    """Put the channels of all images last in memory, in place.

    Weights of other than four dimensions stay as they are.
    """
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.dim() == 4:
            tensor.data = tensor.data.contiguous(
                memory_format=torch.channels_last
            )
