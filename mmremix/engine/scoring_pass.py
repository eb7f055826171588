"""One scoring pass: which samples, and how precisely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from mmengine.model import BaseModel
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.datasets import ScoringSampler
from mmremix.engine.scoring import ScoreTable, score_dataset
from mmremix.engine.scoring_options import ScoringOptions
from mmremix.remix import kl_to_uniform


class ScoringPass:
    """Scores the training samples, or those whose turn it is.

    Args:
        dataloader: See :func:`score_dataset`.
        modalities: Names, in the order of the columns.
        options: See :class:`ScoringOptions`.
        subset: Score one sample in so many, in turn.
        score: See :func:`score_dataset`.

    Raises:
        ValueError: If ``subset`` or ``recheck`` is used and the loader's
            sampler is no :class:`~mmremix.datasets.ScoringSampler`.
    """

    def __init__(
        self,
        dataloader: DataLoader,
        modalities: Sequence[str],
        options: ScoringOptions,
        subset: int = 1,
        score: Callable[[Tensor], Tensor] = kl_to_uniform,
    ) -> None:
        self.dataloader = dataloader
        self.modalities = tuple(modalities)
        self.options = options
        self.subset = subset
        self.score = score
        partial = subset > 1 or options.recheck > 0
        if partial and not isinstance(dataloader.sampler, ScoringSampler):
            raise ValueError(
                'KLScoreHook: subset and recheck need the ScoringSampler, but '
                'the loader to score with has '
                f'{type(dataloader.sampler).__name__}. Write: '
                "dataloader=dict(sampler=dict(type='ScoringSampler'))"
            )

    def run(
        self, model: BaseModel, turn: int = 0, previous: Tensor | None = None
    ) -> ScoreTable:
        """Score.

        Args:
            model: An unwrapped :class:`~mmremix.models.AVRecognizer`.
            turn: Number of the pass, which says whose turn it is.
            previous: Scores ``(N, K)`` of the pass before, which the others
                keep. Without, all are scored.

        Returns:
            The table. Its accuracies are those of the samples whose turn it
            is.
        """
        every = range(len(self.dataloader.dataset))
        rows: Sequence[int] = every
        if self.subset > 1 and previous is not None:
            rows = every[turn % self.subset :: self.subset]
        table = self._score(model, rows, self.options)
        if previous is not None and len(rows) < len(every):
            table = replace(table, scores=_put(previous, table.scores, rows))
        if self.options.recheck > 0:
            close = self._close(table.scores, rows)
            exact = self._score(model, close, ScoringOptions(heads_only=True))
            scores = _put(table.scores, exact.scores, close)
            table = replace(table, scores=scores, rechecked=len(close))
        return table

    def _score(
        self, model: BaseModel, rows: Sequence[int], options: ScoringOptions
    ) -> ScoreTable:
        sampler = self.dataloader.sampler
        if isinstance(sampler, ScoringSampler):
            sampler.rows = rows
        table = score_dataset(
            model, self.dataloader, self.modalities, self.score, options
        )
        if isinstance(sampler, ScoringSampler):
            # For others who go over the data, as batch-norm recalibration.
            sampler.rows = range(len(self.dataloader.dataset))
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
