"""OPM: drop features of the modality that is ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from mmengine.dist import get_world_size
from torch import Tensor

from mmremix.methods.discrepancy import DiscrepancyMethod
from mmremix.models.tokens import Feature, leave_out
from mmremix.registry import MODELS
from mmremix.utils.padded import Padded

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output


def drop_rates(rho: Tensor, q_base: float, strength: float) -> Tensor:
    """With which probability a sample's feature is dropped.

    ``clip(q_base * (1 + strength * tanh(rho - 1)), 0, 1)`` where
    ``rho > 1``, else 0: On-the-fly Modulation for Balanced Multimodal
    Learning (Wei et al., TPAMI 2024, arXiv:2410.11582).

    Args:
        rho: ``(K,)``, see :func:`~mmremix.methods.discrepancy.discrepancies`.
        q_base: The rate where two modalities are level; 0 drops nothing.
        strength: The paper's lambda, how fast the rate grows.

    Returns:
        ``(K,)``, in [0, 1]; 0 for at least one modality.
    """
    rates = q_base * (1 + strength * torch.tanh(rho - 1))
    return torch.where(rho > 1, rates.clamp(0, 1), 0.0)


def kept_share(rates: Tensor, sizes: Tensor) -> Tensor:
    """Share of the features that is left on average, ``1 - sum d q / sum d``.

    Args:
        rates: q, ``(K,)``.
        sizes: Feature sizes d, ``(K,)``.
    """
    return 1 - (rates * sizes).sum() / sizes.sum()


@MODELS.register_module()
class OPM(DiscrepancyMethod):
    """On-the-fly prediction modulation.

    On a share of the batches, the features of a modality that is ahead
    (rho_u > 1, as in :class:`OGM`) are dropped on their way into the fusion:
    a zero vector, for each sample with the probability of
    :func:`drop_rates`. What goes into the fusion is divided by the share that
    is left on average. The modalities' own heads see all features. At least
    one modality is never dropped, so every sample keeps something. Where the
    fusion takes tokens, those of a dropped modality are not there, and
    nothing is divided: attention is a mean over what is there.

    Logs ``rho_<name>`` and, on the batches where it drops, ``q_<name>``.

    Example::

        method_opm = dict(step=dict(type='OPM', q_base=0.5))

    Args:
        q_base: See :func:`drop_rates`. The paper's is 0.4 to 0.5.
        strength: See :func:`drop_rates`.
        p_exe: Probability that a batch is modulated.
        start_epoch: First epoch, from 0, in which it acts.
        end_epoch: Last epoch in which it acts; ``None``: the last of all.

    Raises:
        ValueError: If a number is out of range; before training, for a fusion
            between the encoders' stages.
    """

    def __init__(
        self,
        q_base: float = 0.5,
        strength: float = 0.5,
        p_exe: float = 0.7,
        start_epoch: int = 0,
        end_epoch: int | None = None,
    ) -> None:
        super().__init__(start_epoch, end_epoch)
        for name, value, valid, wanted in (
            ('q_base', q_base, 0 <= q_base <= 1, 'in [0, 1]'),
            ('p_exe', p_exe, 0 <= p_exe <= 1, 'in [0, 1]'),
            ('strength', strength, strength >= 0, 'at least 0'),
        ):
            if not valid:
                raise ValueError(
                    f'OPM: {name} must be {wanted}, got {value}. Write: '
                    "dict(type='OPM', q_base=0.5, strength=0.5, p_exe=0.7)"
                )
        self.q_base = q_base
        self.strength = strength
        self.p_exe = p_exe

    def into_fusion(
        self,
        model: AVRecognizer,
        output: Output,
        features: dict[str, Feature],
    ) -> dict[str, Feature]:
        """Drop and rescale."""
        rho = self.discrepancies(model, output)
        generator = self.generator()
        # Decided on the CPU: nothing waits for the GPU.
        acts = float(torch.rand((), generator=generator)) < self.p_exe
        if rho is None or not acts:
            return features
        rates = drop_rates(rho, self.q_base, self.strength)
        for name, rate in zip(features, rates, strict=True):
            self.record(f'q_{name}', rate)
        batch = len(output.target)
        drawn = torch.rand(
            batch * get_world_size(), len(rates), generator=generator
        )
        drawn = self.rows_of_rank(drawn, batch).to(rates.device)
        keeps = drawn >= rates
        dropped = {
            name: leave_out(feature, keep)
            for (name, feature), keep in zip(
                features.items(), keeps.T, strict=True
            )
        }
        sizes = [model.encoders[name].out_channels for name in features]
        share = kept_share(rates, rates.new_tensor(sizes))
        return {
            # The weights of an attention sum to 1 over whatever is there.
            name: feature if isinstance(feature, Padded) else feature / share
            for name, feature in dropped.items()
        }
