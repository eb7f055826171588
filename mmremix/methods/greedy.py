"""Curb the greed of a model: care for the modality that learns slower."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mmremix.methods.base import Method
from mmremix.registry import MODELS

if TYPE_CHECKING:
    from mmremix.models import MMTM, AVRecognizer, Output


def update_ratio(parameters: Iterable[nn.Parameter]) -> Tensor:
    r"""How much a step changes a part of a model, relative to its size.

    :math:`\mu = \sum \|g\|^2 / \sum \|w\|^2` over the parameters (Wu et al.,
    ICML 2022, arXiv:2202.05306, in the definition of the conditional learning
    speed).

    Args:
        parameters: Those without a gradient count with a gradient of zero.

    Returns:
        A scalar in float32.
    """
    squares = [
        torch.stack(
            [
                p.new_zeros((), dtype=torch.float32)
                if p.grad is None
                else p.grad.float().square().sum(),
                p.detach().float().square().sum(),
            ]
        )
        for p in parameters
    ]
    gradient, weight = torch.stack(squares).sum(0)
    ratio: Tensor = gradient / weight
    return ratio


def learning_speed(bypass: Tensor, main: Tensor) -> Tensor:
    r"""Conditional learning speed, :math:`\log_{10}` of bypass / main.

    The higher it is, the more a branch learns from the other modality than
    from its own (Wu et al., ICML 2022, arXiv:2202.05306).

    Args:
        bypass: Accumulated :func:`update_ratio` of what lets the other
            modality in, one number a branch.
        main: The same of the branch itself.
    """
    return (bypass / main).log10()


@MODELS.register_module()
class Greedy(Method):
    """Balanced learning by the conditional learning speed, for MMTM.

    After each step the speed of both branches is brought up to date
    (:func:`learning_speed`). Where the two differ by more than ``eps``, the
    next ``curation_steps`` steps care for the branch with the higher one: its
    MMTM gates are their running means, so that it hears nothing of the other
    modality and has to learn from its own.

    Example::

        method_greedy = dict(
            step=dict(type='Greedy', eps=0.01, curation_steps=5),
            model=dict(fusion=dict(
                _delete_=True, type='MMTM', track_gates=True)))

    Args:
        eps: Difference of the speeds from which on it acts.
        curation_steps: How many steps it then acts.
        start_epoch: First epoch, from 0, that it acts in. Speeds are
            accumulated from the beginning.
        momentum: Share of the newest step in the running means of the gates.

    Raises:
        ValueError: On an argument out of range; before training, if the
            fusion is not an MMTM that tracks its gates, or if there are no
            unimodal heads.
    """

    takes_multi_label = True
    compares_modalities = True
    max_modalities = 2

    main: Tensor
    bypass: Tensor
    steps_left: Tensor
    cared: Tensor

    def __init__(
        self,
        eps: float = 0.01,
        curation_steps: int = 5,
        start_epoch: int = 1,
        momentum: float = 0.1,
    ) -> None:
        super().__init__()
        if curation_steps < 1 or start_epoch < 0 or not 0 < momentum <= 1:
            raise ValueError(
                'Greedy: curation_steps must be at least 1, start_epoch at '
                'least 0 and momentum above 0 and at most 1, got '
                f'{curation_steps}, {start_epoch} and {momentum}. Write: '
                "dict(type='Greedy', curation_steps=5, start_epoch=1, "
                'momentum=0.1)'
            )
        self.eps = eps
        self.curation_steps = curation_steps
        self.start_epoch = start_epoch
        self.momentum = momentum
        for name in ('main', 'bypass'):
            self.register_buffer(name, torch.zeros(2))
        for name in ('steps_left', 'cared'):
            self.register_buffer(name, torch.zeros((), dtype=torch.int64))
        self._complete = True
        self._fusion: tuple[MMTM, ...] = ()

    def check(self, model: AVRecognizer) -> None:
        """Refuse models without gates or heads; connect the gates."""
        from mmremix.models import MMTM

        if not isinstance(model.fusion, MMTM) or not model.fusion.track_gates:
            raise ValueError(
                'Greedy acts on the gates of MMTM, got '
                f'{type(model.fusion).__name__}. Write: model=dict(fusion='
                "dict(_delete_=True, type='MMTM', track_gates=True))"
            )
        # A bound method, so copies of the model have copies of it.
        model.fusion.edit_gates = self._edit_gates
        self._fusion = (model.fusion,)  # a tuple: no submodule

    def _edit_gates(
        self, stage: int, gates: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Bring the running means up to date, and hold a gate at its own."""
        if not self.training or len(gates) < 2:
            return gates
        edited = {}
        for number, (name, gate) in enumerate(gates.items()):
            held = (self.steps_left > 0) & (self.cared == number)
            mean = self._follow(stage, name, gate, held)
            # `where` and not `if`: reading the flag would wait for the GPU.
            edited[name] = torch.where(held, mean.to(gate.dtype), gate)
        return edited

    @torch.no_grad()
    def _follow(
        self, stage: int, name: str, gate: Tensor, held: Tensor
    ) -> Tensor:
        fusion: MMTM = self._fusion[0]
        mean, seen = fusion.gate_mean(stage, name)
        newest = self.mean_over_batch(gate)
        moved = torch.where(seen, mean.lerp(newest, self.momentum), newest)
        mean.copy_(torch.where(held, mean, moved))
        seen.fill_(True)
        return mean

    def losses(
        self, model: AVRecognizer, output: Output, losses: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Note whether the step compares both modalities."""
        self._complete &= len(output.active) == len(model.modalities)
        return losses

    def edit_gradients(self, model: AVRecognizer) -> None:
        """Accumulate the speeds, and decide on the next step."""
        complete, self._complete = self._complete, True
        if not complete:
            return
        fusion: MMTM = self._fusion[0]
        names = model.modalities
        main = [
            update_ratio(
                [
                    *model.encoders[name].parameters(),
                    *model.heads[name].parameters(),
                ]
            )
            for name in names
        ]
        bypass = [update_ratio(fusion.gate_parameters(name)) for name in names]
        curating = self.steps_left > 0
        newest = torch.stack([*main, *bypass])
        # In a curation step a gate has no gradient by construction; a step
        # that overflowed in float16 is none.
        counts = ~curating & newest.isfinite().all()
        for total, ratios in zip(
            (self.main, self.bypass), newest.chunk(2), strict=True
        ):
            total.add_(torch.where(counts, ratios, 0))
        speed = learning_speed(self.bypass, self.main)
        ahead = speed[1] - speed[0]
        self.steps_left.copy_((self.steps_left - 1).clamp(min=0))
        if self.clock.epoch >= self.start_epoch:
            due = ~curating & (ahead.abs() > self.eps)
            self.steps_left.copy_(
                torch.where(due, self.curation_steps, self.steps_left)
            )
            self.cared.copy_(torch.where(due, (ahead > 0).long(), self.cared))
        for number, name in enumerate(names):
            self.record(f'speed_{name}', speed[number])
        self.record('curating', curating.float())
