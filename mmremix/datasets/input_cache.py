"""Keep the inputs of a data set whose pipeline always gives the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from mmremix.datasets.row_store import Column, RowStore
from mmremix.datasets.stand_ins import replaced_by
from mmremix.datasets.transforms import PackAVInputs

if TYPE_CHECKING:
    from mmremix.datasets.multimodal_dataset import MultimodalDataset

_MOST_GB = 20.0
_FLOATS = ('float16', 'float32')


class InputCache:
    """Decode and transform each sample once, then read it from a file.

    For evaluation transforms, which are deterministic: the scoring pass and
    the validation use it by default. A data set with a ``cache`` asks it
    first, for samples that keep all modalities::

        dataset.cache = InputCache(dataset, 'work_dirs/mine/cache')

    Inputs lie in one memory-mapped file a modality, frames as they are
    (uint8), floating point numbers as ``float_type``. Samples beyond the
    limit, of another shape than the first, with numbers too large for
    float16, and those that could not be loaded, are loaded each time.

    Args:
        dataset: With the evaluation pipeline, which ends in
            :class:`PackAVInputs`, in test mode.
        directory: Where to keep it; ``/dev/shm/...`` is memory. The hook
            makes a folder for each run and machine in it.
        limit_gb: Most gigabytes (1e9 bytes) to use; ranks on one machine
            share them. Defaults to 20, or half of what is free on the disk
            if that is less.
        float_type: ``'float32'`` keeps the numbers as they are.
            ``'float16'`` takes half the space and rounds spectrograms to 11
            bits, in the first pass too.
        content: What the inputs are made from, for instance the data set's
            config. Files in ``directory`` made from the same serve again.

    Raises:
        ValueError: On another ``float_type``, or inputs that cannot be kept.
        OSError: If the disk is too small for the files.
    """

    def __init__(
        self,
        dataset: MultimodalDataset,
        directory: str | Path,
        limit_gb: float | None = None,
        float_type: str = 'float32',
        content: str = '',
    ) -> None:
        if float_type not in _FLOATS:
            raise ValueError(
                f'cache: float_type must be one of {_FLOATS}, got '
                f"{float_type!r}. Write: cache=dict(float_type='float32')"
            )
        reason = why_not_cached(dataset)
        if reason:
            raise ValueError(
                f'cache: {reason}. Leave the cache out: cache=False'
            )
        pack = dataset.pipeline.transforms[-1]
        assert isinstance(pack, PackAVInputs)
        self._pack = pack
        first: dict[str, Tensor] = dataset[0]['inputs']
        self._types = {name: x.dtype for name, x in first.items()}
        columns = {
            name: Column(_stored_type(x, float_type), tuple(x.shape))
            for name, x in first.items()
        }
        size = sum(column.nbytes for column in columns.values())
        if limit_gb is None:
            limit_gb = min(_MOST_GB, _free_bytes(Path(directory)) / 2e9)
        self.num_cached = min(len(dataset), int(limit_gb * 1e9) // size)
        self.nbytes = self.num_cached * size
        self.directory = Path(directory)
        self._store: RowStore | None = None
        if self.num_cached:
            self._store = RowStore(
                Path(directory),
                columns,
                self.num_cached,
                {'data': dataset.fingerprint(), 'content': content},
            )

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
        rows = self._store.read(index)
        if rows is None:
            return self._keep(self._store, index, decode())
        info = dataset.get_data_info(index)
        info['active_modalities'] = info['loaded_modalities'] = tuple(rows)
        info['inputs'] = self._tensors(rows)
        return self._pack.transform(info)

    def _keep(
        self, store: RowStore, index: int, sample: dict[str, Any]
    ) -> dict[str, Any]:
        """Keep the inputs of a sample that was loaded."""
        if replaced_by(sample['data_samples']):
            return sample
        inputs = sample['inputs']
        if inputs.keys() != self._types.keys():
            return sample
        rows = {
            name: x.numpy().astype(store.columns[name].dtype, copy=False)
            for name, x in inputs.items()
        }
        fits = all(
            row.shape == store.columns[name].shape and np.isfinite(row).all()
            for name, row in rows.items()
        )
        if not fits:
            return sample
        store.write(index, rows)
        # What the next pass will read.
        sample['inputs'] = self._tensors(rows)
        return sample

    def _tensors(self, rows: dict[str, np.ndarray]) -> dict[str, Tensor]:
        return {
            name: torch.from_numpy(row).to(self._types[name])
            for name, row in rows.items()
        }


def why_not_cached(dataset: MultimodalDataset) -> str:
    """Why the inputs of a data set cannot be kept; empty if they can."""
    steps = dataset.pipeline.transforms
    last = type(steps[-1]).__name__ if steps else 'nothing'
    if not steps or not isinstance(steps[-1], PackAVInputs):
        return (
            f'the evaluation pipeline must end in PackAVInputs, but ends in '
            f'{last}'
        )
    for name, value in dataset[0]['inputs'].items():
        if not isinstance(value, Tensor):
            return f'the inputs of {name} are no tensors of one shape'
    return ''


def _free_bytes(directory: Path) -> int:
    """Of the disk where the folder is, or will be."""
    while not directory.exists():
        directory = directory.parent
    return shutil.disk_usage(directory).free


def _stored_type(value: Tensor, float_type: str) -> np.dtype:
    if value.dtype.is_floating_point:
        return np.dtype(float_type)
    return np.dtype(str(value.dtype).removeprefix('torch.'))
