"""Log-probabilities of all predictions, and what is right of them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.evaluation import collect_rows
from mmremix.evaluation.readouts import (
    Readout,
    apply,
    candidates,
    fit_pool,
)
from mmremix.models import FUSION, AVRecognizer
from mmremix.study.records import POOL
from mmremix.utils.names import HEADS
from mmremix.utils.whole_files import write_whole

_DIGITS = 5


@dataclass
class Predictions:
    """Of N samples, each with all modalities.

    Attributes:
        log_probs: Of ``fusion`` and each modality's own prediction, float32
            ``(N, M)``; NaN where a sample lacks it.
        labels: Classes ``(N,)``.
        groups: Group of each, text ``(N,)``, if the data set knows it.
        index: Number of each in the data set, ``(N,)``.
    """

    log_probs: dict[str, np.ndarray]
    labels: np.ndarray
    groups: np.ndarray | None
    index: np.ndarray


def predict(
    model: AVRecognizer, loader: DataLoader[Any], group: str | None = None
) -> Predictions:
    """Run a model over a data set.

    Args:
        model: Unwrapped; runs in evaluation mode.
        loader: Over samples with labels.
        group: Column of the data set that tells groups.
    """
    names = (FUSION, *model.modalities)
    width = model.num_classes

    def compute(
        inputs: Mapping[str, Tensor], active: tuple[str, ...], labels: Tensor
    ) -> Tensor:
        scores = model.run(inputs, active).scores
        blank = torch.full((len(labels), width), torch.nan)
        columns = [
            scores[n].float().log_softmax(1)
            if n in scores
            else blank.to(labels.device)
            for n in names
        ]
        # The label too: samples may come in any order.
        return torch.cat([*columns, labels[:, None].float()], dim=1)

    found = collect_rows(model, loader, compute, len(names) * width + 1)
    rows = np.flatnonzero(found.seen.numpy())
    values = found.values.numpy()[rows]
    dataset: Any = loader.dataset
    groups = None
    if group is not None and len(rows):
        first = dataset.get_data_info(int(rows[0]))
        if group in first:
            groups = np.array(
                [str(dataset.get_data_info(int(i))[group]) for i in rows]
            )
    return Predictions(
        {
            name: values[:, k * width : (k + 1) * width]
            for k, name in enumerate(names)
        },
        values[:, -1].round().astype(np.int64),
        groups,
        rows,
    )


def save_predictions(path: Path, found: Mapping[str, Predictions]) -> None:
    """Write those of the held-out and the test samples to a file."""
    arrays: dict[str, Any] = {}
    for part, p in found.items():
        if part == 'train':
            continue
        arrays[f'{part}.labels'] = p.labels
        arrays[f'{part}.index'] = p.index
        if p.groups is not None:
            arrays[f'{part}.groups'] = p.groups
        for name, values in p.log_probs.items():
            arrays[f'{part}.log_probs.{name}'] = values
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_whole(path, content.getvalue())


def load_predictions(path: Path) -> dict[str, Predictions]:
    """Read what :func:`save_predictions` has written, by part."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    found = {}
    for part in ('held_out', 'test'):
        prefix = f'{part}.log_probs.'
        found[part] = Predictions(
            {
                name.removeprefix(prefix): values
                for name, values in arrays.items()
                if name.startswith(prefix)
            },
            arrays[f'{part}.labels'],
            arrays.get(f'{part}.groups'),
            arrays[f'{part}.index'],
        )
    return found


def accuracies(
    modalities: Sequence[str],
    found: Mapping[str, Predictions],
    with_heads: bool,
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Accuracy of every read-out on every part.

    Args:
        modalities: Of the model.
        found: By part: ``held_out``, ``test``, ``train``.
        with_heads: Whether to look at more than the fused prediction.

    Returns:
        By part and name of the read-out. On ``train`` the fused prediction,
        the single heads and the sum of all. ``pool`` is fitted to the
        held-out samples, so it has no accuracy there. And its weights.
    """
    among = candidates(modalities)
    if not with_heads:
        among = among[:1]
    result = {
        part: {
            readout.name: accuracy(readout, p)
            for readout in among
            if part != 'train' or readout.name in (FUSION, HEADS, *modalities)
        }
        for part, p in found.items()
    }
    if not with_heads:
        return result, {}
    held_out = found['held_out']
    pool = fit_pool(held_out.log_probs, held_out.labels, held_out.groups)
    result['test'][POOL] = accuracy(pool, found['test'])
    weights = {n: round(w, 4) for n, w in pool.weights.items()}
    return result, weights


def accuracy(readout: Readout, p: Predictions) -> float:
    """Share of samples that a read-out gets right; one without is wrong."""
    probabilities = np.nan_to_num(apply(readout, p.log_probs), nan=-1.0)
    right = probabilities.argmax(axis=1) == p.labels
    right &= probabilities.max(axis=1) >= 0
    return round(float(right.mean()), _DIGITS)
