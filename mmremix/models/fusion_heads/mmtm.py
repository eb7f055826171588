"""Fusion by the multimodal transfer module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmremix.models.bases import ModuleDict
from mmremix.models.fusion_heads.staged import StagedFusionHead
from mmremix.models.fusion_heads.tokens import TokenFusionHead
from mmremix.registry import MODELS

GateEdit = Callable[[int, dict[str, Tensor]], dict[str, Tensor]]


@MODELS.register_module()
class MMTM(StagedFusionHead):
    """Modalities recalibrate each other's channels, then a late head fuses.

    After each of ``stages``, with ``s_k`` the pooled maps of modality k::

        e = relu(W [s_1, ..., s_K] + b),  sum_k C_k / ratio wide
        gate_k = gate_scale * sigmoid(W_k e + b_k)

    (Joze et al., CVPR 2020, arXiv:1911.08670). With the paper's factor 2 the
    gates are about 1 at the start. The authors' code is twice as wide and
    has no factor: that is ``ratio=2, gate_scale=1.0``. Any number of
    modalities.

    The gate of an absent modality is not computed, its excitation
    ``W_k, b_k`` gets no gradient, and ``absent`` says what its ``s_k`` is
    for the others. With ``'zero'`` one modality alone is plain squeeze and
    excitation, and the columns of ``W`` for an absent one get a zero
    gradient; with ``'mean'`` they are trained on its mean. At the end the
    late head says what an absent modality counts as.

    Example::

        fusion = dict(
            type='MMTM',
            stages=(2, 3, 4),
            absent='zero',
            head=dict(type='ConcatFusionHead'))

    Args:
        in_channels: See :class:`BaseFusionHead`.
        num_classes: See :class:`BaseFusionHead`.
        stage_channels: See :class:`StagedFusionHead`.
        stages: See :class:`StagedFusionHead`.
        head: Config of the late head; gets ``in_channels`` and
            ``num_classes``. Defaults to :class:`ConcatFusionHead`.
        ratio: How many times narrower the joint vector is than all channels
            together.
        gate_scale: Upper bound of the gates.
        absent: ``'zero'``: zeros. ``'mean'``: a running mean of ``s_k``, from
            the training steps with the modality in; zeros before the first.
            Each process keeps its own, like the statistics of batch norm.
        momentum: Share of the newest step in the running mean.
        track_gates: Keep buffers for the running means of the gates, for a
            method that replaces gates by them
            (:class:`~mmremix.methods.Greedy`), which also fills them.

    Attributes:
        edit_gates: What changes the gates of a stage before they are
            applied, from the stage's number and ``(B, C)`` of each active
            modality to the same; ``None`` for nothing.

    Raises:
        ValueError: On a ``head`` that is not a late one, or an argument out
            of range.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        stage_channels: Mapping[str, Sequence[int]],
        stages: Sequence[int] = (2, 3, 4),
        head: Mapping[str, Any] | None = None,
        ratio: float = 4,
        gate_scale: float = 2.0,
        absent: Literal['zero', 'mean'] = 'zero',
        momentum: float = 0.1,
        track_gates: bool = False,
    ) -> None:
        super().__init__(in_channels, num_classes, stage_channels, stages)
        _check(ratio, gate_scale, absent, momentum)
        self.gate_scale = gate_scale
        self.absent = absent
        self.momentum = momentum
        self.track_gates = track_gates
        self.edit_gates: GateEdit | None = None
        self.squeeze = nn.ModuleDict()
        self.excite: ModuleDict[nn.ModuleDict] = ModuleDict()
        for stage in self.stages:
            sizes = {n: self.stage_channels[n][stage - 1] for n in in_channels}
            total = sum(sizes.values())
            width = max(1, int(total / ratio))
            self.squeeze[str(stage)] = nn.Linear(total, width)
            self.excite[str(stage)] = nn.ModuleDict(
                {name: nn.Linear(width, size) for name, size in sizes.items()}
            )
            if absent == 'mean':
                for name, size in sizes.items():
                    key = f'{stage}_{name}'
                    self.register_buffer(f'mean_{key}', torch.zeros(size))
                    self.register_buffer(f'seen_{key}', torch.tensor(False))
            if track_gates:
                for name, size in sizes.items():
                    key = f'{stage}_{name}'
                    self.register_buffer(f'gate_mean_{key}', torch.zeros(size))
                    self.register_buffer(
                        f'gate_seen_{key}', torch.tensor(False)
                    )
        self.head = _build_late(head, in_channels, num_classes)

    def between(
        self, stage: int, pooled: Mapping[str, Tensor], state: None
    ) -> tuple[dict[str, Tensor], None]:
        squeezed = torch.cat(
            [
                pooled[name]
                if name in pooled
                else self._stand_in(stage, name, next(iter(pooled.values())))
                for name in self.in_channels
            ],
            dim=1,
        )
        if self.training and self.absent == 'mean':
            for name, vectors in pooled.items():
                self._update_mean(stage, name, vectors)
        joint = self.squeeze[str(stage)](squeezed).relu()
        excites = self.excite[str(stage)]
        assert isinstance(excites, nn.ModuleDict)
        gates = {
            name: self.gate_scale * excite(joint).sigmoid()
            for name, excite in excites.items()
            if name in pooled
        }
        if self.edit_gates is not None:
            gates = self.edit_gates(stage, gates)
        return gates, None

    def gate_mean(self, stage: int, name: str) -> tuple[Tensor, Tensor]:
        """Buffers for a gate's running mean ``(C,)``, and whether it is one.

        They are there with ``track_gates``.
        """
        key = f'{stage}_{name}'
        return (
            self.get_buffer(f'gate_mean_{key}'),
            self.get_buffer(f'gate_seen_{key}'),
        )

    def gate_parameters(self, name: str) -> list[nn.Parameter]:
        """What makes the gates of one modality alone, of all stages.

        The joint vector's layer serves all modalities and is not among them.
        """
        return [
            parameter
            for stage in self.stages
            for parameter in self.get_submodule(
                f'excite.{stage}.{name}'
            ).parameters()
        ]

    def fuse(self, features: Mapping[str, Tensor], state: None) -> Tensor:
        scores: Tensor = self.head(features)
        return scores

    def _stand_in(self, stage: int, name: str, like: Tensor) -> Tensor:
        if self.absent == 'mean':
            mean: Tensor = getattr(self, f'mean_{stage}_{name}')
            return mean.to(like.dtype).expand(len(like), -1)
        return like.new_zeros(len(like), self.stage_channels[name][stage - 1])

    @torch.no_grad()
    def _update_mean(self, stage: int, name: str, vectors: Tensor) -> None:
        mean = getattr(self, f'mean_{stage}_{name}')
        seen = getattr(self, f'seen_{stage}_{name}')
        newest = vectors.float().mean(dim=0).to(mean.dtype)
        # `where` and not `if`: reading the flag would wait for the GPU.
        moved = mean.lerp(newest, self.momentum)
        mean.copy_(torch.where(seen, moved, newest))
        seen.fill_(True)


def _check(
    ratio: float, gate_scale: float, absent: str, momentum: float
) -> None:
    if absent not in ('zero', 'mean'):
        raise ValueError(
            f"MMTM: absent must be 'zero' or 'mean', got {absent!r}."
        )
    if ratio <= 0 or gate_scale <= 0:
        raise ValueError(
            f'MMTM: ratio and gate_scale must be positive, got {ratio} and '
            f"{gate_scale}. The paper's are: ratio=4, gate_scale=2.0"
        )
    if not 0 < momentum <= 1:
        raise ValueError(
            'MMTM: momentum must be above 0 and at most 1, got '
            f'{momentum}. Write: momentum=0.1'
        )


def _build_late(
    head: Mapping[str, Any] | None,
    in_channels: Mapping[str, int],
    num_classes: int,
) -> nn.Module:
    cfg: dict[str, Any] = {'type': 'ConcatFusionHead'}
    if head is not None:
        cfg = dict(head)
    cls = MODELS.get(cfg['type']) if isinstance(cfg['type'], str) else None
    if isinstance(cls, type) and issubclass(
        cls, StagedFusionHead | TokenFusionHead
    ):
        raise ValueError(
            'MMTM: head must fuse vectors, as a late fusion, got '
            f"type='{cfg['type']}'. Write: head=dict(type='ConcatFusionHead')"
        )
    cfg.update(in_channels=dict(in_channels), num_classes=num_classes)
    late: nn.Module = MODELS.build(cfg)
    return late
