"""One pass of a model over a data set, a row of numbers a sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import torch
from mmengine.dist import all_reduce
from mmengine.model import BaseModel
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.datasets.stand_ins import REPLACES
from mmremix.models.evaluating import evaluating
from mmremix.models.multi_label import batch_labels, refuse_multi_label
from mmremix.models.recognizers.groups import split_by_active
from mmremix.utils.sample_batch import meta_column

Compute = Callable[
    [Mapping[str, Tensor], tuple[str, ...], Tensor], Tensor | None
]
"""From inputs, active modalities and labels to ``(B, C)``, or ``None``."""


class DatasetRows(NamedTuple):
    """What a pass found out, equal on all ranks.

    Attributes:
        values: ``(N, C)`` float32, on the CPU; NaN for samples that could
            not be loaded or were left out.
        seen: Which samples have values, bool ``(N,)``.
        broken: ``(index, clip, reason)`` of the samples of this rank that
            could not be loaded.
    """

    values: Tensor
    seen: Tensor
    broken: list[tuple[int, str, str]]


def dataset_size(dataloader: DataLoader[Any]) -> int:
    """Samples of the data set; for torch not every data set has a length."""
    dataset: Any = dataloader.dataset
    return len(dataset)


@torch.no_grad()
def collect_rows(
    model: BaseModel,
    dataloader: DataLoader[Any],
    compute: Compute,
    num_columns: int,
    num_classes: int | None = None,
    *,
    multi_label: bool = False,
) -> DatasetRows:
    """Compute C numbers of every sample, in evaluation mode.

    Each rank runs its own share without talking to the others; the one
    exchange is at the end, so shares of unequal length are safe. A sample
    that several ranks see counts once.

    Args:
        model: Unwrapped. Its training flags are put back at the end.
        dataloader: Over samples of :class:`~mmremix.datasets.PackAVInputs`
            with labels and ``sample_idx``.
        compute: For samples that keep the same modalities, their numbers;
            ``None`` leaves them out.
        num_columns: C.
        num_classes: With it, the means over the samples of each of so many
            classes instead: a row a class.
        multi_label: Whether ``compute`` takes labels ``(B, M)`` of 0 and 1.

    Raises:
        ConfigError: If the samples have several labels and it does not.
    """
    device = next(model.parameters()).device
    num_rows = num_classes or dataset_size(dataloader)
    # One more column: how often the sample was seen.
    total = torch.zeros(num_rows, num_columns + 1, device=device)
    broken = []
    with evaluating(model):
        for batch in dataloader:
            data = model.data_preprocessor(batch, False)
            samples = data['data_samples']
            indices = meta_column(samples, 'sample_idx')
            replaced = meta_column(samples, REPLACES)
            every = batch_labels(samples)
            for group in split_by_active(data['inputs'], samples):
                stands_in = [replaced[row] for row in group.rows]
                broken += [tuple(x) for x in stands_in if x is not None]
                keep = [i for i, x in enumerate(stands_in) if x is None]
                if not keep:
                    continue
                labels = every[group.rows].to(device)
                if labels.dim() == 2 and not multi_label:
                    raise refuse_multi_label(
                        'What goes over the samples here (contributions, '
                        'read-outs, prototypes or sample weights)',
                        'the config without it; docs/data/multi_label.md '
                        'has the line for each',
                    )
                # Who computes hands them to the model, as they are.
                inputs = cast('Mapping[str, Tensor]', group.inputs)
                values = compute(inputs, group.active, labels)
                if values is None:
                    continue
                values = torch.cat(
                    [values.float(), values.new_ones(len(values), 1).float()],
                    dim=1,
                )
                if len(keep) < len(group.rows):
                    values, labels = values[keep], labels[keep]
                index = labels
                if num_classes is None:
                    index = torch.tensor(
                        [indices[group.rows[i]] for i in keep],
                        device=device,
                    )
                total.index_add_(0, index, values)
    all_reduce(total)
    total = total.cpu()
    # 0 / 0: samples that nobody has seen become NaN here.
    return DatasetRows(
        values=total[:, :-1] / total[:, -1:],
        seen=total[:, -1] > 0,
        broken=broken,
    )
