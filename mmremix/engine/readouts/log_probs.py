"""Log-probabilities of a model's predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.evaluation.dataset_rows import collect_rows
from mmremix.models import FUSION, AVRecognizer


class HeldOut(NamedTuple):
    """What is known of N samples.

    Attributes:
        log_probs: ``(N, M)`` of ``fusion`` and each modality. Rows of NaN
            are samples without it.
        labels: Classes, int64 ``(N,)``.
        rows: Numbers of the samples in the data set, int64 ``(N,)``; those
            that could not be loaded are not among them.
    """

    log_probs: dict[str, np.ndarray]
    labels: np.ndarray
    rows: np.ndarray


def held_out_log_probs(
    model: AVRecognizer, dataloader: DataLoader[Any]
) -> HeldOut:
    """Predict a data set in evaluation mode; equal on all ranks.

    Args:
        model: Unwrapped.
        dataloader: Over samples of :class:`~mmremix.datasets.PackAVInputs`
            with labels and ``sample_idx``.

    Raises:
        ValueError: If no sample could be loaded.
    """
    names = (FUSION, *model.modalities)
    size = model.num_classes

    def compute(
        inputs: Mapping[str, Tensor],
        active: tuple[str, ...],
        labels: Tensor,
    ) -> Tensor:
        scores = model.run(inputs, active).scores
        # What is not there: a number that no log-probability is.
        absent = scores[FUSION].new_full((len(labels), size), 1.0).float()
        parts = [
            scores[name].float().log_softmax(dim=1)
            if name in scores
            else absent
            for name in names
        ]
        return torch.cat([*parts, labels[:, None].float()], dim=1)

    width = len(names) * size + 1
    found = collect_rows(model, dataloader, compute, width)
    rows = found.seen.nonzero().flatten()
    if not len(rows):
        raise ValueError(
            f'None of the {len(found.seen)} held-out samples could be '
            'loaded: there is nothing to choose by. Check data_root.'
        )
    values = found.values[rows].double().numpy()
    by_name = {}
    for i, name in enumerate(names):
        part = values[:, i * size : (i + 1) * size]
        by_name[name] = np.where(part > 0.5, np.nan, part)
    labels = values[:, -1].round().astype(np.int64)
    return HeldOut(by_name, labels, rows.numpy())
