"""Whether the inputs of a data set can be kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from mmremix.datasets.stand_ins import replaced_by
from mmremix.datasets.transforms import PackAVInputs
from mmremix.utils.errors import ConfigError

if TYPE_CHECKING:
    from mmremix.datasets.multimodal_dataset import MultimodalDataset


class NotKeptError(ConfigError):
    """The inputs of a data set cannot be kept.

    Attributes:
        reason: Why.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f'cache: {reason}. Leave the cache out: cache=False')
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.reason,)


def first_inputs(dataset: MultimodalDataset) -> dict[str, Tensor]:
    """Inputs of the first sample that can be kept.

    Raises:
        NotKeptError: If inputs of this data set cannot.
    """
    steps = dataset.pipeline.transforms
    last = type(steps[-1]).__name__ if steps else 'nothing'
    # A class of its own may pack more than is known of a sample.
    if not steps or type(steps[-1]) is not PackAVInputs:
        raise NotKeptError(
            'the evaluation pipeline must end in PackAVInputs, but ends in '
            f'{last}'
        )
    if not dataset.test_mode:
        raise NotKeptError(
            'outside test mode (test_mode=True of the data set) transforms '
            'may draw anew for each pass'
        )
    presence = dataset.presence()
    for row in range(len(dataset)):
        if presence is not None and not presence[row].all():
            continue
        sample = dataset[row]
        if replaced_by(sample['data_samples']):
            continue
        inputs: dict[str, Tensor] = sample['inputs']
        for name, value in inputs.items():
            if not isinstance(value, Tensor):
                raise NotKeptError(
                    f'the inputs of {name} are no tensors of one shape'
                )
            if not value.numel():
                raise NotKeptError(f'the inputs of {name} are empty')
            stored_type(value, 'float32')
        differs = what_differs(sample, dataset[row])
        if differs:
            raise NotKeptError(
                f'{differs} of sample {row} differs when it is loaded again'
            )
        differs = what_differs(sample, packed(dataset, row, inputs))
        if differs:
            raise NotKeptError(f'a transform sets {differs} of a sample')
        return inputs
    raise NotKeptError('no sample has all modalities')


def packed(
    dataset: MultimodalDataset, row: int, inputs: dict[str, Tensor]
) -> dict[str, Any]:
    """The sample, from inputs that were made before."""
    info = dataset.get_data_info(row)
    info['active_modalities'] = info['loaded_modalities'] = tuple(inputs)
    info['inputs'] = inputs
    pack = dataset.pipeline.transforms[-1]
    assert isinstance(pack, PackAVInputs)
    return pack.transform(info)


def what_differs(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Name of something that two samples have not alike; empty if none.

    Inputs differ if they are not of the same bits.
    """
    mine, theirs = _parts(one), _parts(other)
    for place in dict.fromkeys([*mine, *theirs]):
        there = place in mine and place in theirs
        if not there or not _same(mine[place], theirs[place]):
            return repr(place[-1])
    return ''


def _parts(sample: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """By key and name: a modality may have the name of meta information."""
    parts: dict[tuple[str, str], Any] = {}
    for key, value in sample.items():
        inner: Mapping[str, Any] = {key: value}
        if isinstance(value, BaseDataElement):
            inner = dict(value.all_items())
        elif isinstance(value, Mapping):
            inner = value
        parts |= {(key, name): part for name, part in inner.items()}
    return parts


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, Tensor):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        return torch.equal(_bits(one), _bits(other))
    if isinstance(one, np.ndarray):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        if one.dtype.hasobject:
            return _same(one.tolist(), other.tolist())
        return bool(one.tobytes() == other.tobytes())
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(
            _same(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    try:
        return bool(one == other or (one != one and other != other))
    except (TypeError, ValueError):
        return False  # of a kind that does not compare


def _bits(value: Tensor) -> Tensor:
    return value.detach().contiguous().reshape(-1).view(torch.uint8)


def stored_type(value: Tensor, float_type: str) -> np.dtype:
    """Number format of the file that keeps inputs.

    Raises:
        NotKeptError: If there is none.
    """
    try:
        kept: np.dtype = value.detach().numpy().dtype
    except TypeError as error:
        raise NotKeptError(
            f'a file of arrays cannot hold {value.dtype}'
        ) from error
    half = np.dtype('float16')
    return half if kept.kind == 'f' and float_type == 'float16' else kept
