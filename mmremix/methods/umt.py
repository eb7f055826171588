"""Teachers of one modality: features that were learned alone."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmremix.methods.base import Method
from mmremix.registry import MODELS
from mmremix.utils.errors import MissingFileError

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output

_COMMAND = 'python tools/unimodal.py CONFIG'


def distillation(
    features: Mapping[str, Tensor], teachers: Mapping[str, Tensor]
) -> Tensor:
    r"""Sum over the modalities of the mean squared difference.

    :math:`\sum_u \mathrm{MSE}(f_u, t_u)`, the distillation loss of Uni-Modal
    Teacher (Du et al., 2021, arXiv:2106.11059; ICML 2023, arXiv:2305.01233).

    Args:
        features: Of the model, ``(B, d_u)`` each.
        teachers: Of the teachers, of the same shapes; without gradient. Those
            that are named are summed.

    Returns:
        A scalar in float32.
    """
    return torch.stack(
        [
            F.mse_loss(features[name].float(), target.detach().float())
            for name, target in teachers.items()
        ]
    ).sum()


@MODELS.register_module()
class UMT(Method):
    """Uni-Modal Teacher: encoders stay near encoders that were trained alone.

    Each modality's feature is pulled to that of a *teacher*, the same encoder
    trained on this modality alone, by ``weight`` times :func:`distillation`.
    Teachers run in evaluation mode and without gradient. They are no part of
    the checkpoint: a run that resumes finds them by their paths again.

    Example::

        method_umt = dict(step=dict(
            type='UMT',
            teachers=dict(
                video='work_dirs/x_unimodal/video/epoch_60.pth',
                audio='work_dirs/x_unimodal/audio/epoch_60.pth')))

    Args:
        teachers: For each modality the checkpoint of a model that has its
            encoder, as ``tools/unimodal.py`` makes them, or ``None`` for no
            teacher. It is loaded without running code from it.
        weight: Lambda, the weight of the distillation.

    Raises:
        ValueError: Before training, if there are no teachers, if a modality
            is not named, or if a checkpoint does not fit.
        FileNotFoundError: Before training, if a checkpoint is gone.
    """

    takes_multi_label = True

    def __init__(
        self,
        teachers: Mapping[str, str | None] | None = None,
        weight: float = 10.0,
    ) -> None:
        super().__init__()
        if weight < 0:
            raise ValueError(
                f'UMT: weight must not be negative, got {weight}. Write: '
                "dict(type='UMT', weight=10.0)"
            )
        self.paths = dict(teachers or {})
        self.weight = weight
        # No submodules: neither checkpoints nor optimisers shall hold them.
        self._teachers: dict[str, nn.Module] = {}

    def check(self, model: AVRecognizer) -> None:
        """Load the teachers, which must be there and fit."""
        names = model.modalities
        example = ', '.join(f"{n}='DIR/{n}/epoch_60.pth'" for n in names)
        advice = (
            'Train each modality alone, which prints the lines to write:\n'
            f'    {_COMMAND}\n'
            f'    method_umt = dict(step=dict(teachers=dict({example})))'
        )
        if not any(self.paths.values()):
            raise ValueError(f'UMT has no teachers. {advice}')
        if set(self.paths) != set(names):
            raise ValueError(
                f'UMT: teachers are given for {list(self.paths)}, the model '
                f'has the modalities {list(names)}. For one without a '
                f'teacher write None. {advice}'
            )
        self._teachers = {
            name: _teacher(model.encoders[name], name, path, advice)
            for name, path in self.paths.items()
            if path is not None
        }

    def losses(
        self, model: AVRecognizer, output: Output, losses: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Add ``loss_umt``."""
        there = [
            name
            for name in self._teachers
            if name in output.active and name in output.features
        ]
        if not there or self.weight == 0:
            return losses
        with torch.no_grad():
            targets = {
                name: self._teachers[name](output.inputs[name])
                for name in there
            }
        difference = distillation(output.features, targets)
        self.record('distance', difference)
        return {
            **losses,
            'loss_umt': self.weight * output.share * difference,
        }


def _teacher(
    encoder: nn.Module, name: str, path: str, advice: str
) -> nn.Module:
    """A copy of an encoder with the weights of a checkpoint."""
    # The engine imports this package.
    from mmremix.engine.checkpoints.safe_loading import load_checkpoint_file

    try:
        loaded = load_checkpoint_file(path, map_location='cpu')
    except FileNotFoundError as error:
        raise MissingFileError(
            f'UMT: the teacher of {name!r} is gone. {error} {advice}'
        ) from error
    state = loaded.get('state_dict', loaded)
    prefix = f'encoders.{name}.'
    own = {
        key.removeprefix(prefix): value
        for key, value in state.items()
        if key.startswith(prefix)
    }
    teacher = copy.deepcopy(encoder)
    try:
        teacher.load_state_dict(own)
    except RuntimeError as error:
        raise ValueError(
            f'UMT: {path} does not fit the encoder of {name!r}: {error}\n'
            f'{advice}'
        ) from error
    return teacher.requires_grad_(False).eval()
