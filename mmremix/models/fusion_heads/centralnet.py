"""Fusion by a central network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from mmremix.models.bases import ModuleDict
from mmremix.models.fusion_heads.staged import StagedFusionHead
from mmremix.registry import MODELS

_LAST = 'last'


@MODELS.register_module()
class CentralNet(StagedFusionHead):
    """A central stream that gathers from the encoders stage by stage.

    After each of ``stages``, with ``s_k`` the pooled maps of modality k, and
    at the end with its features ``z_k``::

        h <- f(a * h + sum_k a_k P_k s_k),  f = relu(norm(linear(.)))
        scores = W (a * h + sum_k a_k P_k z_k) + b

    (Vielzeuf et al., ECCV 2018 workshops, arXiv:1808.07275). Each stage has
    its own learnt scalars ``a`` (equal at the start, summing to 1), and
    projections ``P_k`` without bias to a common width; there is no ``h``
    before the first stage. Nothing flows back into the encoders (no gates).
    Any number of modalities.

    It differs from the original in that the central stream carries vectors,
    not feature maps, as maps of frames and of spectrograms differ in size;
    hence linear layers, the projections, and layer normalisation, which has
    no statistics that remix batches could bend. At the end features are
    added, not unimodal scores.

    The term of an absent modality is left out, the same as zeros in its
    place; its projections and scalars get no gradient.

    Example::

        fusion = dict(type='CentralNet', stages=(1, 2, 3))

    Args:
        in_channels: See :class:`BaseFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        stage_channels: See :class:`StagedFusionHead`.
        stages: See :class:`StagedFusionHead`. By default all but the last of
            four, whose pooled maps are the features added at the end.
        width: Size of ``h``. Defaults to the largest feature size.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        stage_channels: Mapping[str, Sequence[int]],
        stages: Sequence[int] = (1, 2, 3),
        width: int | None = None,
    ) -> None:
        super().__init__(in_channels, num_classes, stage_channels, stages)
        width = max(in_channels.values()) if width is None else width
        sizes = {
            str(stage): {
                name: self.stage_channels[name][stage - 1]
                for name in in_channels
            }
            for stage in self.stages
        }
        sizes[_LAST] = self.in_channels
        self.projections: ModuleDict[nn.ModuleDict] = ModuleDict()
        self.scalars: ModuleDict[nn.ParameterDict] = ModuleDict()
        self.carry = nn.ParameterDict()
        for i, (key, channels) in enumerate(sizes.items()):
            self.projections[key] = nn.ModuleDict(
                {
                    name: nn.Linear(size, width, bias=False)
                    for name, size in channels.items()
                }
            )
            share = 1 / (len(channels) + (i > 0))
            self.scalars[key] = nn.ParameterDict(
                {name: _scalar(share) for name in channels}
            )
            if i > 0:
                self.carry[key] = _scalar(share)
        self.layers = nn.ModuleDict(
            {
                str(stage): nn.Sequential(
                    nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU()
                )
                for stage in self.stages
            }
        )
        self.fc = nn.Linear(width, num_classes)

    def between(
        self, stage: int, pooled: Mapping[str, Tensor], state: Tensor | None
    ) -> tuple[dict[str, Tensor], Tensor]:
        key = str(stage)
        return {}, self.layers[key](self._gather(key, pooled, state))

    def fuse(
        self, features: Mapping[str, Tensor], state: Tensor | None
    ) -> Tensor:
        scores: Tensor = self.fc(self._gather(_LAST, features, state))
        return scores

    def _gather(
        self, key: str, vectors: Mapping[str, Tensor], h: Tensor | None
    ) -> Tensor:
        """Weighted sum of the central vector and the projected ones."""
        terms = [
            self.scalars[key][name] * project(vectors[name])
            for name, project in self.projections[key].items()
            if name in vectors
        ]
        if h is not None:
            terms.insert(0, self.carry[key] * h)
        total: Tensor = sum(terms)
        return total


def _scalar(value: float) -> nn.Parameter:
    return nn.Parameter(torch.tensor(value))
