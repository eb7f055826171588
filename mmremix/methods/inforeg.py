"""InfoReg: hold back the encoder that learns too much too early."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from mmremix.methods.base import Method
from mmremix.registry import MODELS

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output


def is_rising(traces: Tensor, window: int) -> Tensor:
    """Whether the mean over a sliding window of epochs still rises.

    The mean of the last ``window`` epochs is compared with that of the
    window one epoch earlier. While there are too few epochs for both, it
    counts as rising.

    Args:
        traces: Fisher trace of each epoch so far and each of K encoders,
            ``(E, K)``.
        window: Epochs in a window.

    Returns:
        bool, ``(K,)``.
    """
    if len(traces) <= window:
        return torch.ones_like(traces[0], dtype=torch.bool)
    return traces[-window:].mean(0) > traces[-window - 1 : -1].mean(0)


def dominant(scores: Tensor) -> Tensor:
    """The modality with the highest score, one-hot ``(K,)``.

    None where it does not exceed the mean of the others.

    Args:
        scores: ``(K,)``.
    """
    best = scores.argmax()
    others = (scores.sum() - scores[best]) / (len(scores) - 1)
    found = torch.zeros_like(scores)
    found[best] = (scores[best] > others).to(scores.dtype)
    return found


@MODELS.register_module()
class InfoReg(Method):
    """Keeps the dominant encoder near where it was when the epoch began.

    While an encoder is in its critical period (its Fisher trace, the mean
    squared length of its gradient, rises from epoch to epoch) and its
    modality is the dominant one, its loss gets
    ``alpha / 2 |theta - theta_start|^2``, that is ``alpha (theta -
    theta_start)`` on its gradient, with ``theta_start`` its parameters at the
    start of the epoch (after InfoReg, Huang et al., CVPR 2025,
    arXiv:2503.18595). A critical period that has ended does not come back.

    What is ours: the dominant modality is the one whose own prediction gave
    the true class the highest mean probability over the epoch before, so
    that nothing is held back in the first epoch; the rule of the window
    (:func:`is_rising`); and the values of ``alpha`` and ``window``.

    Steps that lack a modality are left as they are and count for nothing.

    Example::

        method_inforeg = dict(step=dict(type='InfoReg', alpha=1.0))

    Logged are ``regulated_<modality>`` (0 or 1) and, of the epoch before,
    ``trace_<modality>`` and ``score_<modality>``.

    Args:
        alpha: How strongly the dominant encoder is held; 0 is plain
            training. Per step it moves back by the learning rate times
            ``alpha`` times its distance (with SGD).
        window: Epochs in the window.

    Raises:
        ValueError: If ``alpha`` is negative or ``window`` less than 1.
    """

    compares_modalities: ClassVar[bool] = True

    epoch: Tensor
    trace: Tensor
    score: Tensor
    steps: Tensor
    samples: Tensor
    traces: Tensor
    epochs: Tensor
    critical: Tensor
    regulated: Tensor
    scores: Tensor

    def __init__(self, alpha: float = 1.0, window: int = 3) -> None:
        super().__init__()
        if alpha < 0 or window < 1:
            raise ValueError(
                'InfoReg: alpha must not be negative and window at least 1, '
                f'got alpha={alpha} and window={window}. Write: '
                "step=dict(type='InfoReg', alpha=1.0, window=3)"
            )
        self.alpha = alpha
        self.window = window
        # Of this step: sums of p[y] of each modality and last the count.
        self._sums: list[Tensor] = []
        self._whole = True
        # What the buffers say, read from the device once an epoch.
        self._epoch: int | None = None
        self._held: list[str] = []

    def allocate(self, model: AVRecognizer) -> None:
        for name, encoder in model.encoders.items():
            start = torch.zeros(sum(p.numel() for p in encoder.parameters()))
            self.register_buffer(f'start_{name}', start)
        count = len(model.modalities)
        # Of the current epoch.
        self.register_buffer('epoch', torch.tensor(-1))
        for name in ('trace', 'score'):
            self.register_buffer(name, torch.zeros(count))
        for name in ('steps', 'samples'):
            self.register_buffer(name, torch.zeros(()))
        # Of those before, the latest last.
        self.register_buffer('traces', torch.zeros(self.window + 1, count))
        self.register_buffer('scores', torch.zeros(count))
        self.register_buffer('epochs', torch.tensor(0))
        # Numbers, not bools: SyncBuffersHook averages over the ranks.
        self.register_buffer('critical', torch.ones(count))
        self.register_buffer('regulated', torch.zeros(count))

    def losses(
        self, model: AVRecognizer, output: Output, losses: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Gather how sure each modality is of the truth."""
        if not self.training:
            return losses
        if len(output.active) < len(model.modalities):
            self._whole = False
            return losses
        rows = torch.arange(len(output.target), device=output.target.device)
        sure = [
            output.scores[n].detach().float().softmax(1)[rows, output.target]
            for n in model.modalities
        ]
        count = sure[0].new_tensor(len(rows))
        self._sums.append(torch.stack([*(p.sum() for p in sure), count]))
        return losses

    def edit_gradients(self, model: AVRecognizer) -> None:
        sums, whole = self._sums, self._whole
        self._sums, self._whole = [], True
        if self._epoch is None:
            self._epoch = int(self.epoch)
            self._held = self._names_held(model)
        if self._epoch != self.clock.epoch:
            self._begin_epoch(model)
        for name, held in zip(model.modalities, self.regulated, strict=True):
            self.record(f'regulated_{name}', held if whole else 0.0)
        if not whole or not sums:
            return
        total = self.sum_over_ranks(torch.stack(sums).sum(0))
        self.score += total[:-1]
        self.samples += total[-1]
        squares = torch.stack(
            [_square(model, name, self.trace) for name in model.modalities]
        )
        finite = squares.isfinite().all()  # else float16 skips the step
        self.trace += torch.where(finite, squares, 0)
        self.steps += finite
        for name in self._held:
            self._hold(model, name)

    def _hold(self, model: AVRecognizer, name: str) -> None:
        parameters = list(model.encoders[name].parameters())
        start = getattr(self, f'start_{name}')
        parts = start.split([p.numel() for p in parameters])
        for parameter, before in zip(parameters, parts, strict=True):
            if parameter.grad is not None:
                moved = parameter - before.view_as(parameter)
                parameter.grad.add_(moved, alpha=self.alpha)

    def _begin_epoch(self, model: AVRecognizer) -> None:
        """Judge the epoch before, and note where this one starts."""
        self.regulated.zero_()
        if self.steps > 0:
            newest = (self.trace / self.steps)[None]
            self.traces.copy_(torch.cat([self.traces[1:], newest]))
            self.epochs += 1
            count = min(int(self.epochs), len(self.traces))
            rising = is_rising(self.traces[-count:], self.window)
            self.critical *= rising
            self.scores.copy_(self.score / self.samples)
            self.regulated.copy_(dominant(self.scores) * self.critical)
            for k, name in enumerate(model.modalities):
                self.record(f'trace_{name}', self.traces[-1, k])
                self.record(f'score_{name}', self.scores[k])
        for buffer in (self.trace, self.score, self.steps, self.samples):
            buffer.zero_()
        for name, encoder in model.encoders.items():
            start = parameters_to_vector(encoder.parameters())
            getattr(self, f'start_{name}').copy_(start)
        self._epoch = self.clock.epoch
        self.epoch.fill_(self._epoch)
        self._held = self._names_held(model)

    def _names_held(self, model: AVRecognizer) -> list[str]:
        held = self.regulated.tolist()
        names = model.modalities
        return [n for n, on in zip(names, held, strict=True) if on]


def _square(model: AVRecognizer, name: str, like: Tensor) -> Tensor:
    """Squared length of an encoder's gradient."""
    total = like.new_zeros(())
    for parameter in model.encoders[name].parameters():
        if parameter.grad is not None:
            total = total + parameter.grad.float().square().sum()
    return total
