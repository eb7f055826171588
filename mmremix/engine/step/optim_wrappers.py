"""Optimiser wrappers with a place between backward and step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.optim import AmpOptimWrapper as MMEngineAmpOptimWrapper
from mmengine.optim import OptimWrapper as MMEngineOptimWrapper
from torch import Tensor, nn

from mmremix.methods import Gradients, Method
from mmremix.models import AVRecognizer
from mmremix.registry import OPTIM_WRAPPERS
from mmremix.utils.errors import ConfigError


class GradientPlace(MMEngineOptimWrapper):
    """Lets methods see the gradients before they are clipped and applied.

    ``MethodHook`` hands the model over. Without a method that acts here, a
    step is mmengine's, bit for bit.
    """

    _model: AVRecognizer | None = None
    _edits: tuple[Method, ...] = ()
    _combines: Method | None = None

    def attach(self, model: AVRecognizer) -> None:
        """Let the methods of a model act on the gradients.

        Raises:
            ConfigError: If two of them want to combine the loss terms.
        """
        methods = dict(model.methods.items())
        combining = [n for n, m in methods.items() if m.overrides('combine')]
        if len(combining) > 1:
            raise ConfigError(
                f'The methods {combining} each make one gradient of those of '
                'the loss terms, which only one can. Write: '
                f'method_{combining[1]} = None'
            )
        self._model = model
        self._edits = tuple(
            m for m in methods.values() if m.overrides('edit_gradients')
        )
        self._combines = methods[combining[0]] if combining else None
        model.keep_terms = bool(combining)
        self._sums: dict[str, Gradients] = {}

    def should_sync(self) -> bool:
        """Whether DDP averages this step's gradients.

        Gradients of single terms are averaged here: torch.autograd.grad,
        which computes them, goes past DDP.
        """
        return self._combines is None and bool(super().should_sync())

    def backward(self, loss: Tensor, **kwargs: Any) -> None:
        """Backpropagate, term by term if a method combines them."""
        if self._combines is None:
            super().backward(loss, **kwargs)
            return
        assert self._model is not None
        terms = self._model.take_terms()
        named = self._trainable()
        for number, (name, term) in enumerate(terms.items()):
            gradients = torch.autograd.grad(
                self._scaled(self.scale_loss(term)),
                list(named.values()),
                retain_graph=number + 1 < len(terms),
                allow_unused=True,
            )
            sums = self._sums.setdefault(name, dict.fromkeys(named))
            for key, gradient in zip(named, gradients, strict=True):
                sums[key] = _plus(sums[key], gradient)
        self._inner_count += 1

    def step(self, **kwargs: Any) -> None:
        """Combine, edit, clip, step."""
        if self._combines is not None:
            self._write_combined()
        if self._edits:
            self._unscale()
            assert self._model is not None
            with torch.no_grad():
                for method in self._edits:
                    method.edit_gradients(self._model)
        self._clip_and_step(bool(self._edits), **kwargs)

    def _write_combined(self) -> None:
        assert self._combines is not None and self._model is not None
        for gradients in self._sums.values():
            _average_over_ranks(gradients)
        scale = self._scale()
        with torch.no_grad():
            given = {
                name: {
                    key: None if g is None else g / scale
                    for key, g in gradients.items()
                }
                for name, gradients in self._sums.items()
            }
            combined = self._combines.combine(self._model, given)
            for key, parameter in self._trainable().items():
                gradient = combined[key]
                parameter.grad = None if gradient is None else gradient * scale
        self._sums = {}

    def _trainable(self) -> dict[str, nn.Parameter]:
        assert self._model is not None
        return {
            name: parameter
            for name, parameter in self._model.named_parameters()
            if parameter.requires_grad
        }

    # What mixed precision in float16 does otherwise.

    def _scaled(self, loss: Tensor) -> Tensor:
        return loss

    def _scale(self) -> float:
        return 1.0

    def _unscale(self) -> None:
        pass

    def _clip_and_step(self, unscaled: bool, **kwargs: Any) -> None:
        super().step(**kwargs)


@OPTIM_WRAPPERS.register_module()
class OptimWrapper(GradientPlace):
    """mmengine's ``OptimWrapper``, with a place for methods.

    In configs of mmremix the bare name means this one::

        optim_wrapper = dict(
            type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-3))

    Args:
        kwargs: Those of mmengine's.
    """


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(GradientPlace):
    """``OptimWrapper`` with the forward pass in bfloat16, on any device.

    ``AmpOptimWrapper`` refuses to run without a GPU. bfloat16 has the range
    of float32, so no loss scaling is needed.

    Example::

        optim_wrapper = dict(
            type='BFloat16OptimWrapper', optimizer=dict(type='SGD', lr=1e-3))

    Args:
        kwargs: Those of mmengine's ``OptimWrapper``.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Run the forward pass of a step under autocast."""
        device = next(model.parameters()).device.type
        with (
            super().optim_context(model),
            torch.autocast(device, dtype=torch.bfloat16),
        ):
            yield


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(GradientPlace, MMEngineAmpOptimWrapper):
    """mmengine's ``AmpOptimWrapper`` (GPU), with a place for methods.

    Methods see gradients without the loss scale. A step that overflows is
    skipped after they saw it.

    Args:
        kwargs: Those of mmengine's.
    """

    def _scaled(self, loss: Tensor) -> Tensor:
        scaled: Tensor = self.loss_scaler.scale(loss)
        return scaled

    def _scale(self) -> float:
        return float(self.loss_scaler.get_scale())

    def _unscale(self) -> None:
        self.loss_scaler.unscale_(self.optimizer)

    def _clip_and_step(self, unscaled: bool, **kwargs: Any) -> None:
        if not unscaled:
            super()._clip_and_step(unscaled, **kwargs)
            return
        # As mmengine does, which would unscale a second time.
        if self.clip_grad_kwargs:
            self._clip_grad()
        self.loss_scaler.step(self.optimizer, **kwargs)
        self.loss_scaler.update(self._scale_update_param)


def _plus(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _average_over_ranks(gradients: Gradients) -> None:
    """Average in place, in one exchange.

    The same parameters have a gradient on all ranks: those of the modalities
    of the step.
    """
    size = get_world_size()
    there = {key: g for key, g in gradients.items() if g is not None}
    if size == 1 or not there:
        return
    flat = torch.cat([g.flatten() for g in there.values()])
    all_reduce(flat)
    flat /= size
    parts = torch.split(flat, [g.numel() for g in there.values()])
    for (key, g), part in zip(there.items(), parts, strict=True):
        gradients[key] = part.view_as(g)
