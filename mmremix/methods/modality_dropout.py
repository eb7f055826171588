"""Modality dropout within a step: features left out sample by sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from mmengine.dist import get_world_size
from torch import Tensor

from mmremix.methods.base import Method
from mmremix.models.tokens import Feature, leave_out
from mmremix.registry import MODELS

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output


def keep_some(drawn: Tensor, rates: Tensor) -> Tensor:
    """Which modalities each sample keeps: never none of them.

    Each is dropped with its rate, independently of the others. Where that
    would leave nothing, one stays, each with the same probability.

    Args:
        drawn: Uniform in [0, 1), ``(B, K)``.
        rates: ``(K,)`` or ``(B, K)``, in [0, 1].

    Returns:
        Bool ``(B, K)``.
    """
    keeps = drawn >= rates
    # Where all are dropped, the quotients are uniform in [0, 1).
    lucky = (drawn / rates.clamp(min=1e-12)).argmax(dim=1)
    one = torch.nn.functional.one_hot(lucky, drawn.shape[1]).bool()
    return torch.where(keeps.any(dim=1, keepdim=True), keeps, one)


def rates_of(
    kind: str, p: float | Mapping[str, float], names: tuple[str, ...]
) -> Tensor:
    """A rate for each modality.

    Args:
        kind: Name of the component, for the error.
        p: One rate, or rates by name; who is not named is never dropped.
        names: Of the K modalities.

    Returns:
        ``(K,)``.

    Raises:
        ValueError: If a name is none of the modalities.
    """
    if not isinstance(p, Mapping):
        return torch.full((len(names),), float(p))
    unknown = [name for name in p if name not in names]
    if unknown:
        raise ValueError(
            f'{kind}: p has {unknown}, the modalities are {names}. Write: '
            f'dict(type={kind!r}, p=dict({names[0]}=0.5))'
        )
    return torch.tensor([float(p.get(name, 0)) for name in names])


def check_rates(kind: str, p: float | Mapping[str, float]) -> None:
    """Refuse rates that are none.

    Raises:
        ValueError: If one is out of [0, 1].
    """
    values = list(p.values()) if isinstance(p, Mapping) else [p]
    if not all(0 <= value <= 1 for value in values):
        raise ValueError(
            f'{kind}: p must be in [0, 1], got {p}. Write: '
            f'dict(type={kind!r}, p=0.5)'
        )


@MODELS.register_module()
class ModalityDropout(Method):
    """Leave out features of single samples, on their way into the fusion.

    Each modality of each sample is left out with a probability, but never
    all of them: a zero vector, or tokens that are not there. Every encoder
    still runs on all samples, and the modalities' own heads see all features.
    Nothing is rescaled, and nothing is left out in evaluation.
    :class:`~mmremix.engine.ModalityDropoutHook` is the form that does not
    even load what is left out.

    Logs ``kept_<name>``, the share of the samples that keep a modality.

    Example::

        method_modality_dropout = dict(
            step=dict(type='ModalityDropout', p=dict(audio=0.5)))

    Args:
        p: Probability of each modality to be left out, or of those named
            (the others stay).

    Raises:
        ValueError: If p is no probability; before training, if it names what
            is no modality, or for a fusion between the encoders' stages.
    """

    takes_multi_label = True
    compares_modalities = True
    needs_late_fusion = True
    takes_tokens = True

    def __init__(self, p: float | Mapping[str, float] = 0.5) -> None:
        super().__init__()
        check_rates('ModalityDropout', p)
        self.p = p

    def check(self, model: AVRecognizer) -> None:
        """Refuse names that are no modalities."""
        rates_of('ModalityDropout', self.p, model.modalities)

    def into_fusion(
        self,
        model: AVRecognizer,
        output: Output,
        features: dict[str, Feature],
    ) -> dict[str, Feature]:
        """Leave out."""
        names = model.modalities
        if len(output.active) < len(names):
            return features
        batch = len(output.target)
        drawn = torch.rand(
            batch * get_world_size(), len(names), generator=self.generator()
        )
        everyone = keep_some(drawn, rates_of('ModalityDropout', self.p, names))
        for name, share in zip(
            names, everyone.float().mean(dim=0), strict=True
        ):
            self.record(f'kept_{name}', share)
        keeps = self.rows_of_rank(everyone, batch)
        keeps = keeps.to(output.target.device, non_blocking=True)
        return {
            name: leave_out(features[name], keep)
            for name, keep in zip(names, keeps.T, strict=True)
        }
