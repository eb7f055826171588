"""The model as the scoring pass runs it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmremix.engine.scoring.fold_batch_norm import fold_batch_norm
from mmremix.engine.scoring.options import ScoringOptions
from mmremix.models import AVRecognizer
from mmremix.models.evaluating import evaluating
from mmremix.models.recognizers.build import to_channels_last


class ScoringForward:
    """Maps a collated batch to samples and class scores, in eval mode.

    The model itself keeps its weights, their layout and its training flags:
    options that change any of these work on a copy.

    Args:
        model: An unwrapped :class:`~mmremix.models.AVRecognizer`.
        options: See :class:`ScoringOptions`.
        gathering: Batch norms of the model that normalise by the batch, and
            gather its statistics, as in training. Not with options that work
            on a copy.
    """

    def __init__(
        self,
        model: AVRecognizer,
        options: ScoringOptions,
        gathering: Sequence[nn.Module] = (),
    ) -> None:
        self._gathering = gathering
        self.device = next(model.parameters()).device
        options.check(self.device)
        self._options = options
        if options.channels_last or options.fold_bn:
            model = copy.deepcopy(model).eval()
        if options.fold_bn:
            for encoder in model.encoders.values():
                fold_batch_norm(encoder.backbone)
        if options.channels_last:
            to_channels_last(model)
        self.model = model

    def __call__(
        self, batch: dict[str, Any]
    ) -> tuple[list[Any], dict[str, Tensor]]:
        """Predict.

        Args:
            batch: As the loader gives it, with all modalities.

        Returns:
            The data samples; and the :meth:`scores`.
        """
        with evaluating(self.model):
            data = self.model.data_preprocessor(batch, False)
            return data['data_samples'], self.scores(data['inputs'])

    @torch.inference_mode()
    def scores(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Class scores of a preprocessed batch; the model is in eval mode.

        Args:
            inputs: ``(B, ...)`` for each modality.

        Returns:
            float32 ``(B, M)`` of each modality and, unless ``heads_only``, of
            ``fusion``.
        """
        for layer in self._gathering:
            # A single sample has no spread.
            layer.training = len(next(iter(inputs.values()))) > 1
        with torch.autocast(
            self.device.type,
            dtype=self._options.dtype,
            enabled=self._options.amp is not None,
        ):
            output = self.model.run(inputs, fused=not self._options.heads_only)
        return {name: x.float() for name, x in output.scores.items()}
