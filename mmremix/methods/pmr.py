"""PMR: the slower modality is drawn to the prototypes of its classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mmremix.methods.base import Method
from mmremix.registry import MODELS

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output

FORMS = ('soft', 'hard')


def prototype_scores(
    features: Tensor, prototypes: Tensor, known: Tensor
) -> Tensor:
    """Minus the Euclidean distance to the prototype of each class.

    PMR, CVPR 2023, arXiv 2211.07089.

    Args:
        features: ``(B, d)``.
        prototypes: ``(M, d)``.
        known: Classes that have one, bool ``(M,)``.

    Returns:
        ``(B, M)`` float32; minus infinity for classes without a prototype,
        which leaves them out of a softmax.
    """
    distance = torch.cdist(
        features.float(),
        prototypes.float(),
        compute_mode='donot_use_mm_for_euclid_dist',
    )
    return (-distance).masked_fill(~known, -torch.inf)


def push_weights(confidence: Tensor, form: str = 'soft') -> Tensor:
    """How much each modality's own term counts.

    ``clip(s_other / s_u - 1, 0, 1)`` for ``'soft'`` (the paper): none for
    the surer one. For ``'hard'`` (the authors' code) 1 where that is above
    0. With more than two modalities (ours) s_other is the mean of the
    others.

    Args:
        confidence: s, the mean probability of the true class by the
            prototypes, ``(K,)``.
        form: ``'soft'`` or ``'hard'``.

    Returns:
        ``(K,)``.
    """
    others = _mean_of_others(confidence)
    # Of two that are both sure of nothing, none is the slower one.
    tiny = torch.finfo(confidence.dtype).tiny
    weights = (others.clamp(min=tiny) / confidence.clamp(min=tiny) - 1).clamp(
        0, 1
    )
    return weights if form == 'soft' else (weights > 0).to(weights.dtype)


def _mean_of_others(values: Tensor) -> Tensor:
    return (values.sum() - values) / (len(values) - 1)


@MODELS.register_module()
class PMR(Method):
    """Prototypical Modal Rebalance, CVPR 2023 (arXiv 2211.07089).

    In batches with all modalities it adds, for each modality u, ``alpha *
    w_u * CE(sim_u)`` with :func:`prototype_scores` and
    :func:`push_weights`; and, in the first ``entropy_epochs``, ``- mu *
    H(softmax(sim_u))`` for those that are surer than the others.

    The prototypes are made by :class:`~mmremix.engine.PrototypeHook` before
    each epoch; they are buffers. A class without a sample so far has none: it
    is left out of the softmax, and its samples add nothing to these terms.

    Example::

        method_pmr = dict(
            step=dict(type='PMR', alpha=1.0),
            hook=dict(type='PrototypeHook'))

    Args:
        alpha: Weight of the terms. With 0, and ``mu`` 0, training is what it
            is without the method.
        form: ``'soft'``, as in the paper, or ``'hard'``, as in the authors'
            code; see :func:`push_weights`.
        mu: Weight of the entropy, which is in the paper and not in the code.
        entropy_epochs: In how many epochs from the first it is there.
        momentum: Of the moving average of the prototypes: how much the old
            ones count. 0 takes the new ones.

    Raises:
        ValueError: On numbers out of range, or another form.
    """

    compares_modalities = True
    prototypes: Tensor
    known: Tensor
    updated: Tensor

    def __init__(
        self,
        alpha: float = 1.0,
        form: str = 'soft',
        mu: float = 0.0,
        entropy_epochs: int = 0,
        momentum: float = 0.5,
    ) -> None:
        super().__init__()
        for name, value, valid, wanted in (
            ('alpha', alpha, alpha >= 0, 'at least 0'),
            ('form', form, form in FORMS, f'one of {FORMS}'),
            ('mu', mu, mu >= 0, 'at least 0'),
            ('entropy_epochs', entropy_epochs, entropy_epochs >= 0, '>= 0'),
            ('momentum', momentum, 0 <= momentum < 1, 'in [0, 1)'),
            (
                'entropy_epochs',
                entropy_epochs,
                (mu > 0) == (entropy_epochs > 0),
                'above 0 where mu is, and 0 where it is not',
            ),
        ):
            if not valid:
                raise ValueError(
                    f'PMR: {name} must be {wanted}, got {value!r}. Write: '
                    "step=dict(type='PMR', alpha=1.0, form='soft', mu=0.1, "
                    'entropy_epochs=5, momentum=0.5)'
                )
        self.alpha = alpha
        self.form = form
        self.mu = mu
        self.entropy_epochs = entropy_epochs
        self.momentum = momentum
        # (M, sum of the feature sizes), in the order of the encoders; their
        # sizes are the model's to know.
        self.register_buffer('prototypes', torch.zeros(0, 0))
        # 1 for classes that have one; mmengine's SyncBuffersHook averages
        # buffers, which not every backend can do with bool.
        self.register_buffer('known', torch.zeros(0, dtype=torch.long))
        self.register_buffer('updated', torch.tensor(-1))

    def forget(self) -> None:
        """Begin without prototypes: those of another run do not count."""
        self.prototypes = self.prototypes.new_zeros(0, 0)
        self.known = self.known.new_zeros(0)
        self.updated = torch.full_like(self.updated, -1)

    def update(self, means: Tensor, seen: Tensor, epoch: int) -> None:
        """Move the prototypes towards new class means.

        Args:
            means: ``(M, D)``, the modalities' features side by side, in the
                order of the encoders; equal on all ranks.
            seen: Classes that have a mean, bool ``(M,)``.
            epoch: The epoch that they are for.
        """
        means = means.to(self.updated.device)
        seen = seen.to(self.updated.device)
        if self.prototypes.shape != means.shape:
            self.prototypes = torch.zeros_like(means)
            self.known = torch.zeros_like(seen, dtype=torch.long)
        moved = torch.lerp(means, self.prototypes, self.momentum)
        new = torch.where(self.known[:, None] > 0, moved, means)
        self.prototypes = torch.where(seen[:, None], new, self.prototypes)
        self.known = self.known | seen.long()
        self.updated = torch.full_like(self.updated, epoch)

    def losses(
        self, model: AVRecognizer, output: Output, losses: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        names = model.modalities
        early = self.clock.epoch < self.entropy_epochs
        nothing = self.alpha == 0 and not (early and self.mu)
        if nothing or len(output.active) < len(names):
            return losses
        if not len(self.known):
            raise RuntimeError(
                'PMR has no prototypes yet. Let its hook make them: '
                "method_pmr = dict(step=dict(type='PMR'), "
                "hook=dict(type='PrototypeHook'))"
            )
        labels = output.target
        known = self.known > 0
        counts = known[labels]
        sizes = [output.features[name].shape[1] for name in names]
        scores = {
            name: prototype_scores(output.features[name], part, known)
            for name, part in zip(
                names, torch.split(self.prototypes, sizes, dim=1), strict=True
            )
        }
        log_p = {name: x.log_softmax(dim=1) for name, x in scores.items()}
        # Not minus infinity times 0 where the class has no prototype.
        true = {
            name: x.gather(1, labels[:, None])[:, 0].where(counts, 0)
            for name, x in log_p.items()
        }
        with torch.no_grad():
            right = [x.exp() * counts for x in true.values()]
            confidence = self.mean_over_batch(torch.stack(right, dim=1))
            weights = push_weights(confidence, self.form)
            surer = (confidence > _mean_of_others(confidence)).float()
        terms = dict(losses)
        for name, sure, weight, stronger in zip(
            names, confidence, weights, surer, strict=True
        ):
            self.record(f's_{name}', sure)
            self.record(f'w_{name}', weight)
            term = -self.alpha * weight * true[name].mean()
            if early and self.mu:
                p = log_p[name].exp()
                finite = log_p[name].where(known, 0)
                entropy = -(p * finite).sum(dim=1).mean()
                term = term - self.mu * stronger * entropy
            terms[f'loss_pmr_{name}'] = output.share * term
        return terms

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, *args: Any
    ) -> None:
        """Take over the sizes of the checkpoint."""
        for name in ('prototypes', 'known'):
            stored = state_dict.get(prefix + name)
            if stored is not None:
                empty = torch.empty_like(stored, device=self.updated.device)
                setattr(self, name, empty)
        super()._load_from_state_dict(state_dict, prefix, *args)
