"""What each modality contributes, and accuracy without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.evaluation.dataset_rows import collect_rows
from mmremix.models import FUSION, HEADS, AVRecognizer
from mmremix.models.recognizers.subsets import subset_labels, subset_scores
from mmremix.utils.shapley import Subset, all_subsets, shapley_values


@dataclass(frozen=True)
class Contribution:
    """Accuracy with every set of modalities.

    Attributes:
        accuracy: Of the fused prediction, for each subset, also the empty
            one: always guessing the most frequent class of the measured
            samples.
        heads: Of the sum of the modalities' own predictions, for each
            subset but the empty one.
        samples: How many samples that is over.
        left_out: Samples that were loaded without all modalities, or not at
            all.
    """

    accuracy: dict[Subset, float]
    heads: dict[Subset, float]
    samples: int
    left_out: int

    @property
    def modalities(self) -> Subset:
        """Names of all modalities."""
        return max(self.accuracy, key=len)

    def only(self, name: str) -> float:
        """Accuracy with one modality."""
        return self.accuracy[(name,)]

    def without(self, name: str) -> float:
        """Accuracy with all modalities but one."""
        return self.accuracy[tuple(n for n in self.modalities if n != name)]

    def shapley(self) -> dict[str, float]:
        """Shapley value of each modality, see :func:`shapley_values`."""
        return shapley_values(self.accuracy)


def measure_contribution(
    model: AVRecognizer, dataloader: DataLoader[Any]
) -> Contribution:
    """Evaluate with every set of modalities, in one pass.

    A modality that is not in the set is absent, as for a clip without it at
    inference: its encoder does not run, and the fusion head says what it
    counts as. A late fusion encodes a batch once for all sets; a fusion
    between the stages of the encoders encodes it once for each set.

    Each rank runs its share; the one exchange is at the end. A sample that
    several ranks see counts once.

    Args:
        model: Unwrapped; it runs in evaluation mode, and its training flags
            are put back at the end.
        dataloader: Over samples of :class:`~mmremix.datasets.PackAVInputs`
            with labels and ``sample_idx``.

    Raises:
        ValueError: If there is no sample with all modalities.
    """
    subsets = all_subsets(model.modalities)[1:]
    kinds = (FUSION, HEADS)

    def compute(
        inputs: Mapping[str, Tensor], active: Subset, labels: Tensor
    ) -> Tensor | None:
        if set(active) != set(model.modalities):
            return None
        scores = subset_scores(model, inputs, subsets)
        given = [subset_labels(scores[s]) for s in subsets]
        columns = [g[kind] == labels for kind in kinds for g in given]
        return torch.stack([c.float() for c in (*columns, labels)], dim=1)

    found = collect_rows(model, dataloader, compute, 2 * len(subsets) + 1)
    size, total = len(found.seen), found.values[found.seen]
    if not len(total):
        raise ValueError(
            f'None of the {size} evaluation samples has all of '
            f'{model.modalities}: there is nothing to measure. Check '
            'data_root.'
        )
    most_frequent = total[:, -1].round().long().bincount().max().item()
    accuracy = total.double().mean(dim=0).tolist()
    return Contribution(
        accuracy={
            (): most_frequent / len(total),
            **dict(zip(subsets, accuracy, strict=False)),
        },
        heads=dict(zip(subsets, accuracy[len(subsets) :], strict=False)),
        samples=len(total),
        left_out=size - len(total),
    )
