"""Whether ``indices`` of a data set are numbers of its samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmremix.utils.errors import ConfigError


def check_numbers(indices: Any) -> None:
    """Refuse a mask or decimals, taken for other rows without a word.

    Raises:
        ConfigError: With what to write.
    """
    listed = not isinstance(indices, int | np.integer)
    values = indices if listed else [indices]
    for value in () if indices is None else values:
        whole = isinstance(value, int | np.integer)
        if isinstance(value, bool | np.bool_) or not whole:
            raise ConfigError(
                f'indices={str(indices)[:60]}: {value!r} is no number of a '
                'sample. Write a number of samples, dataset=dict(indices=100),'
                ' or which: dataset=dict(indices=[0, 1, 2]); of a mask: '
                'numpy.flatnonzero(mask).tolist()'
            )


def check_within(
    source: str, size: int, indices: Sequence[int] | int | np.ndarray
) -> None:
    """Look whether a data set has so many samples, or these.

    Args:
        source: What to call the annotation.
        size: Samples before ``indices``, after ``filter_cfg``.
        indices: How many, or which.

    Raises:
        ConfigError: With the number at fault and what can be written.
    """
    if isinstance(indices, int):
        wrong = [indices] if abs(indices) > size else []
    else:
        listed = np.asarray(indices, dtype=np.int64)
        wrong = listed[(listed < -size) | (listed >= size)].tolist()
    if wrong:
        more = f' and {len(wrong) - 1} others' if len(wrong) > 1 else ''
        raise ConfigError(
            f'{source}: indices has {wrong[0]}{more}, and there are {size} '
            'samples (after filter_cfg). Write how many, at most all: '
            f'dataset=dict(indices={size}), or which, from {-size} to '
            f'{size - 1}: dataset=dict(indices=[0, {size - 1}])'
        )
