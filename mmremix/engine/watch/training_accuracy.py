"""How many training samples a model has right, as it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

import torch
from mmengine.runner import Runner
from torch import Tensor

from mmremix.datasets import MultimodalDataset
from mmremix.engine.scoring.loader import build_score_dataloader
from mmremix.engine.scoring.part import part_sampler, random_part
from mmremix.engine.unwrap import recognizer
from mmremix.evaluation.dataset_rows import collect_rows
from mmremix.utils.names import FUSION, HEADS


def training_accuracy(
    runner: Runner, size: int, asked_by: str
) -> dict[str, float]:
    """Accuracy on training samples, with the transforms of evaluation.

    Of samples with all modalities, the same on all ranks, which share the
    work. Weights, buffers, training flags and random states stay as they
    are.

    Args:
        runner: With a model that has heads.
        size: How many samples at most, the same ones each time.
        asked_by: Class name of who needs it, for errors.

    Returns:
        Of ``fusion``, ``heads`` and each modality; empty if the data set is
        of another kind, or none of its samples could be loaded.
    """
    model = recognizer(runner, asked_by)
    dataset = runner.train_dataloader.dataset
    if not isinstance(dataset, MultimodalDataset) or not size:
        return {}
    names = (FUSION, HEADS, *model.modalities)

    def compute(
        inputs: Mapping[str, Tensor], active: tuple[str, ...], labels: Tensor
    ) -> Tensor | None:
        if set(active) != set(model.modalities):
            return None
        found = model.probabilities(model.run(inputs, active))
        right = [found[name].argmax(dim=1) == labels for name in names]
        return torch.stack(right, dim=1).float()

    with ExitStack() as stack:
        # An iterator of the loader draws a number for its workers.
        stack.enter_context(torch.random.fork_rng(devices=[]))
        overrides = {'persistent_workers': False}
        loader = build_score_dataloader(runner, overrides, asked_by=asked_by)
        if size < len(dataset):
            sampler = part_sampler(loader, asked_by)
            share = size / len(dataset)
            drawn = torch.Generator().manual_seed(0)
            stack.enter_context(
                random_part(sampler, len(dataset), share, drawn)
            )
        found = collect_rows(model, loader, compute, len(names))
    values = found.values[found.seen].double()
    if not len(values):
        return {}
    return dict(zip(names, values.mean(dim=0).tolist(), strict=True))
