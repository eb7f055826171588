"""Build a fusion head, and run the encoders below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch._dynamo
import torch._functorch.config
from torch import Tensor, nn

from mmremix.models.fusion_heads import StagedFusionHead
from mmremix.registry import MODELS


def build_fusion(
    cfg: Mapping[str, Any], encoders: nn.ModuleDict, num_classes: int
) -> nn.Module:
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
    return MODELS.build({**cfg, **kwargs})


def encode(
    encoders: nn.ModuleDict, fusion: nn.Module, inputs: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], Any]:
    """Encode what is there, letting a staged fusion look in.

    Args:
        encoders: A :class:`~mmremix.models.ModalityEncoder` a modality.
        fusion: The fusion head.
        inputs: ``(B, ...)`` for each modality to encode.

    Returns:
        ``(B, out_channels)`` for each of them; and the state of a
        :class:`~mmremix.models.StagedFusionHead`, ``None`` for others.
    """
    if not isinstance(fusion, StagedFusionHead):
        return {name: encoders[name](x) for name, x in inputs.items()}, None
    batch = len(next(iter(inputs.values())))
    maps = {name: encoders[name].stem(x) for name, x in inputs.items()}
    depth = min(len(encoders[name].stage_channels) for name in inputs)
    state = None
    for stage in range(1, depth + 1):
        for name in maps:
            maps[name] = encoders[name].stage(stage - 1, maps[name])
        if stage in fusion.stages:
            pooled = {n: encoders[n].pool(m, batch) for n, m in maps.items()}
            gates, state = fusion.between(stage, pooled, state)
            for name, gate in gates.items():
                maps[name] = _gate(maps[name], gate)
    return {n: encoders[n].pool(m, batch) for n, m in maps.items()}, state


def compile_encoders(
    encoders: nn.ModuleDict, fusion: nn.Module, options: Mapping[str, Any]
) -> None:
    """Compile the encoders' backbones in place; names stay as they are.

    Args:
        encoders: A :class:`~mmremix.models.ModalityEncoder` a modality.
        fusion: The fusion head. A staged one runs the backbones in pieces,
            which are then compiled one by one.
        options: Arguments of ``torch.compile``.
    """
    parts: list[nn.Module] = []
    for encoder in encoders.values():
        if isinstance(fusion, StagedFusionHead):
            parts += [encoder.backbone.stem, *encoder.backbone.stages]
        else:
            parts.append(encoder.backbone)
    for part in parts:
        part.compile(**options)
    # All parts share one count of recompilations. Each may need training,
    # evaluation and scoring, for two batch sizes.
    config = torch._dynamo.config
    # Its name in torch 2.6 is another one.
    name = 'recompile_limit'
    if not hasattr(config, name):
        name = 'cache_size_limit'
    setattr(config, name, max(getattr(config, name), 6 * len(parts)))
    # Probes such as GradientConflictHook go through a graph more than once.
    torch._functorch.config.donated_buffer = False


def to_channels_last(module: nn.Module) -> None:
    """Put the channels of all images last in memory, in place.

    Weights of other than four dimensions stay as they are.
    """
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.dim() == 4:
            tensor.data = tensor.data.contiguous(
                memory_format=torch.channels_last
            )


def _gate(maps: Tensor, gate: Tensor) -> Tensor:
    """Multiply ``(B * frames, C, ...)`` maps by ``(B, C)`` gates."""
    gate = gate.repeat_interleave(len(maps) // len(gate), dim=0)
    return maps * gate.view(*gate.shape, *(1,) * (maps.dim() - 2))
