"""OGM-GE: slow down the encoder of the modality that is ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mmremix.methods.base import scale_gradient
from mmremix.methods.discrepancy import DiscrepancyMethod
from mmremix.registry import MODELS

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output

NOISE_ON = {'weights': 'more than one dimension', '4d': 'four dimensions'}
_SMALLEST = 1e-12


def ogm_coefficients(rho: Tensor, alpha: float) -> Tensor:
    """Factor k of each encoder's gradient.

    ``1 - tanh(alpha * rho)`` where ``rho > 1``, else 1 (Peng et al.,
    Balanced Multimodal Learning via On-the-fly Gradient Modulation, CVPR
    2022, arXiv:2203.15332).

    Args:
        rho: ``(K,)``, see :func:`~mmremix.methods.discrepancy.discrepancies`.
        alpha: Strength; 0 changes nothing.

    Returns:
        ``(K,)``, in (0, 1].
    """
    # 1 - tanh(x) is 2 sigmoid(-2 x), which does not round to 0.
    slowed = 2 * torch.sigmoid(-2 * alpha * rho)
    return torch.where(rho > 1, slowed.clamp(min=_SMALLEST), 1.0)


def noise_std(gradient: Tensor, k: Tensor | float = 1.0) -> Tensor:
    """Standard deviation of GE's noise, ``std(g) + 1e-8``.

    Args:
        gradient: Times k already.
        k: Which is divided out: the noise is that of the gradient before.
    """
    # The unbiased one does not exist for a single number.
    std = gradient.float().std(correction=min(1, gradient.numel() - 1))
    return std / k + 1e-8


@MODELS.register_module()
class OGM(DiscrepancyMethod):
    """On-the-fly gradient modulation, without the noise of OGM-GE.

    At each step, the gradient of encoder u is multiplied by
    ``1 - tanh(alpha * rho_u)`` if its modality is ahead, ``rho_u > 1``. Here
    rho_u is the probability of the true class that the fusion gives to u
    alone, summed over the batch, by that of the other modality (mean of the
    others, with more than two). Heads and fusion keep their gradients.

    Logs ``rho_<name>`` and ``k_<name>``.

    Example::

        method_ogm = dict(step=dict(type='OGM', alpha=0.8))

    Args:
        alpha: Strength. The paper's is 0.8 for CREMA-D and 0.1 for VGGSound.
        start_epoch: First epoch, from 0, in which it acts.
        end_epoch: Last epoch in which it acts; ``None``: the last of all.

    Raises:
        ValueError: If alpha is negative or no epoch is left; before training,
            for a fusion between the encoders' stages.
    """

    def __init__(
        self,
        alpha: float = 0.8,
        start_epoch: int = 0,
        end_epoch: int | None = 50,
    ) -> None:
        super().__init__(start_epoch, end_epoch)
        if not alpha >= 0:
            kind = type(self).__name__
            raise ValueError(
                f'{kind}: alpha must be at least 0, got {alpha}. Write: '
                f'dict(type={kind!r}, alpha=0.8)'
            )
        self.alpha = alpha

    def features(
        self, model: AVRecognizer, output: Output
    ) -> dict[str, Tensor]:
        """Scale the gradients of the encoders."""
        rho = self.discrepancies(model, output)
        if rho is None:
            return output.features
        k = ogm_coefficients(rho, self.alpha)
        for name, value in zip(output.features, k, strict=True):
            self.record(f'k_{name}', value)
        self._slowed(k)
        factors = dict(zip(output.features, k, strict=True))
        output.tokens = {
            name: scale_gradient(tokens, factors[name])
            for name, tokens in output.tokens.items()
        }
        return {
            name: scale_gradient(feature, factors[name])
            for name, feature in output.features.items()
        }

    def _slowed(self, k: Tensor) -> None:
        """Take note of this batch's factors."""


@MODELS.register_module()
class OGMGE(OGM):
    """OGM-GE: :class:`OGM`, and noise on the gradients of every encoder.

    A gradient tensor g of an encoder, slowed or not, gets
    ``N(0, (std(g) + 1e-8)^2)`` added, with the standard deviation of before
    the modulation, equal noise on all ranks. It acts after gradients are
    accumulated and before they are clipped, in the epochs and on the batches
    on which :class:`OGM` acts.

    Example::

        method_ogm_ge = dict(step=dict(type='OGMGE', alpha=0.8))

    Args:
        alpha: See :class:`OGM`.
        start_epoch: See :class:`OGM`.
        end_epoch: See :class:`OGM`.
        noise_on: Which tensors get noise: ``'weights'``, those of more than
            one dimension; ``'4d'``, those of four, as published. The latter
            are the weights of 2-D convolutions: none in a transformer or in
            3-D convolutions.

    Raises:
        ValueError: As :class:`OGM`; on an unknown ``noise_on``; before
            training, if an encoder has no such tensor.
    """

    def __init__(
        self,
        alpha: float = 0.8,
        start_epoch: int = 0,
        end_epoch: int | None = 50,
        noise_on: str = 'weights',
    ) -> None:
        super().__init__(alpha, start_epoch, end_epoch)
        if noise_on not in NOISE_ON:
            raise ValueError(
                f'OGMGE: noise_on must be one of {tuple(NOISE_ON)}, got '
                f"{noise_on!r}. Write: dict(type='OGMGE', noise_on='weights')"
            )
        self.noise_on = noise_on
        # Of the batches since the last step of the optimiser.
        self._factors: list[Tensor] = []

    def check(self, model: AVRecognizer) -> None:
        """Refuse encoders on which there would be no noise."""
        for name, encoder in model.encoders.items():
            if not any(self._chosen(p) for p in encoder.parameters()):
                raise ValueError(
                    f'OGMGE: noise_on={self.noise_on!r} means tensors of '
                    f'{NOISE_ON[self.noise_on]}, and the {name} encoder has '
                    "none. Write: step=dict(noise_on='weights'), or without "
                    "noise: step=dict(_delete_=True, type='OGM')"
                )

    def edit_gradients(self, model: AVRecognizer) -> None:
        """Add the noise."""
        if not self._factors:
            return
        # Exact for one batch; of accumulated ones, the mean factor.
        k = torch.stack(self._factors).mean(dim=0)
        self._factors = []
        # Drawing millions of numbers on the CPU would take a while.
        seed = int(torch.randint(2**62, (), generator=self.generator()))
        generator = torch.Generator(k.device).manual_seed(seed)
        for encoder, factor in zip(model.encoders.values(), k, strict=True):
            for parameter in encoder.parameters():
                gradient = parameter.grad
                if gradient is None or not self._chosen(parameter):
                    continue
                noise = torch.randn(
                    gradient.shape, generator=generator, device=k.device
                )
                gradient += noise * noise_std(gradient, factor)

    def _chosen(self, parameter: Tensor) -> bool:
        if self.noise_on == '4d':
            return parameter.dim() == 4
        return parameter.dim() > 1

    def _slowed(self, k: Tensor) -> None:
        self._factors.append(k)
