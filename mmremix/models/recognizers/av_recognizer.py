"""Classifier of clips with several modalities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel, ModuleDict
from torch import Tensor, nn
from torch.nn import functional as F

from mmremix.models.backbones import ModalityEncoder
from mmremix.registry import MODELS

FUSION = 'fusion'
"""Name of the fused prediction beside the modalities' own."""

_DEFAULT_WEIGHTS = {
    'joint': {FUSION: 1.0, 'unimodal': 0.5},
    'remix': {FUSION: 1.0, 'unimodal': 1.0},
}


@MODELS.register_module()
class AVRecognizer(BaseModel):
    """One encoder and one linear head a modality, and a fusion head.

    The modalities of a batch are the keys of ``inputs``: what is absent is
    masked. Its encoder does not run, its parameters get no gradient (None,
    so the optimiser leaves them alone) and its normalisation statistics stay
    as they are. The fusion head says what an absent modality counts as.

    Example::

        model = dict(
            type='AVRecognizer',
            num_classes=6,
            encoders=dict(
                video=dict(type='ResNet', depth=18, in_channels=3),
                audio=dict(type='ResNet', depth=18, in_channels=1)),
            fusion=dict(type='ConcatFusionHead'),
            loss_weights=dict(
                joint=dict(fusion=1.0, unimodal=0.5),
                remix=dict(fusion=1.0, video=1.0, audio=1.0)))

    The losses are cross entropies (Eq. 1 of the paper): with all modalities
    ``joint`` weighs them, with some absent (a remix batch) ``remix`` does.

    Args:
        encoders: Config of each modality's backbone, or of its
            :class:`ModalityEncoder`. Any ``mmaction.`` backbone will do.
        fusion: Config of the fusion head; gets ``in_channels`` and
            ``num_classes``.
        num_classes: M.
        loss_weights: ``joint`` and ``remix``, each with ``fusion``,
            ``unimodal`` (for every modality's own head) or a modality's name
            (for that head alone). Defaults to 1.0 and 0.5, and to 1.0 and
            1.0, as in the authors' code.
        data_preprocessor: Defaults to :class:`AVDataPreprocessor`.
        init_cfg: See mmengine's ``BaseModule``.

    Raises:
        ValueError: On an unknown key in ``loss_weights``.
    """

    def __init__(
        self,
        encoders: Mapping[str, Mapping[str, Any]],
        fusion: Mapping[str, Any],
        num_classes: int,
        loss_weights: Mapping[str, Mapping[str, float]] | None = None,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        if data_preprocessor is None:
            data_preprocessor = {'type': 'AVDataPreprocessor'}
        if isinstance(data_preprocessor, Mapping):
            data_preprocessor = MODELS.build(dict(data_preprocessor))
        super().__init__(data_preprocessor, init_cfg)
        self.num_classes = num_classes
        # mmengine's ModuleDict, so that init_weights (pre-trained weights)
        # reaches the backbones.
        self.encoders = ModuleDict(
            {name: _encoder(cfg) for name, cfg in encoders.items()}
        )
        sizes = {n: e.out_channels for n, e in self.encoders.items()}
        self.fusion = MODELS.build(
            {**fusion, 'in_channels': sizes, 'num_classes': num_classes}
        )
        self.heads = nn.ModuleDict(
            {
                name: nn.Linear(size, num_classes)
                for name, size in sizes.items()
            }
        )
        self.loss_weights = _merge_weights(loss_weights or {}, self.modalities)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of ``encoders``."""
        return tuple(self.encoders)

    def forward(
        self,
        inputs: dict[str, Tensor],
        data_samples: list[ActionDataSample] | None = None,
        mode: str = 'tensor',
    ) -> dict[str, Tensor] | list[ActionDataSample]:
        """Run the model on the modalities that are there.

        Args:
            inputs: ``(B, ...)`` for each active modality.
            data_samples: Of length B; needed for ``'loss'`` and
                ``'predict'``.
            mode: ``'tensor'`` gives :meth:`logits`, ``'loss'`` gives
                :meth:`loss`, ``'predict'`` gives :meth:`predict`.

        Raises:
            ValueError: On another mode, or on inputs that are none of the
                model's modalities.
        """
        if mode == 'tensor':
            return self.logits(inputs)
        if mode == 'loss':
            return self.loss(inputs, data_samples or [])
        if mode == 'predict':
            return self.predict(inputs, data_samples or [])
        raise ValueError(
            f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}."
        )

    def logits(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Class scores before the softmax, each ``(B, num_classes)``.

        Returns:
            ``fusion`` first, then each active modality's own.
        """
        if not inputs or not set(inputs) <= set(self.encoders):
            raise ValueError(
                f'The model has encoders for {self.modalities}, but the '
                f'batch holds {tuple(inputs)}. Give the data set the same '
                f'names: modalities={list(self.modalities)}'
            )
        features = {
            name: encoder(inputs[name])
            for name, encoder in self.encoders.items()
            if name in inputs
        }
        return {
            FUSION: self.fusion(features),
            **{name: self.heads[name](z) for name, z in features.items()},
        }

    def loss(
        self,
        inputs: dict[str, Tensor],
        data_samples: list[ActionDataSample],
    ) -> dict[str, Tensor]:
        """Weighted cross entropies, ``loss_fusion`` and ``loss_<name>``."""
        logits = self.logits(inputs)
        labels = torch.cat([sample.gt_label for sample in data_samples])
        labels = labels.to(logits[FUSION].device)
        complete = len(inputs) == len(self.encoders)
        weights = self.loss_weights['joint' if complete else 'remix']
        return {
            f'loss_{name}': weights[name] * F.cross_entropy(scores, labels)
            for name, scores in logits.items()
            if weights[name] != 0
        }

    def predict(
        self,
        inputs: dict[str, Tensor],
        data_samples: list[ActionDataSample],
    ) -> list[ActionDataSample]:
        """Add the predictions to the samples.

        Returns:
            The samples, with ``pred_score``, a dict from ``fusion`` and each
            active modality to class probabilities ``(num_classes,)``, and
            ``pred_label``, the fused prediction's.
        """
        scores = {
            name: value.float().softmax(dim=1)
            for name, value in self.logits(inputs).items()
        }
        for i, sample in enumerate(data_samples):
            # set_pred_score would take the dict's length for num_classes.
            sample.set_field(
                {name: value[i] for name, value in scores.items()},
                'pred_score',
            )
            sample.set_pred_label(scores[FUSION][i].argmax().view(1))
        return data_samples


def _encoder(cfg: Mapping[str, Any]) -> ModalityEncoder:
    module = MODELS.build(dict(cfg))
    if isinstance(module, ModalityEncoder):
        return module
    return ModalityEncoder(module)


def _merge_weights(
    given: Mapping[str, Mapping[str, float]], modalities: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """Resolve ``loss_weights`` to one number a phase and prediction."""
    allowed = {'fusion', 'unimodal', *modalities}
    for phase, weights in given.items():
        if phase not in _DEFAULT_WEIGHTS or not set(weights) <= allowed:
            raise ValueError(
                f'loss_weights has {phase}={dict(weights)}; the phases are '
                f"'joint' and 'remix', the keys {sorted(allowed)}. Write: "
                'loss_weights=dict(joint=dict(fusion=1.0, unimodal=0.5), '
                'remix=dict(fusion=1.0, unimodal=1.0))'
            )
    merged = {}
    for phase, default in _DEFAULT_WEIGHTS.items():
        weights = {**default, **given.get(phase, {})}
        unimodal = weights['unimodal']
        merged[phase] = {
            FUSION: weights[FUSION],
            **{name: weights.get(name, unimodal) for name in modalities},
        }
    return merged
