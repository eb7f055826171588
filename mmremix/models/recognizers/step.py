"""What a recognizer does with a batch, read from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmremix.models.backbones import ModalityEncoder
from mmremix.models.bases import ModuleDict
from mmremix.models.fusion_heads import (
    BaseFusionHead,
    StagedFusionHead,
    TokenFusionHead,
)
from mmremix.models.multi_label import is_multi_label
from mmremix.models.output import Output
from mmremix.models.readout_head import ReadoutHead
from mmremix.models.recognizers.encode import (
    PassCounter,
    encode,
    masked,
)
from mmremix.models.tokens import Feature
from mmremix.utils.names import FUSION, HEADS, READOUT
from mmremix.utils.padded import Padded, zeros_like

if TYPE_CHECKING:
    from mmremix.methods import Method


class Step(BaseModel):
    """Encode, (features), fuse, classify, losses.

    :class:`AVRecognizer` builds the parts; what each is says its docstring.
    """

    encoders: ModuleDict[ModalityEncoder]
    fusion: BaseFusionHead
    heads: ModuleDict[nn.Linear]
    readout: ReadoutHead
    criterion: nn.Module
    methods: ModuleDict[Method]
    loss_weights: dict[str, dict[str, float]]
    mask: str
    unimodal: str
    passes: PassCounter

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of ``encoders``."""
        return tuple(self.encoders)

    @property
    def read_modalities(self) -> tuple[str, ...]:
        """The modalities that an answer needs, see ``readout``.

        With a fusion between the stages of the encoders, all: each head has
        seen the others.
        """
        if isinstance(self.fusion, StagedFusionHead):
            return self.modalities
        return self.readout.needs()

    def run(
        self,
        inputs: Mapping[str, Tensor | Padded],
        active: tuple[str, ...] = (),
        labels: Tensor | None = None,
        *,
        share: float = 1.0,
        fused: bool = True,
    ) -> Output:
        """Encode, fuse and classify samples that keep the same modalities.

        Args:
            inputs: ``(B, ...)`` for each loaded modality.
            active: Those that are not masked. Defaults to all inputs.
            labels: Classes ``(B,)``; with them, in training mode, the methods
                act.
            share: See :class:`Output`.
            fused: Whether to compute the fused prediction.
        """
        output = self.encode(inputs, active)
        output.labels, output.share = labels, share
        acting = self.methods.values() if self.training else ()
        if labels is None:  # nothing to learn from
            acting = ()
        for method in acting:
            output.features = method.features(self, output)
        into_fusion = output.fusion_inputs
        for method in acting:
            into_fusion = method.into_fusion(self, output, into_fusion)
        if fused:
            output.scores[FUSION] = self.fuse(into_fusion, output.fusion_state)
        own: Mapping[str, Feature] = output.features
        if self.unimodal == 'fusion':
            own = output.fusion_inputs
        for name in own:
            if name in output.active:
                output.scores[name] = self.classify(name, own[name])
        return output

    def encode(
        self,
        inputs: Mapping[str, Tensor | Padded],
        active: tuple[str, ...] = (),
    ) -> Output:
        """Encode what is there and not masked; see :meth:`run`."""
        if not inputs or not set(inputs) <= set(self.encoders):
            raise ValueError(
                f'The model has encoders for {self.modalities}, but the '
                f'batch holds {tuple(inputs)}. Give the data set the same '
                f'names: modalities={list(self.modalities)}'
            )
        active = active or tuple(inputs)
        given = {
            name: inputs[name] for name in self.encoders if name in inputs
        }
        if self.mask == 'skip':
            given = {name: x for name, x in given.items() if name in active}
        if self.mask == 'input':
            given = {
                name: x if name in active else zeros_like(x)
                for name, x in given.items()
            }
        output = encode(self.encoders, self.fusion, given)
        output.inputs, output.active = inputs, active
        for name, x in given.items():
            self.passes[name] += len(x)
        if self.mask == 'feature':
            output = masked(output, active)
        return output

    def fuse(
        self, features: Mapping[str, Feature], state: Any = None
    ) -> Tensor:
        """Fused class scores, ``(B, M)``, of the features that are there.

        Args:
            features: Of :attr:`Output.fusion_inputs`, or some of them.
            state: :attr:`Output.fusion_state`.

        Raises:
            TypeError: On vectors where the fusion takes tokens.
        """
        if isinstance(self.fusion, TokenFusionHead):
            return self.fusion.fuse(_tokens(features))
        vectors = cast('Mapping[str, Tensor]', features)
        if isinstance(self.fusion, StagedFusionHead):
            return self.fusion.fuse(vectors, state)
        scores: Tensor = self.fusion(vectors)
        return scores

    def classify(self, name: str, feature: Feature) -> Tensor:
        """One modality's own class scores, ``(B, M)``, of its feature.

        Where they are those of the fusion alone, of its
        :attr:`Output.fusion_inputs`.
        """
        scores: Tensor
        if self.unimodal == 'fusion':
            scores = self.fuse({name: feature})
        else:
            scores = self.heads[name](feature)
        return scores

    def answer(
        self,
        inputs: Mapping[str, Tensor | Padded],
        active: tuple[str, ...] = (),
    ) -> Output:
        """Run for :meth:`probabilities`.

        Args:
            inputs: See :meth:`run`.
            active: See :meth:`run`.
        """
        active = active or tuple(inputs)
        fused = not self.leaves_out(active)
        return self.run(inputs, active, fused=fused)

    def leaves_out(self, active: tuple[str, ...]) -> bool:
        """Whether some modalities are absent and the read-out needs none.

        Then there are no ``fusion`` and ``heads``, which would be those of
        fewer modalities than the model is known by.
        """
        read = self.read_modalities
        return max(len(read), len(active)) < len(self.modalities) and any(
            name in active for name in read
        )

    def probabilities(self, output: Output) -> dict[str, Tensor]:
        """Class probabilities ``(B, M)`` of each prediction of an output.

        Of its scores, and, where several modalities have heads, of the sum
        of the log-probabilities of these heads, as ``heads``. ``readout``
        comes last, if one has been chosen.

        With several labels a sample: the sigmoid of the scores, and as
        ``heads`` that of the mean of the heads' scores, which is the
        normalised geometric mean of their Bernoulli distributions.
        """
        if is_multi_label(self):
            return self._bernoulli(output)
        found = {
            name: scores.float().softmax(dim=1)
            for name, scores in output.scores.items()
        }
        own = [
            scores.float().log_softmax(dim=1)
            for name, scores in output.scores.items()
            if name != FUSION
        ]
        # Without the fused head there are fewer heads than usual, too.
        if self.unimodal == 'heads' and len(own) > 1 and FUSION in found:
            found[HEADS] = torch.stack(own).sum(0).softmax(dim=1)
        if self.readout.weights:
            found[READOUT] = self.readout(output.scores)
        return found

    def _bernoulli(self, output: Output) -> dict[str, Tensor]:
        scores = {n: s.float() for n, s in output.scores.items()}
        found = {name: value.sigmoid() for name, value in scores.items()}
        own = [value for name, value in scores.items() if name != FUSION]
        if self.unimodal == 'heads' and len(own) > 1 and FUSION in found:
            found[HEADS] = torch.stack(own).mean(0).sigmoid()
        return found

    def losses(self, output: Output) -> dict[str, Tensor]:
        """Weighed loss terms of an output, as the methods leave them."""
        complete = len(output.active) == len(self.encoders)
        weights = self.loss_weights[
            'all_active' if complete else 'some_active'
        ]
        terms = {
            f'loss_{name}': weights[name]
            * output.share
            * self.criterion(scores, output.target)
            for name, scores in output.scores.items()
            if weights[name] != 0
            and (name == FUSION or self.unimodal == 'heads')
        }
        for method in self.methods.values():
            terms = method.losses(self, output, terms)
        return terms


def _tokens(features: Mapping[str, Feature]) -> dict[str, Padded]:
    found = {n: x for n, x in features.items() if isinstance(x, Padded)}
    if len(found) < len(features):
        raise TypeError(
            'The fusion takes tokens, and got vectors of '
            f'{[name for name in features if name not in found]}. Give it '
            'output.fusion_inputs in place of output.features.'
        )
    return found
