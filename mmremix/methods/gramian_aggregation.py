"""One gradient of those of the loss terms, weighed by their products."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from mmremix.methods.base import Gradients, Method
from mmremix.registry import FUNCTIONS, MODELS
from mmremix.utils.names import FUSION

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output

Weighting = Callable[[Tensor], Tensor]
"""From a Gramian ``(m, m)`` to ``m`` weights."""

_TORCHJD = 'torchjd.'


def gramian(rows: Sequence[Sequence[Tensor | None]]) -> Tensor:
    """Inner products of m gradients, ``(m, m)``, float32.

    Args:
        rows: Of each gradient a tensor a parameter; ``None`` counts as 0.

    Raises:
        ValueError: If there is no tensor at all.
    """
    flat: list[list[Tensor]] = [[] for _ in rows]
    for parts in zip(*rows, strict=True):
        there = [part for part in parts if part is not None]
        if there:
            zero = torch.zeros_like(there[0])
            for pieces, part in zip(flat, parts, strict=True):
                pieces.append((zero if part is None else part).flatten())
    if not any(flat):
        raise ValueError('No parameter has a gradient.')
    vectors = [torch.cat(pieces).float() for pieces in flat]
    # Not a matrix product, which TF32 would round.
    pairs = combinations_with_replacement(range(len(vectors)), 2)
    products = {(i, j): (vectors[i] * vectors[j]).sum() for i, j in pairs}
    places = range(len(vectors))
    return torch.stack(
        [
            torch.stack([products[min(i, j), max(i, j)] for j in places])
            for i in places
        ]
    )


def weighted_sum(
    parts: Sequence[Tensor | None], weights: Tensor
) -> Tensor | None:
    """Sum of the gradients of one parameter, each with its weight."""
    terms = [
        weight.to(part.dtype) * part
        for weight, part in zip(weights, parts, strict=True)
        if part is not None
    ]
    return torch.stack(terms).sum(0) if terms else None


def sum_of_terms(rows: Sequence[Gradients]) -> Gradients:
    """The plain sum of the gradients of several loss terms."""
    total: Gradients = {}
    for row in rows:
        for key, gradient in row.items():
            before = total.get(key)
            if before is None or gradient is None:
                total[key] = before if gradient is None else gradient
            else:
                total[key] = before + gradient
    return total


@MODELS.register_module()
class GramianAggregation(Method):
    """Weighs the gradients of the loss terms, encoder by encoder.

    At each encoder the gradients of the terms that reach it, the fused one's
    first, then its own head's, have a Gramian G of their inner products; a
    function makes weights of it, and the encoder steps with the weighted
    sum. Heads and fusion keep the plain sum, and so does all in a step that
    lacks a modality or a term.

    Any rule that needs the products only is such a function, the aggregators
    of TorchJD (arXiv:2406.16232) among them (``pip install torchjd``; each
    ``...Weighting`` of ``torchjd.aggregation``)::

        method_mgda = dict(step=dict(
            type='GramianAggregation',
            weighting=dict(type='torchjd.MGDAWeighting'), scale=2.0))

    or of one's own, ``@FUNCTIONS.register_module() def equal(gramian)``,
    ``weighting='equal'``.

    The Gramian is computed on the device and weighed on the CPU, where such
    functions solve small programs, so every step waits for the GPU. Random
    numbers that the function draws are equal on all ranks.

    Args:
        weighting: Name in the registry ``FUNCTIONS``, or config of a function
            or class there or in ``torchjd``, that maps a Gramian ``(m, m)``
            to ``m`` weights.
        scale: The weights are multiplied by it. Weights that sum to 1 make a
            shorter step than plain training, where each is 1; 2.0 makes up
            for it with two terms.

    Raises:
        ImportError: If ``torchjd`` is wanted and missing.
        ValueError: If there is no such function.
    """

    takes_multi_label = True
    compares_modalities: ClassVar[bool] = True

    def __init__(
        self, weighting: str | Mapping[str, Any], scale: float = 1.0
    ) -> None:
        super().__init__()
        self.weighting = build_weighting(weighting)
        self.scale = scale
        self._whole = True

    def _apply(
        self, fn: Callable[[Tensor], Tensor], recurse: bool = True
    ) -> GramianAggregation:
        # What the function keeps stays on the CPU, where it weighs.
        apply: Any = super()._apply
        apply(fn, recurse=False)
        return self

    def check(self, model: AVRecognizer) -> None:
        """Refuse a model whose encoders have one loss term only."""
        weights = model.loss_weights['all_active']
        if model.unimodal == 'heads' and all(weights.values()):
            return
        listed = ', '.join(f'{name}={w}' for name, w in weights.items())
        raise ValueError(
            f'{type(self).__name__} weighs the gradients of the fused loss '
            'and of each head, but the model has '
            f'unimodal={model.unimodal!r} and the loss weights {listed}. '
            "Write: model=dict(unimodal='heads', loss_weights=dict("
            'all_active=dict(fusion=1.0, unimodal=1.0)))'
        )

    def losses(
        self, model: AVRecognizer, output: Output, losses: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Note whether the step keeps all modalities."""
        if self.training and len(output.active) < len(model.modalities):
            self._whole = False
        return losses

    def combine(
        self, model: AVRecognizer, gradients: Mapping[str, Gradients]
    ) -> Gradients:
        whole, self._whole = self._whole, True
        terms = [f'loss_{name}' for name in (FUSION, *model.modalities)]
        combined = sum_of_terms(list(gradients.values()))
        if not whole or not set(terms) <= set(gradients):
            return combined
        for name in model.modalities:
            prefix = f'encoders.{name}.'
            first = [f'loss_{FUSION}', f'loss_{name}']
            rows = {
                term: {
                    key: g
                    for key, g in gradients[term].items()
                    if key.startswith(prefix)
                }
                for term in (*first, *(t for t in gradients if t not in first))
            }
            reached = {
                term: row
                for term, row in rows.items()
                if any(g is not None for g in row.values())
            }
            if len(reached) > 1:
                combined.update(self.merge(name, reached))
        return combined

    def merge(self, name: str, rows: Mapping[str, Gradients]) -> Gradients:
        """Make one gradient of an encoder of those of several terms.

        Args:
            name: Of the modality.
            rows: For each term that reaches the encoder, the gradient of
                each of its trainable parameters.
        """
        keys = list(next(iter(rows.values())))
        products = gramian([list(row.values()) for row in rows.values()])
        with torch.random.fork_rng(devices=[]):
            # Some rules draw; the state is that of the step.
            torch.default_generator.set_state(self.generator().get_state())
            weights = self.scale * self.weighting(products.cpu())
        for term, weight in zip(rows, weights, strict=True):
            of = term.replace('loss', '').strip('_')
            self.record(f'weight_{of}_at_{name}', weight)
        weights = weights.to(products.device)
        return {
            key: weighted_sum([row[key] for row in rows.values()], weights)
            for key in keys
        }


def build_weighting(weighting: str | Mapping[str, Any]) -> Weighting:
    """Find or build what maps a Gramian to weights.

    Args:
        weighting: See :class:`GramianAggregation`.

    Raises:
        ImportError: If ``torchjd`` is wanted and missing.
        ValueError: If there is no such function.
    """
    cfg = {'type': weighting} if isinstance(weighting, str) else weighting
    options = dict(cfg)
    kind = options.pop('type', None)
    found: Any = None
    if isinstance(kind, str) and kind.startswith(_TORCHJD):
        found = _from_torchjd(kind)
    elif isinstance(kind, str):
        found = FUNCTIONS.get(kind)
    if found is None:
        raise ValueError(
            f'GramianAggregation: no function {kind!r} from a Gramian to '
            'weights. Write @FUNCTIONS.register_module() above yours, and '
            "in the config: custom_imports=dict(imports=['my_module']); or "
            "one of TorchJD's: weighting=dict(type='torchjd.MGDAWeighting')"
        )
    made: Weighting
    is_class: bool = inspect.isclass(found)
    if is_class:
        made = found(**options)
    else:
        made = partial(found, **options) if options else found
    return made


def _from_torchjd(kind: str) -> Any:
    try:
        aggregation = importlib.import_module('torchjd.aggregation')
    except ImportError as error:
        raise ImportError(
            f'{kind} is of the package torchjd, which is not installed. Run: '
            'pip install torchjd'
        ) from error
    return getattr(aggregation, kind.rpartition('.')[2], None)
