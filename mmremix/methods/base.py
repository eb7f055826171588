"""What a balancing method does within a training step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
import torch
from mmengine.dist import all_reduce, get_rank, get_world_size
from torch import Tensor, nn

from mmremix.models.tokens import F, Feature, on_values

if TYPE_CHECKING:
    from mmremix.models import AVRecognizer, Output

Gradients = dict[str, Tensor | None]
"""A gradient for each trainable parameter's name; ``None``: not reached."""


class Clock(NamedTuple):
    """Where in the run a step is.

    Attributes:
        epoch: From 0.
        max_epochs: How many there will be.
        iteration: Of the whole run, from 0.
        seed: Of the run, equal on all ranks.
        progress: Share of the epoch's batches that came before, in [0, 1).
    """

    epoch: int
    max_epochs: int
    iteration: int
    seed: int
    progress: float = 0.0


class Method(nn.Module):
    """Base class of what acts within a training step.

    Override what you need; what is not overridden costs nothing.

    - :meth:`features` and :meth:`into_fusion`: behind the encoders;
    - :meth:`losses`: the loss terms and their weights;
    - :meth:`edit_gradients`, or :meth:`combine`: between backward and step.

    (The fourth place, which samples an epoch trains on, is a
    :class:`~mmremix.engine.PlanHook`.) State goes into buffers: it is then in
    every checkpoint and on the model's device. What is computed from a batch
    must be equal on all ranks: sums go through :meth:`sum_over_ranks`, random
    numbers come from :meth:`generator`.

    In a config, ``step`` of a method::

        method_mine = dict(step=dict(type='MyMethod', alpha=0.8))

    Example:
        See docs/write_a_method.md.
    """

    compares_modalities: ClassVar[bool] = False
    """Whether a batch must hold several modalities for it to act."""

    needs_late_fusion: ClassVar[bool] = False
    """Whether it is undefined for a fusion between the encoders' stages."""

    needs_pure_batches: ClassVar[bool] = False
    """Whether it acts only in batches that keep one modality."""

    takes_tokens: ClassVar[bool] = False
    """Whether what it does to features it also does to tokens.

    Where the fusion takes tokens, ``features`` must then change
    ``output.tokens`` too, and :meth:`into_fusion` gets tokens. One of these
    methods without it is refused with such a fusion.
    """

    max_modalities: ClassVar[int | None] = None
    """Most modalities that its formula allows; ``None``: any number."""

    takes_multi_label: ClassVar[bool] = False
    """Whether it works where ``output.labels`` are 0 and 1, ``(B, M)``.

    That is, it does not read the labels, or reads them as such. One without
    it is refused with a loss for several labels a sample.
    """

    def __init__(self) -> None:
        super().__init__()
        self._clock: Clock | None = None
        self._recorded: dict[str, Tensor] = {}

    def allocate(self, model: AVRecognizer) -> None:
        """Register buffers whose shapes follow from the model.

        It is called once, when the model is complete and before a checkpoint
        is loaded; the parameters are not initialised yet.
        """

    def check(self, model: AVRecognizer) -> None:
        """Refuse a model that it cannot work with, before training.

        Raises:
            ValueError: With the reason and the config lines to write.
        """

    def features(
        self, model: AVRecognizer, output: Output
    ) -> dict[str, Tensor]:
        """Change what goes from the encoders to the fusion and the heads.

        Args:
            model: The model.
            output: With inputs, labels and features, still without scores.

        Returns:
            Features of the same names and shapes.
        """
        return output.features

    def into_fusion(
        self,
        model: AVRecognizer,
        output: Output,
        features: dict[str, Feature],
    ) -> dict[str, Feature]:
        """Change what the fusion alone sees; the heads see the features.

        Args:
            model: The model.
            output: As for :meth:`features`, after it.
            features: What goes into the fusion so far,
                ``output.fusion_inputs`` at first.
        """
        return features

    def losses(
        self, model: AVRecognizer, output: Output, losses: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Change the loss terms.

        Args:
            model: The model.
            output: Complete.
            losses: ``loss_fusion`` and ``loss_<name>``, weighed. Their sum
                is what is minimised.

        Returns:
            The terms to minimise; their names begin with ``loss``. Terms of
            one's own are multiplied by ``output.share``.
        """
        return losses

    def edit_gradients(self, model: AVRecognizer) -> None:
        """Change ``.grad`` of the parameters in place.

        It is called once an optimiser step, after the gradients are
        accumulated, averaged over the ranks and unscaled, and before they
        are clipped.
        """

    def combine(
        self, model: AVRecognizer, gradients: Mapping[str, Gradients]
    ) -> Gradients:
        """Make one gradient of those of the single loss terms.

        Overriding it makes every step backpropagate each term by itself, and
        average each over the ranks, before the rule sees them.

        Args:
            model: The model.
            gradients: For each loss term, the gradient of each trainable
                parameter.

        Returns:
            The gradient to step with.
        """
        raise NotImplementedError

    @classmethod
    def overrides(cls, place: str) -> bool:
        """Whether the class acts at a place, ``'features'`` for example."""
        return getattr(cls, place) is not getattr(Method, place)

    @property
    def clock(self) -> Clock:
        """Where in the run the step is.

        Raises:
            RuntimeError: If nobody keeps the clock.
        """
        if self._clock is None:
            raise RuntimeError(
                f'{type(self).__name__} does not know the epoch. Write: '
                "default_hooks = dict(methods=dict(type='MethodHook'))"
            )
        return self._clock

    def set_clock(self, clock: Clock) -> None:
        """Tell the method where the run is; done by ``MethodHook``."""
        self._clock = clock

    def record(self, name: str, value: Tensor | float) -> None:
        """Log a statistic of this step, as ``<method>/<name>``.

        Nothing waits for the GPU: it is read when the log is written.
        """
        # A copy: what is recorded may be a buffer, and change before that.
        self._recorded[name] = torch.as_tensor(value).detach().clone()

    def take_records(self) -> dict[str, Tensor]:
        """What was recorded since the last call."""
        taken, self._recorded = self._recorded, {}
        return taken

    def generator(self) -> torch.Generator:
        """Random numbers of this step, the same on all ranks (on the CPU)."""
        entropy = (self.clock.seed, self.clock.iteration)
        state = np.random.SeedSequence(entropy).generate_state(1)
        return torch.Generator().manual_seed(int(state[0]))

    @staticmethod
    def sum_over_ranks(value: Tensor) -> Tensor:
        """The sum of a tensor over all ranks, without gradient."""
        total = value.detach().clone()
        if get_world_size() > 1:
            all_reduce(total)
        return total

    @classmethod
    def mean_over_batch(cls, values: Tensor) -> Tensor:
        """The mean of ``(B, ...)`` over the batches of all ranks, float32.

        A sum divided by a count, both over all ranks, so that it is the mean
        over the whole batch also where ranks hold unequal parts.
        """
        values = values.detach().float()
        total = torch.cat(
            [values.sum(0).flatten(), values.new_tensor([len(values)])]
        )
        total = cls.sum_over_ranks(total)
        return (total[:-1] / total[-1]).view(values.shape[1:])

    @staticmethod
    def rows_of_rank(whole: Tensor, batch: int) -> Tensor:
        """This rank's rows of something drawn for the batches of all ranks.

        Args:
            whole: ``(world size * B, ...)``, equal on all ranks.
            batch: B of this rank.
        """
        return whole[get_rank() :: get_world_size()][:batch]


def scale_gradient(x: F, factor: Tensor | float) -> F:
    """The same values; the gradient through them times a factor.

    With one encoder a modality, this at its feature multiplies every gradient
    of the encoder, also under DDP, AMP, accumulation and compilation.

    Args:
        x: Vectors or tokens.
        factor: One for all of them.
    """
    return on_values(lambda v: factor * v + (1 - factor) * v.detach(), x)
