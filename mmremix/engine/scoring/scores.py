"""Score every sample of a data set, or those whose turn it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmremix.datasets import ScoringSampler
from mmremix.engine.scoring.forward import ScoringForward
from mmremix.engine.scoring.loader import presence_of
from mmremix.engine.scoring.options import ScoringOptions
from mmremix.evaluation.dataset_rows import collect_rows, dataset_size
from mmremix.models import FUSION
from mmremix.models.multi_label import is_multi_label
from mmremix.registry import FUNCTIONS
from mmremix.remix import (
    bernoulli_kl,
    kl_to_uniform,
    probability_margin,
    true_class_probability,
)
from mmremix.utils.errors import ConfigError

# By name, for the option `score` of KLScoreHook.
FUNCTIONS.register_module()(bernoulli_kl)
FUNCTIONS.register_module()(kl_to_uniform)
FUNCTIONS.register_module()(probability_margin)
FUNCTIONS.register_module()(true_class_probability)

Score = Callable[..., Tensor]
"""From logits ``(B, M)``, and labels ``(B,)`` if it takes two, to ``(B,)``."""


@dataclass
class ScoreTable:
    """What a scoring pass found out, equal on all ranks.

    Attributes:
        scores: One score per sample and modality, ``(N, K)`` float32; NaN
            for samples that could not be loaded, and for a modality that a
            sample lacks.
        accuracy: Share of the scored samples that each prediction
            (``fusion`` and the modalities) gets right; with several labels
            a sample, all its labels at a threshold of 0.5 (exact match).
        broken: ``(index, clip, reason)`` of the samples of this rank that
            could not be loaded.
        true_probability: Mean softmax probability of the true class, for
            each modality; with several labels a sample, the mean sigmoid
            of those it has.
        rechecked: Number of samples that were scored again in float32.
    """

    scores: Tensor
    accuracy: dict[str, float]
    broken: list[tuple[int, str, str]] = field(default_factory=list)
    true_probability: dict[str, float] = field(default_factory=dict)
    rechecked: int = 0


def score_dataset(
    model: BaseModel,
    dataloader: DataLoader[Any],
    modalities: Sequence[str],
    score: Score | None = None,
    options: ScoringOptions | None = None,
    gathering: Sequence[nn.Module] = (),
) -> ScoreTable:
    """Run the model over a data set in eval mode and score its predictions.

    Each rank runs its own share without talking to the others; the one
    exchange is at the end, so shares of unequal length are safe. A sample
    that several ranks see counts once.

    Args:
        model: An unwrapped :class:`~mmremix.models.AVRecognizer`. Its
            training flags are put back at the end.
        dataloader: Over the training samples with evaluation transforms,
            not shuffled.
        modalities: Names, in the order of the columns.
        score: From logits ``(B, M)``, or from logits and labels ``(B,)``, to
            scores ``(B,)``. Defaults to that of :func:`choose_score`.
        options: What makes it cheaper. Defaults to none of it.
        gathering: See :class:`~mmremix.engine.scoring.forward.ScoringForward`.

    Returns:
        The table, on the CPU.

    Raises:
        FloatingPointError: If a prediction is NaN or infinite.
        ConfigError: On a score that does not go with the loss.
    """
    certainty = choose_score(model, score)
    with_labels = len(inspect.signature(certainty).parameters) > 1
    several = is_multi_label(model)
    options = options or ScoringOptions()
    forward = ScoringForward(model, options, gathering)
    names = (*(() if options.heads_only else (FUSION,)), *modalities)
    # Columns: one score and one probability of the true class a modality,
    # and one hit or miss a prediction.
    widths = [len(modalities), len(modalities), len(names)]

    def compute(
        inputs: Mapping[str, Tensor], active: tuple[str, ...], labels: Tensor
    ) -> Tensor:
        scores = forward.scores(inputs)
        # What the samples lack is NaN in all columns, which a mean skips.
        first = next(iter(scores.values()))
        lacking = torch.full_like(first, torch.nan)
        own = [scores.get(name, lacking) for name in modalities]
        probability, right = _several if several else _single
        columns = [
            *(
                (certainty(x, labels) if with_labels else certainty(x))[
                    :, None
                ]
                for x in own
            ),
            *(probability(x, labels) for x in own),
            *(
                right(scores[n], labels) if n in scores else lacking[:, :1]
                for n in names
            ),
        ]
        return torch.cat([column.float() for column in columns], dim=1)

    found = collect_rows(
        model, dataloader, compute, sum(widths), multi_label=several
    )
    scores, true, hits = torch.split(found.values, widths, dim=1)
    dataset: Any = dataloader.dataset
    presence = presence_of(dataset)
    wrong = torch.isnan(scores)
    if presence is not None:
        wrong &= presence
    diverged = found.seen & wrong.any(dim=1)
    if diverged.any():
        first = int(diverged.nonzero()[0])
        raise FloatingPointError(
            f'The predictions of {int(diverged.sum())} samples are NaN or '
            f'infinite, the first is sample {first}: training has diverged. '
            'Lower the learning rate, or clip gradients: '
            'optim_wrapper=dict(clip_grad=dict(max_norm=1.0))'
        )
    return ScoreTable(
        scores=scores.contiguous(),
        accuracy=dict(
            zip(names, hits[found.seen].nanmean(dim=0).tolist(), strict=True)
        ),
        broken=found.broken,
        true_probability=dict(
            zip(
                modalities,
                true[found.seen].nanmean(dim=0).tolist(),
                strict=True,
            )
        ),
    )


def choose_score(model: BaseModel, score: Score | None) -> Score:
    """The score that was asked for, or that goes with the loss.

    Args:
        model: A recognizer.
        score: See :func:`score_dataset`. ``None``:
            :func:`~mmremix.remix.kl_to_uniform`, or for several labels a
            sample :func:`~mmremix.remix.bernoulli_kl`.

    Raises:
        ConfigError: If it is one for the other kind.
    """
    fits: Score = kl_to_uniform
    others: tuple[Score, ...] = (bernoulli_kl,)
    if is_multi_label(model):
        fits = bernoulli_kl
        others = (kl_to_uniform, probability_margin, true_class_probability)
    if score is not None and score in others:
        kind = type(model.criterion).__name__
        raise ConfigError(
            f'The score {score.__name__} does not go with the loss {kind}: '
            'a softmax is for one class a sample, a sigmoid for several '
            'labels. Write: method_remix = dict(plan=dict('
            f"score='{fits.__name__}'))"
        )
    return fits if score is None else score


def _true_probability(scores: Tensor, labels: Tensor) -> Tensor:
    return scores.softmax(dim=1).gather(1, labels[:, None])


def _is_right(scores: Tensor, labels: Tensor) -> Tensor:
    return scores.argmax(1, keepdim=True) == labels[:, None]


def _label_probability(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean over the labels of a sample; NaN where it has none."""
    total = (scores.sigmoid() * labels).sum(dim=1, keepdim=True)
    return total / labels.sum(dim=1, keepdim=True)


def _exact_match(scores: Tensor, labels: Tensor) -> Tensor:
    return ((scores >= 0) == (labels > 0)).all(dim=1, keepdim=True)


_single = _true_probability, _is_right
_several = _label_probability, _exact_match


class ScoringPass:
    """Scores the training samples, or those whose turn it is.

    Args:
        dataloader: See :func:`score_dataset`.
        modalities: Names, in the order of the columns.
        options: See :class:`ScoringOptions`.
        subset: Score one sample in so many, in turn.
        score: See :func:`score_dataset`.

    Raises:
        ConfigError: If ``subset`` or ``recheck`` is used and the loader's
            sampler is no :class:`~mmremix.datasets.ScoringSampler`.
    """

    def __init__(
        self,
        dataloader: DataLoader[Any],
        modalities: Sequence[str],
        options: ScoringOptions,
        subset: int = 1,
        score: Score | None = None,
    ) -> None:
        self.dataloader = dataloader
        self.modalities = tuple(modalities)
        self.options = options
        self.subset = subset
        self.score = score
        partial = subset > 1 or options.recheck > 0
        if partial and not isinstance(dataloader.sampler, ScoringSampler):
            raise ConfigError(
                'KLScoreHook: subset and recheck need the ScoringSampler, but '
                'the loader to score with has '
                f'{type(dataloader.sampler).__name__}. Write: '
                "dataloader=dict(sampler=dict(type='ScoringSampler'))"
            )

    def run(
        self,
        model: BaseModel,
        turn: int = 0,
        previous: Tensor | None = None,
        gathering: Sequence[nn.Module] = (),
    ) -> ScoreTable:
        """Score.

        Args:
            model: An unwrapped :class:`~mmremix.models.AVRecognizer`.
            turn: Number of the pass, which says whose turn it is.
            previous: Scores ``(N, K)`` of the pass before, which the others
                keep. Without, all are scored.
            gathering: See :func:`score_dataset`.

        Returns:
            The table. Its accuracies are those of the samples whose turn it
            is.
        """
        every = range(dataset_size(self.dataloader))
        rows: Sequence[int] = every
        if self.subset > 1 and previous is not None:
            rows = every[turn % self.subset :: self.subset]
        table = self._score(model, rows, self.options, gathering)
        if previous is not None and len(rows) < len(every):
            table = replace(table, scores=_put(previous, table.scores, rows))
        if self.options.recheck > 0:
            close = self._close(table.scores, rows)
            exact = self._score(model, close, ScoringOptions(heads_only=True))
            scores = _put(table.scores, exact.scores, close)
            table = replace(table, scores=scores, rechecked=len(close))
        return table

    def _score(
        self,
        model: BaseModel,
        rows: Sequence[int],
        options: ScoringOptions,
        gathering: Sequence[nn.Module] = (),
    ) -> ScoreTable:
        sampler = self.dataloader.sampler
        if isinstance(sampler, ScoringSampler):
            sampler.rows = rows
        table = score_dataset(
            model,
            self.dataloader,
            self.modalities,
            self.score,
            options,
            gathering,
        )
        if isinstance(sampler, ScoringSampler):
            # For others who go over the data, as batch-norm recalibration.
            sampler.rows = range(dataset_size(self.dataloader))
        return table

    def _close(self, scores: Tensor, rows: Sequence[int]) -> list[int]:
        """Rows whose two lowest scores are nearly equal."""
        own = scores[torch.tensor(rows, dtype=torch.long)]
        if own.shape[1] < 2:
            return []
        lowest = own.topk(2, dim=1, largest=False).values
        # NaN, of a sample that could not be loaded, is not less.
        near = lowest[:, 1] - lowest[:, 0] < self.options.recheck
        return [
            row for row, is_near in zip(rows, near, strict=True) if is_near
        ]


def _put(scores: Tensor, new: Tensor, rows: Sequence[int]) -> Tensor:
    """The scores, with some rows from others."""
    merged = scores.clone()
    places = torch.tensor(rows, dtype=torch.long)
    merged[places] = new[places]
    return merged
