"""Classifier of clips with several modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from mmremix.models.bases import ModuleDict
from mmremix.models.losses import merge_weights
from mmremix.models.multi_label import (
    THRESHOLD,
    batch_labels,
    check_labels,
    is_multi_label,
    refuse_multi_label,
)
from mmremix.models.readout_head import ReadoutHead
from mmremix.models.recognizers.build import (
    build_encoders,
    build_fusion,
    build_methods,
    check_multi_label,
    check_options,
    compile_encoders,
    to_channels_last,
)
from mmremix.models.recognizers.encode import PassCounter
from mmremix.models.recognizers.groups import split_by_active
from mmremix.models.recognizers.step import Step
from mmremix.models.recognizers.subsets import subset_labels, subset_scores
from mmremix.registry import MODELS
from mmremix.utils.names import FUSION, READOUT
from mmremix.utils.padded import Padded
from mmremix.utils.shapley import Subset


@MODELS.register_module()
class AVRecognizer(Step):
    """One encoder and one linear head a modality, and a fusion head.

    What a sample keeps is its ``active_modalities``; the rest is masked.

    Example::

        model = dict(
            type='AVRecognizer',
            num_classes=6,
            encoders=dict(
                video=dict(type='ResNet', depth=18, in_channels=3),
                audio=dict(type='ResNet', depth=18, in_channels=1)),
            fusion=dict(type='ConcatFusionHead'),
            loss=dict(type='CrossEntropy', label_smoothing=0.1),
            loss_weights=dict(
                all_active=dict(fusion=1.0, unimodal=0.5),
                some_active=dict(fusion=1.0, video=1.0, audio=1.0)))

    A step is :meth:`encode`, :meth:`fuse` and :meth:`classify`, which
    :meth:`run` puts together, and :meth:`losses`: these are in
    ``mmremix/models/recognizers/step.py``.

    Args:
        encoders: Config of each modality's backbone, or of its
            :class:`ModalityEncoder`. Any ``mmaction.``, ``torchvision.``,
            ``timm.`` or ``transformers.`` model will do.
            ``None`` leaves a modality of a base config out.
        fusion: Config of the fusion head; gets ``in_channels`` and
            ``num_classes``.
        num_classes: M.
        loss: Config of the loss of every prediction, a module from scores
            ``(B, M)`` and labels ``(B,)`` to a scalar. Defaults to
            :class:`CrossEntropy` (Eq. 1 of the paper). With
            :class:`BinaryCrossEntropy` samples have any number of labels,
            ``(B, M)``: see :doc:`/data/multi_label`.
        loss_weights: For samples that keep all modalities, ``all_active``,
            and for others, ``some_active``: the weights of ``fusion``,
            ``unimodal`` (every modality's own head) or a modality's name
            (that head alone). Defaults to 1.0 and 0.5, and to 1.0 and 1.0,
            as in the authors' code.
        mask: What masking is. ``'skip'``: the encoder does not run, its
            parameters get no gradient (None, so the optimiser leaves them
            alone), its normalisation statistics stay as they are, and the
            fusion head says what an absent modality counts as.
            ``'feature'``: as in the authors' code, the encoder runs and its
            feature is set to zero, so its gradients are zero (Adam and
            weight decay still move it) and its statistics follow the masked
            data. ``'input'``: as in the paper's text, the input is set to
            zero and encoded.
        unimodal: Where a modality's own prediction comes from: its
            ``'heads'``, or the ``'fusion'`` head with the others absent (the
            column "Dropout" of the paper's Table 6; then there are no
            unimodal losses).
        channels_last: Whether the encoders' weights, and with them their
            maps, have the channels last in memory. Often faster.
        compile: Whether to compile the encoders with ``torch.compile``, or
            its arguments, ``dict(dynamic=False)``. Each encoder is
            compiled by itself, so a change of the active modality compiles
            nothing anew.
        readout: Which predictions answer, see :doc:`/methods/readouts`:
            ``'fusion'``; ``'heads'``, the sum of the log-probabilities of
            all heads; ``['audio']``, that of some; or ``dict(weights=dict(
            fusion=0.3, audio=1.0))``. ``None``: what the checkpoint holds
            (:class:`ReadoutHook` chooses it), else the fused head.
        methods: By name, configs of what acts within a step, each a
            :class:`~mmremix.methods.Method`. A config's ``method_<name>``
            puts its ``step`` here.
        data_preprocessor: Defaults to :class:`AVDataPreprocessor`.
        init_cfg: See mmengine's ``BaseModule``.

    Raises:
        ValueError: On an unknown ``mask``, ``unimodal`` or key in
            ``loss_weights``, on a modality called ``fusion``, ``heads`` or
            ``readout``, on a ``readout`` of other predictions, or on options
            that a fusion between stages cannot have, or that several
            labels a sample cannot.
    """

    def __init__(
        self,
        encoders: Mapping[str, Mapping[str, Any] | None],
        fusion: Mapping[str, Any],
        num_classes: int,
        loss: Mapping[str, Any] | None = None,
        loss_weights: Mapping[str, Mapping[str, float]] | None = None,
        mask: str = 'skip',
        unimodal: str = 'heads',
        channels_last: bool = False,
        compile: bool | Mapping[str, Any] = False,
        readout: str | Sequence[str] | Mapping[str, Any] | None = None,
        methods: Mapping[str, Mapping[str, Any] | None] | None = None,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        if data_preprocessor is None:
            data_preprocessor = {'type': 'AVDataPreprocessor'}
        if isinstance(data_preprocessor, Mapping):
            data_preprocessor = MODELS.build(dict(data_preprocessor))
        super().__init__(data_preprocessor, init_cfg)
        self.num_classes = num_classes
        self.mask = mask
        self.unimodal = unimodal
        self.passes = PassCounter()
        self.encoders = build_encoders(encoders)
        self.fusion = build_fusion(fusion, self.encoders, num_classes)
        check_options(mask, unimodal, self.fusion)
        self.heads: ModuleDict[nn.Linear] = ModuleDict()
        if unimodal == 'heads':
            for name, encoder in self.encoders.items():
                self.heads[name] = nn.Linear(encoder.out_channels, num_classes)
        self.readout = ReadoutHead(self.modalities, readout)
        self.criterion = MODELS.build(dict(loss or {'type': 'CrossEntropy'}))
        self.loss_weights = merge_weights(loss_weights or {}, self.modalities)
        self.methods = build_methods(methods or {})
        if is_multi_label(self):
            check_multi_label(dict(self.methods.items()), self.fusion, readout)
        for method in self.methods.values():
            method.allocate(self)
        self.keep_terms = False
        self.subsets: Sequence[Subset] = ()
        self._terms: dict[str, Tensor] = {}
        if channels_last:
            to_channels_last(self.encoders)
        if compile:
            options = {} if compile is True else dict(compile)
            compile_encoders(self.encoders, self.fusion, options)

    def forward(
        self,
        inputs: dict[str, Tensor | Padded],
        data_samples: Sequence[ActionDataSample] | None = None,
        mode: str = 'tensor',
    ) -> dict[str, Tensor] | list[ActionDataSample]:
        """Run the model on the modalities that are there.

        Args:
            inputs: For each modality, ``(B, ...)``; in a batch of mixed
                active modalities, of the samples that loaded it.
            data_samples: Of length B; needed for ``'loss'`` and
                ``'predict'``.
            mode: ``'tensor'`` gives the scores of :meth:`run`, ``'loss'``
                gives :meth:`loss`, ``'predict'`` gives :meth:`predict`.

        Raises:
            ValueError: On another mode, or on inputs that are none of the
                model's modalities.
        """
        if mode == 'tensor':
            return self.run(inputs).scores
        if mode == 'loss':
            return self.loss(inputs, data_samples or [])
        if mode == 'predict':
            return self.predict(inputs, data_samples or [])
        raise ValueError(
            f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}."
        )

    def loss(
        self,
        inputs: Mapping[str, Tensor | Padded],
        data_samples: Sequence[ActionDataSample],
    ) -> dict[str, Tensor]:
        """Loss terms of a batch, ``loss_fusion`` and ``loss_<name>``.

        Each is a mean over the batch, to which samples that mask a modality
        add nothing to its own loss.
        """
        labels = batch_labels(data_samples)
        check_labels(self, labels.dim() == 2)
        device = next(iter(inputs.values())).device
        labels = labels.to(device, non_blocking=True)
        losses: dict[str, Tensor] = {}
        for group in split_by_active(inputs, data_samples):
            pure = len(group.rows) == len(data_samples)
            output = self.run(
                group.inputs,
                group.active,
                labels if pure else labels[group.rows],
                share=len(group.rows) / len(data_samples),
            )
            for key, term in self.losses(output).items():
                losses[key] = losses[key] + term if key in losses else term
        if self.keep_terms:
            self._terms = losses
        return losses

    def take_terms(self) -> dict[str, Tensor]:
        """The loss terms of the step, for gradients one by one; once."""
        terms, self._terms = self._terms, {}
        return terms

    def predict(
        self,
        inputs: Mapping[str, Tensor | Padded],
        data_samples: Sequence[ActionDataSample],
    ) -> list[ActionDataSample]:
        """Add the predictions to the samples.

        Returns:
            The samples, with ``pred_score``, a dict from ``fusion``, each
            active modality and, where several have heads, their sum
            ``heads`` to class probabilities ``(num_classes,)``, and
            ``pred_label``, the fused prediction's (with several labels a
            sample 0 or 1 for each class); where a read-out was chosen, also
            ``readout``, and then its label. With ``subsets`` set, also
            ``pred_subsets``: for each that the sample has, as
            ``video+audio``, the labels of ``fusion`` and ``heads``.
        """
        several = is_multi_label(self)
        samples = list(data_samples)
        if several and self.subsets:
            raise refuse_multi_label(
                'The accuracy of sets of modalities', 'no --subsets'
            )
        for group in split_by_active(inputs, data_samples):
            output = self.answer(group.inputs, group.active)
            # All at once: each copy to the CPU waits for the GPU.
            given = self.probabilities(output)
            copied = torch.stack(list(given.values())).cpu()
            scores = dict(zip(given, copied.unbind(), strict=True))
            subsets = [s for s in self.subsets if {*s} <= {*group.active}]
            by_subset = _labels_here(
                subset_scores(self, group.inputs, subsets, output)
            )
            for i, row in enumerate(group.rows):
                # set_pred_score would take the dict's length for num_classes.
                samples[row].set_field(
                    {name: value[i] for name, value in scores.items()},
                    'pred_score',
                )
                answer = scores[READOUT if READOUT in scores else FUSION]
                label = (
                    (answer[i] >= THRESHOLD).long()
                    if several
                    else answer[i].argmax().view(1)
                )
                samples[row].set_pred_label(label)
                if by_subset:
                    samples[row].set_field(
                        {
                            name: {k: v[i] for k, v in labels.items()}
                            for name, labels in by_subset.items()
                        },
                        'pred_subsets',
                    )
        return samples


def _labels_here(
    scores: Mapping[Subset, dict[str, Tensor]],
) -> dict[str, dict[str, Tensor]]:
    """Labels of each set of modalities, in one copy to the CPU."""
    labels = {'+'.join(s): subset_labels(x) for s, x in scores.items()}
    every = [x for by_kind in labels.values() for x in by_kind.values()]
    copied = iter(torch.stack(every).cpu().unbind() if every else ())
    return {
        name: {kind: next(copied) for kind in by_kind}
        for name, by_kind in labels.items()
    }
