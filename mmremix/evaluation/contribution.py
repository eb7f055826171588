"""What each modality contributes, and accuracy without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.evaluation.dataset_rows import collect_rows
from mmremix.models import FUSION, AVRecognizer, Output, StagedFusionHead
from mmremix.utils.shapley import Subset, all_subsets, shapley_values


@dataclass(frozen=True)
class Contribution:
    """Accuracy of the fused prediction with every set of modalities.

    Attributes:
        accuracy: For each subset, also the empty one: always guessing the
            most frequent class of the measured samples.
        samples: How many samples that is over.
        left_out: Samples that were loaded without all modalities, or not at
            all.
    """

    accuracy: dict[Subset, float]
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
    """Evaluate the fused prediction with every set of modalities.

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

    def compute(
        inputs: Mapping[str, Tensor], active: Subset, labels: Tensor
    ) -> Tensor | None:
        if set(active) != set(model.modalities):
            return None
        scores = subset_scores(model, inputs, subsets)
        columns = [scores[s].argmax(dim=1) == labels for s in subsets]
        return torch.stack([c.float() for c in (*columns, labels)], dim=1)

    found = collect_rows(model, dataloader, compute, len(subsets) + 1)
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
        samples=len(total),
        left_out=size - len(total),
    )


def subset_scores(
    model: AVRecognizer,
    inputs: Mapping[str, Tensor],
    subsets: Sequence[Subset],
    output: Output | None = None,
) -> dict[Subset, Tensor]:
    """Fused class scores with each of some sets of modalities.

    Args:
        model: In evaluation mode.
        inputs: ``(B, ...)`` for every modality, preprocessed.
        subsets: Non-empty sets.
        output: What the model made of the inputs, if it has run: its
            features then need not be computed again.

    Returns:
        ``(B, num_classes)`` each, before the softmax.
    """
    if isinstance(model.fusion, StagedFusionHead):
        return {
            subset: model.run({name: inputs[name] for name in subset}).scores[
                FUSION
            ]
            for subset in subsets
        }
    features = (output or model.encode(inputs)).fusion_inputs
    return {
        subset: model.fuse({name: features[name] for name in subset})
        for subset in subsets
    }
