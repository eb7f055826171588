"""Keep the inputs of a data set whose pipeline always gives the same."""

from __future__ import annotations

import math
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from mmremix.datasets.keepable import (
    first_inputs,
    packed,
    stored_type,
    what_differs,
)
from mmremix.datasets.row_store import Column, RowStore
from mmremix.datasets.stand_ins import replaced_by
from mmremix.utils.errors import ConfigError

if TYPE_CHECKING:
    from mmremix.datasets.multimodal_dataset import MultimodalDataset

_MOST_GB = 20.0
_FLOATS = ('float16', 'float32')
_LINES = "cache=dict(limit_gb=5, directory='/fast/disk', float_type='float32')"


class InputCache:
    """Decode and transform each sample once, then read it from a file.

    For evaluation transforms, which are deterministic: the scoring pass and
    the validation use it by default. A data set with a ``cache`` asks it
    first, for samples that keep all modalities::

        dataset.cache = InputCache(dataset, 'work_dirs/mine/cache')

    Inputs lie in one memory-mapped file a modality. Samples are loaded each
    time if they are beyond the limit, could not be loaded, have another
    shape or number format than the first, numbers too large for float16,
    or a label or meta information that a transform made; and all, with a
    warning, if somebody deletes the files. That a transform draws anew at
    each call is noticed by the first sample.

    A cache begins empty: nothing of an earlier run is read, since its clips
    or its code may have been others.

    Args:
        dataset: With the evaluation pipeline, which ends in
            :class:`~mmremix.datasets.transforms.PackAVInputs`, in test mode.
        directory: Where to keep it, a new folder, or one of such files,
            which are deleted; ``/dev/shm/...`` is memory. The hook makes a
            folder for each run and machine in it.
        limit_gb: Most gigabytes (1e9 bytes) to use; ranks on one machine
            share them. Defaults to 20, or half of what is free on the disk
            if that is less.
        float_type: ``'float32'`` keeps the numbers as they are.
            ``'float16'`` takes half the space and rounds spectrograms to 11
            bits, in the first pass too.

    Raises:
        ConfigError: On another ``float_type`` or a limit that makes no
            sense; as :class:`NotKeptError`, if the inputs cannot be kept.
        OSError: If the folder holds anything else, or the disk is too small
            for the files.
    """

    def __init__(
        self,
        dataset: MultimodalDataset,
        directory: str | Path,
        limit_gb: float | None = None,
        float_type: str = 'float32',
    ) -> None:
        check_options({'limit_gb': limit_gb, 'float_type': float_type})
        first = first_inputs(dataset)
        self._types = {name: x.dtype for name, x in first.items()}
        columns = {
            name: Column(stored_type(x, float_type), tuple(x.shape))
            for name, x in first.items()
        }
        size = sum(column.nbytes for column in columns.values())
        self.directory = Path(directory).expanduser()
        if limit_gb is None:
            limit_gb = min(_MOST_GB, _free_bytes(self.directory) / 2e9)
        self.num_cached = min(len(dataset), int(limit_gb * 1e9) // size)
        self.nbytes = self.num_cached * size
        self._store: RowStore | None = None
        if self.num_cached:
            self._store = RowStore(self.directory, columns, self.num_cached)

    def remove(self) -> None:
        """Delete the files."""
        if self._store is not None:
            self._store.remove()

    def load(
        self,
        index: int,
        dataset: MultimodalDataset,
        decode: Callable[[], dict[str, Any]],
    ) -> dict[str, Any]:
        """One sample.

        Args:
            index: Which.
            dataset: For what is known of it beside the inputs.
            decode: Loads it, if it is not here yet.
        """
        if self._store is None or index >= self.num_cached:
            return decode()
        try:
            rows = self._store.read(index)
        except FileNotFoundError as error:
            # They are only copies.
            warnings.warn(f'{error} Samples are loaded anew.', stacklevel=2)
            self._store = None
            return decode()
        if rows is not None:
            return packed(dataset, index, self._tensors(rows))
        return self._keep(self._store, index, dataset, decode())

    def _keep(
        self,
        store: RowStore,
        index: int,
        dataset: MultimodalDataset,
        sample: dict[str, Any],
    ) -> dict[str, Any]:
        """Keep the inputs of a sample that was loaded."""
        inputs = sample['inputs']
        types = {name: getattr(x, 'dtype', None) for name, x in inputs.items()}
        if replaced_by(sample['data_samples']) or types != self._types:
            return sample
        rows = {}
        for name, x in inputs.items():
            column, exact = store.columns[name], x.detach().numpy()
            with np.errstate(over='ignore'):
                value = exact.astype(column.dtype, copy=False)
            lost = value is not exact and not np.array_equal(
                np.isfinite(value), np.isfinite(exact)
            )
            if value.shape != column.shape or lost:
                return sample
            rows[name] = value
        # What the next pass will read.
        kept = packed(dataset, index, self._tensors(rows))
        if what_differs({**sample, 'inputs': kept['inputs']}, kept):
            return sample
        store.write(index, rows)
        return kept

    def _tensors(self, rows: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
        return {
            name: torch.from_numpy(row).to(self._types[name])
            for name, row in rows.items()
        }


def check_options(options: Mapping[str, Any]) -> None:
    """Check the arguments of an :class:`InputCache`.

    Raises:
        ConfigError: On one that there is not, or a value that makes no
            sense.
    """
    unknown = sorted(set(options) - {'directory', 'limit_gb', 'float_type'})
    if unknown:
        raise ConfigError(f'cache: there is no {unknown}. Write: {_LINES}')
    limit = options.get('limit_gb')
    is_number = isinstance(limit, int | float) and not isinstance(limit, bool)
    if limit is not None and not (is_number and 0 <= limit < math.inf):
        raise ConfigError(
            f'cache: limit_gb must be gigabytes >= 0, got {limit!r}. Write: '
            f'{_LINES}'
        )
    float_type = options.get('float_type', 'float32')
    if float_type not in _FLOATS:
        raise ConfigError(
            f'cache: float_type must be one of {_FLOATS}, got '
            f"{float_type!r}. Write: cache=dict(float_type='float32')"
        )
    directory = options.get('directory')
    if directory is not None and not isinstance(directory, str | Path):
        raise ConfigError(
            f'cache: directory must be a folder, got {directory!r}. Write: '
            f'{_LINES}'
        )


def _free_bytes(directory: Path) -> int:
    """Of the disk where the folder is, or will be."""
    while not directory.exists():
        directory = directory.parent
    return shutil.disk_usage(directory).free
