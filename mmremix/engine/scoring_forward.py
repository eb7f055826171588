"""The model as the scoring pass runs it."""

from __future__ import annotations

import copy
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor

from mmremix.engine.fold_batch_norm import fold_batch_norm
from mmremix.engine.scoring_options import ScoringOptions
from mmremix.models.evaluating import evaluating
from mmremix.models.recognizers.encode import to_channels_last


class ScoringForward:
    """Maps a collated batch to samples and class scores, in eval mode.

    The model itself keeps its weights, their layout and its training flags:
    options that change any of these work on a copy. Whoever has many batches
    puts it in eval mode once, not at each of them.

    Args:
        model: An unwrapped :class:`~mmremix.models.AVRecognizer`.
        options: See :class:`ScoringOptions`.
    """

    def __init__(self, model: BaseModel, options: ScoringOptions) -> None:
        self.device = next(model.parameters()).device
        options.check(self.device)
        self._options = options
        if options.channels_last or options.fold_bn:
            model = copy.deepcopy(model).eval()
        if options.fold_bn:
            for encoder in model.encoders.values():
                fold_batch_norm(getattr(encoder, 'backbone', encoder))
        if options.channels_last:
            to_channels_last(model)
        self._model = model

    def __call__(
        self, batch: dict[str, Any]
    ) -> tuple[list[Any], dict[str, Tensor]]:
        """Predict.

        Args:
            batch: As the loader gives it, with all modalities.

        Returns:
            The data samples; and float32 class scores ``(B, M)`` of each
            modality and, unless ``heads_only``, of ``fusion``.
        """
        if self._model.training:
            with evaluating(self._model):
                return self._predict(batch)
        return self._predict(batch)

    @torch.inference_mode()
    def _predict(
        self, batch: dict[str, Any]
    ) -> tuple[list[Any], dict[str, Tensor]]:
        data = self._model.data_preprocessor(batch, False)
        samples = data['data_samples']
        with torch.autocast(
            self.device.type,
            dtype=self._options.dtype,
            enabled=self._options.amp is not None,
        ):
            if self._options.heads_only:
                logits = self._model.logits(data['inputs'], fused=False)
            else:
                logits = self._model(data['inputs'], samples, mode='tensor')
        return samples, {name: x.float() for name, x in logits.items()}
