"""Run the encoders, and let a fusion between their stages look in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mmremix.models.backbones import ModalityEncoder
from mmremix.models.bases import ModuleDict
from mmremix.models.fusion_heads import BaseFusionHead, StagedFusionHead
from mmremix.models.recognizers.input_errors import (
    input_errors_explained,
    run_encoder,
)


def encode(
    encoders: ModuleDict[ModalityEncoder],
    fusion: BaseFusionHead,
    inputs: Mapping[str, Tensor],
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
        features = {
            name: run_encoder(name, encoders[name], x)
            for name, x in inputs.items()
        }
        return features, None
    batch = len(next(iter(inputs.values())))
    maps = {}
    for name, x in inputs.items():
        if torch.compiler.is_compiling():  # it traces no error
            maps[name] = encoders[name].stem(x)
            continue
        with input_errors_explained(name, encoders[name], x):
            maps[name] = encoders[name].stem(x)
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


def zeroed(feature: Tensor) -> Tensor:
    """Zeros that keep the graph, for gradients of zero."""
    return feature.masked_fill(torch.ones_like(feature, dtype=torch.bool), 0)


def _gate(maps: Tensor, gate: Tensor) -> Tensor:
    """Multiply ``(B * frames, C, ...)`` maps by ``(B, C)`` gates."""
    gate = gate.repeat_interleave(len(maps) // len(gate), dim=0)
    return maps * gate.view(*gate.shape, *(1,) * (maps.dim() - 2))
