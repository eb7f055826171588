"""Split a batch into parts that keep the same modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from mmaction.structures import ActionDataSample
from torch import Tensor

from mmremix.utils.padded import Padded
from mmremix.utils.sample_batch import loaded_of, meta_column


class Group(NamedTuple):
    """Samples of a batch that keep the same modalities.

    Attributes:
        active: These modalities.
        rows: Places of the samples in the batch.
        inputs: Their inputs, of all loaded modalities.
    """

    active: tuple[str, ...]
    rows: list[int]
    inputs: dict[str, Tensor | Padded]


def split_by_active(
    inputs: Mapping[str, Tensor | Padded],
    data_samples: Sequence[ActionDataSample],
) -> list[Group]:
    """Split a batch by what its samples keep, and have loaded beside it.

    A pure batch, the usual case, is one group with the inputs as they are.

    Args:
        inputs: For each modality, the inputs of the samples that loaded it.
        data_samples: The samples; those without ``active_modalities`` keep
            all inputs.

    Returns:
        Groups, in the order of their first samples.
    """
    everything = tuple(inputs)
    kept = meta_column(data_samples, 'active_modalities', everything)
    loads = meta_column(data_samples, 'loaded_modalities')
    places: dict[tuple[tuple[str, ...], ...], list[int]] = {}
    for row, (active, load) in enumerate(zip(kept, loads, strict=True)):
        load = active if load is None else load
        places.setdefault((tuple(active), tuple(load)), []).append(row)
    if len(places) == 1:
        (((active, _), rows),) = places.items()
        return [Group(active, rows, dict(inputs))]
    loaded = loaded_of(data_samples, None)
    # Row of each sample in each modality's tensor.
    index = {
        name: _running_index([x is None or name in x for x in loaded])
        for name in inputs
    }
    groups = []
    for (active, _), rows in places.items():
        group_inputs: dict[str, Tensor | Padded] = {}
        for name, value in inputs.items():
            own = [index[name][row] for row in rows]
            if None not in own:
                where = torch.tensor(own, device=value.device)
                group_inputs[name] = value[where]
        groups.append(Group(active, rows, group_inputs))
    return groups


def _running_index(present: Sequence[bool]) -> list[int | None]:
    found: list[int | None] = []
    count = 0
    for here in present:
        found.append(count if here else None)
        count += here
    return found
