"""MLA: a shared head that does not forget the modality before."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from mmremix.methods.base import Method
from mmremix.models.fusion_heads.shared import SharedHeadFusion
from mmremix.registry import MODELS

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output

PROJECTIONS = ('rls', 'off')
ABSORBS = ('before', 'after')


def absorb(p: Tensor, h: Tensor, alpha: float | Tensor) -> Tensor:
    """Take a direction out of a projection, by recursive least squares.

    ``P - q h^T P`` with ``q = P h / (alpha + h^T P h)`` (MLA, CVPR 2024,
    arXiv:2311.10707). With alpha near 0, what P lets through is orthogonal to
    h afterwards.

    Args:
        p: P, symmetric, ``(d, d)``.
        h: Mean feature, ``(d,)``.
        alpha: Positive.
    """
    ph = p @ h
    return p - torch.outer(ph, ph) / (alpha + h @ ph)


@MODELS.register_module()
class MLA(Method):
    """Projects the gradient of the shared head while modalities take turns.

    Each step trains one modality and the shared head (``EveryModalityHook``
    with ``order='alternate'``: the same batch once a modality). The gradient
    of the head's weight becomes ``grad P``, where P has absorbed the mean
    features h of the steps so far, see :func:`absorb`, with ``alpha =
    0.1^(1 + i/n)`` at batch i of n of an epoch: the head moves least along
    what it has seen (MLA, Zhang et al., CVPR 2024, arXiv:2311.10707).
    Batches with several modalities (a warm-up) are left as they are.

    Example::

        method_mla = dict(
            plan=dict(type='EveryModalityHook'),
            step=dict(type='MLA', projection='rls'),
            model=dict(
                fusion=dict(
                    _delete_=True, type='SharedHeadFusion',
                    weights='entropy'),
                unimodal='fusion',
                mask='skip'),
            train_dataloader=dict(batch_sampler=dict(order='alternate')))

    Logged is ``kept``, the length of the head's projected gradient as a
    fraction of that before.

    Args:
        projection: ``'rls'``, as in the paper. ``'off'``: plain alternating
            training, which is what the authors' code does as released.
        normalize: Whether P is divided by its Frobenius norm whenever it has
            absorbed, as in the authors' code. The head then learns more
            slowly: at feature size d about ``sqrt(d)`` times.
        absorb: Whether P absorbs a step's features ``'before'`` it projects
            the step's gradient, or ``'after'``.

    Raises:
        ValueError: On another ``projection`` or ``absorb``; before training,
            if the model has no :class:`~mmremix.models.SharedHeadFusion`, or
            another ``mask`` or ``unimodal`` than in the example.
    """

    needs_pure_batches: ClassVar[bool] = True

    projector: Tensor

    def __init__(
        self,
        projection: str = 'rls',
        normalize: bool = False,
        absorb: str = 'before',
    ) -> None:
        super().__init__()
        for name, value, choices in (
            ('projection', projection, PROJECTIONS),
            ('absorb', absorb, ABSORBS),
        ):
            if value not in choices:
                raise ValueError(
                    f'MLA: {name} must be one of {choices}, got {value!r}. '
                    f"Write: step=dict(type='MLA', {name}={choices[0]!r})"
                )
        self.projection = projection
        self.normalize = normalize
        self.absorb = absorb
        self._sums: list[Tensor] = []  # of features, and last the count
        self._pure = True

    def allocate(self, model: AVRecognizer) -> None:
        if self.projection == 'off':
            return
        size = _head(model).fc.in_features
        self.register_buffer('projector', torch.eye(size))

    def check(self, model: AVRecognizer) -> None:
        """Refuse a model in which the head does not see one modality alone."""
        _head(model)
        if model.mask != 'skip' or model.unimodal != 'fusion':
            raise ValueError(
                'MLA trains one head, on the feature of one modality alone, '
                f'but the model has mask={model.mask!r} (all but '
                "'skip' put stand-ins for the others before the head) and "
                f'unimodal={model.unimodal!r} (with heads of their own the '
                'modalities would share nothing). Write: model=dict('
                "mask='skip', unimodal='fusion')"
            )

    def losses(
        self, model: AVRecognizer, output: Output, losses: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Gather the features of the step."""
        if self.training and self.projection != 'off':
            if len(output.active) == 1:
                name = output.active[0]
                with torch.no_grad():
                    feature = _head(model).fitted(name, output.features[name])
                feature = feature.float()
                count = feature.new_tensor([len(feature)])
                self._sums.append(torch.cat([feature.sum(0), count]))
            else:
                self._pure = False
        return losses

    def edit_gradients(self, model: AVRecognizer) -> None:
        sums, pure = self._sums, self._pure
        self._sums, self._pure = [], True
        weight = _head(model).fc.weight
        if not sums or not pure or weight.grad is None:
            return
        total = self.sum_over_ranks(torch.stack(sums).sum(0))
        h = total[:-1] / total[-1]
        absorbed = absorb(self.projector, h, 0.1 ** (1 + self.clock.progress))
        if self.normalize:
            absorbed = absorbed / absorbed.norm()
        # A step that overflows in float16 is skipped; P must survive it.
        absorbed = torch.where(h.isfinite().all(), absorbed, self.projector)
        projector = self.projector
        if self.absorb == 'before':
            projector = absorbed
        before = weight.grad.norm()
        weight.grad.copy_(weight.grad.float() @ projector)
        tiny = torch.finfo(before.dtype).tiny
        self.record('kept', weight.grad.norm() / before.clamp_min(tiny))
        self.projector.copy_(absorbed)


def _head(model: AVRecognizer) -> SharedHeadFusion:
    if isinstance(model.fusion, SharedHeadFusion):
        return model.fusion
    raise ValueError(
        'MLA projects the gradient of one head that all modalities share, '
        f'but the fusion is {type(model.fusion).__name__}. Write: '
        "model=dict(fusion=dict(_delete_=True, type='SharedHeadFusion'), "
        "unimodal='fusion')"
    )
