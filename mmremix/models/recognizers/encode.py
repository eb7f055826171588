"""Run the encoders, for the fusion that is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mmremix.models.backbones import ModalityEncoder
from mmremix.models.bases import ModuleDict
from mmremix.models.fusion_heads import (
    BaseFusionHead,
    StagedFusionHead,
    TokenFusionHead,
)
from mmremix.models.output import Output
from mmremix.models.recognizers.input_errors import run_named
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded


class PassCounter(Counter[str]):
    """How many samples each encoder has encoded since the model was built.

    A copy of the model, as scoring may make one, goes on with the same.
    """

    def __deepcopy__(self, memo: Any) -> PassCounter:
        return self


def encode(
    encoders: ModuleDict[ModalityEncoder],
    fusion: BaseFusionHead,
    inputs: Mapping[str, Tensor | Padded],
) -> Output:
    """Encode what is there, as the fusion wants it.

    Args:
        encoders: A :class:`~mmremix.models.ModalityEncoder` a modality.
        fusion: The fusion head.
        inputs: ``(B, ...)`` for each modality to encode.

    Returns:
        With ``(B, out_channels)`` for each of them as ``features``; the
        ``tokens`` where the fusion takes such, and the ``fusion_state`` of a
        :class:`~mmremix.models.StagedFusionHead`.
    """
    output = Output(inputs, tuple(inputs))
    if isinstance(fusion, StagedFusionHead):
        output.features, output.fusion_state = _in_stages(
            encoders, fusion, inputs
        )
    elif isinstance(fusion, TokenFusionHead):
        for name, x in inputs.items():
            output.features[name], output.tokens[name] = run_named(
                name, encoders[name], encoders[name].encode, x
            )
    else:
        for name, x in inputs.items():
            output.features[name] = run_named(
                name, encoders[name], encoders[name], x
            )
    return output


def masked(output: Output, active: tuple[str, ...]) -> Output:
    """The output with nothing but zeros of those that are not active.

    They keep the graph, for gradients of zero. Their tokens are not there.
    """
    for name in output.features:
        if name in active:
            continue
        output.features[name] = _zeroed(output.features[name])
        if name in output.tokens:
            tokens = output.tokens[name]
            output.tokens[name] = Padded(
                _zeroed(tokens.values), torch.zeros_like(tokens.mask)
            )
    return output


def _in_stages(
    encoders: ModuleDict[ModalityEncoder],
    fusion: StagedFusionHead,
    inputs: Mapping[str, Tensor | Padded],
) -> tuple[dict[str, Tensor], Any]:
    batch = len(next(iter(inputs.values())))
    maps = {}
    for name, x in inputs.items():
        if isinstance(x, Padded):
            raise ConfigError(
                f'{type(fusion).__name__} works between the stages of the '
                f'encoders, which take no mask, and the sequences of {name} '
                f'differ in length. Write: modalities=dict({name}=dict('
                'length=128))'
            )
        maps[name] = run_named(name, encoders[name], encoders[name].stem, x)
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


def _zeroed(feature: Tensor) -> Tensor:
    """Zeros that keep the graph, for gradients of zero."""
    return feature.masked_fill(torch.ones_like(feature, dtype=torch.bool), 0)


def _gate(maps: Tensor, gate: Tensor) -> Tensor:
    """Multiply ``(B * frames, C, ...)`` maps by ``(B, C)`` gates."""
    gate = gate.repeat_interleave(len(maps) // len(gate), dim=0)
    return maps * gate.view(*gate.shape, *(1,) * (maps.dim() - 2))
