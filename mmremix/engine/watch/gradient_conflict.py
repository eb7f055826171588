"""Whether the modalities pull the weights in the same direction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmremix.models import FUSION, AVRecognizer, StagedFusionHead
from mmremix.models.evaluating import evaluating
from mmremix.models.tokens import on_values

Gradient = Sequence[Tensor]
"""One tensor a parameter."""


@dataclass(frozen=True)
class _Gradients:
    """What is compared, for each modality; see :func:`compare_gradients`."""

    own: Mapping[str, Gradient]
    fused: Mapping[str, Gradient]
    head_alone: Mapping[str, Gradient]
    head_fused: Gradient


def compare_gradients(
    model: AVRecognizer, inputs: Mapping[str, Tensor], labels: Tensor
) -> dict[str, float]:
    """Compare gradients on one batch.

    All losses are unweighted mean cross entropies over the batch, in
    evaluation mode (running batch-norm statistics, no dropout) and without
    autocast. For each modality k:

    - ``cos_<k>``, ``angle_<k>`` (degrees), over the parameters of encoder k:
      between the gradient of k's own loss, from k alone, and that of the
      fused loss with all modalities. ``norm_own_<k>`` and
      ``norm_fused_<k>`` are their lengths.
    - ``head_cos_<k>``, ``head_angle_<k>``, over the entries of the fusion
      head that k alone reaches (its gradient there is not 0): between the
      gradient of the fused loss with only k present and that with all.
    - ``head_cos_<j>-<k>``, ``head_angle_<j>-<k>``, over the entries of the
      fusion head that both reach: between the gradient of the fused loss
      with only j present and that with only k present.

    The gradient of a modality alone is the direction it would take without
    the others. The paper's Figure 3c shows the angle between the audio
    gradient and such an ideal direction, but does not say how it is
    computed.

    A direction that does not exist (a gradient of length 0, a frozen
    encoder, nothing shared in the head) is left out. ``.grad``, buffers,
    training flags and random states stay as they are.

    Args:
        model: Unwrapped.
        inputs: ``(B, ...)`` for every modality, preprocessed.
        labels: ``(B,)``, on the device of the inputs.

    Raises:
        ValueError: If an input is missing.
    """
    missing = [name for name in model.modalities if name not in inputs]
    if missing:
        raise ValueError(
            f'The batch has no input of {missing}; gradients are compared '
            f'on samples with all modalities, {model.modalities}.'
        )
    staged = isinstance(model.fusion, StagedFusionHead)
    with evaluating(model), torch.enable_grad():
        compute = _staged_gradients if staged else _late_gradients
        gradients = compute(model, inputs, labels)
    found: dict[str, float] = {}
    for name in model.modalities:
        own, fused = gradients.own[name], gradients.fused[name]
        if not own:
            continue
        cosine, length, other = _compare(own, fused)
        found |= _direction('', name, cosine)
        found |= {f'norm_own_{name}': length, f'norm_fused_{name}': other}
    for name, alone in gradients.head_alone.items():
        whole = _where(gradients.head_fused, alone)
        found |= _direction('head_', name, _compare(alone, whole)[0])
    for (one, g), (two, h) in combinations(gradients.head_alone.items(), 2):
        cosine = _compare(_where(g, h), _where(h, g))[0]
        found |= _direction('head_', f'{one}-{two}', cosine)
    return found


def _late_gradients(
    model: AVRecognizer, inputs: Mapping[str, Tensor], labels: Tensor
) -> _Gradients:
    """Encode once; a modality's own loss reaches its own encoder only."""
    encoders = _parameters(model.encoders)
    head = _trainable(model.fusion)
    output = model.run(inputs)
    scores = output.scores
    flat = [p for parameters in encoders.values() for p in parameters]
    fused_loss = F.cross_entropy(scores[FUSION], labels)
    fused = _gradient(fused_loss, [*flat, *head], retain=True)
    # In one go: the sum's gradient at an encoder is that of its own term.
    own_loss = torch.stack(
        [F.cross_entropy(scores[name], labels) for name in output.features]
    ).sum()
    own = _gradient(own_loss, flat)
    alone = {
        name: _gradient(
            F.cross_entropy(
                model.fuse({name: on_values(torch.Tensor.detach, z)}), labels
            ),
            head,
        )
        for name, z in output.fusion_inputs.items()
    }
    return _Gradients(
        own=_split(own, encoders),
        fused=_split(fused[: len(flat)], encoders),
        head_alone=alone,
        head_fused=fused[len(flat) :],
    )


def _staged_gradients(
    model: AVRecognizer, inputs: Mapping[str, Tensor], labels: Tensor
) -> _Gradients:
    """The modalities meet in the encoders: each alone is a run of its own."""
    encoders = _parameters(model.encoders)
    head = _trainable(model.fusion)
    flat = [p for parameters in encoders.values() for p in parameters]
    scores = model.run(inputs).scores[FUSION]
    fused = _gradient(F.cross_entropy(scores, labels), [*flat, *head])
    own, alone = {}, {}
    for name, parameters in encoders.items():
        by_itself = model.run({name: inputs[name]}).scores
        own_loss = F.cross_entropy(by_itself[name], labels)
        own[name] = _gradient(own_loss, parameters, retain=True)
        alone[name] = _gradient(
            F.cross_entropy(by_itself[FUSION], labels), head
        )
    return _Gradients(
        own=own,
        fused=_split(fused[: len(flat)], encoders),
        head_alone=alone,
        head_fused=fused[len(flat) :],
    )


def _trainable(module: nn.Module) -> list[nn.Parameter]:
    return [p for p in module.parameters() if p.requires_grad]


def _parameters(encoders: nn.ModuleDict) -> dict[str, list[nn.Parameter]]:
    return {name: _trainable(encoder) for name, encoder in encoders.items()}


def _gradient(
    loss: Tensor, parameters: Sequence[nn.Parameter], retain: bool = False
) -> list[Tensor]:
    """Gradient of a loss, zeros where it does not reach."""
    if not parameters or not loss.requires_grad:
        return [torch.zeros_like(p) for p in parameters]
    found = torch.autograd.grad(
        loss, parameters, retain_graph=retain, allow_unused=True
    )
    return [
        torch.zeros_like(p) if g is None else g
        for g, p in zip(found, parameters, strict=True)
    ]


def _split(
    gradient: Sequence[Tensor], encoders: Mapping[str, Sequence[Tensor]]
) -> dict[str, Gradient]:
    parts, start = {}, 0
    for name, parameters in encoders.items():
        parts[name] = gradient[start : start + len(parameters)]
        start += len(parameters)
    return parts


def _where(gradient: Gradient, reached: Gradient) -> list[Tensor]:
    """The gradient at the entries where another is not 0."""
    return [
        g.masked_fill(r == 0, 0)
        for g, r in zip(gradient, reached, strict=True)
    ]


def _compare(one: Gradient, two: Gradient) -> tuple[float, float, float]:
    """Cosine (NaN where there is none) and the lengths."""
    if not one:
        return math.nan, 0.0, 0.0
    pairs = [(g.flatten(), h.flatten()) for g, h in zip(one, two, strict=True)]
    products = [
        torch.stack([g.dot(h), g.dot(g), h.dot(h)]).double() for g, h in pairs
    ]
    inner, square, other = torch.stack(products).sum(dim=0).tolist()
    length = math.sqrt(square * other)
    cosine = inner / length if length > 0 else math.nan
    return cosine, math.sqrt(square), math.sqrt(other)


def _direction(prefix: str, name: str, cosine: float) -> dict[str, float]:
    if math.isnan(cosine):
        return {}
    # Rounding may lead out of [-1, 1].
    cosine = min(max(cosine, -1.0), 1.0)
    return {
        f'{prefix}cos_{name}': cosine,
        f'{prefix}angle_{name}': math.degrees(math.acos(cosine)),
    }
