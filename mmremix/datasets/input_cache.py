"""Keep the inputs of a data set whose pipeline always gives the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor
from torch.utils.data import Dataset

from mmremix.datasets.identity import DataIdentity
from mmremix.datasets.multimodal_dataset import MultimodalDataset
from mmremix.datasets.row_store import Column, RowStore
from mmremix.datasets.stand_ins import replaced_by
from mmremix.datasets.transforms import PackAVInputs
from mmremix.utils.errors import ConfigError

_FLOATS = ('float16', 'float32')


class InputCache(Dataset[dict[str, Any]]):
    """Decode and transform each sample once, then read it from a file.

    For the scoring pass, whose evaluation transforms are deterministic::

        method_remix = dict(plan=dict(
            type='KLScoreHook', warmup_epochs=10, cache=dict(limit_gb=20)))

    Inputs lie in one memory-mapped file a modality, frames as they are
    (uint8), floating point numbers as ``float_type``. Samples beyond the
    limit, of another shape than the first, with numbers too large for
    float16, and those that could not be loaded, are loaded each time.

    Args:
        dataset: With the evaluation pipeline, which ends in
            :class:`PackAVInputs`.
        directory: Where to keep it; ``/dev/shm/...`` is memory. The hook
            makes a folder for each run and machine in it.
        limit_gb: Most gigabytes (1e9 bytes) to use; ranks on one machine
            share them.
        float_type: ``'float16'`` or ``'float32'``. The first rounds
            spectrograms to 11 bits, in the first pass too.
        content: What the inputs are made from, for instance the data set's
            config. Files in ``directory`` made from the same serve again.

    Raises:
        ValueError: On another ``float_type``, or a pipeline with another
            last transform.
        OSError: If the disk is too small for the files.
    """

    def __init__(
        self,
        dataset: MultimodalDataset,
        directory: str | Path,
        limit_gb: float = 20.0,
        float_type: str = 'float16',
        content: str = '',
    ) -> None:
        if float_type not in _FLOATS:
            raise ValueError(
                f'cache: float_type must be one of {_FLOATS}, got '
                f"{float_type!r}. Write: cache=dict(float_type='float16')"
            )
        pack = dataset.pipeline.transforms[-1]
        if not isinstance(pack, PackAVInputs):
            raise ValueError(
                'cache: the evaluation pipeline must end in PackAVInputs, '
                f'but ends in {type(pack).__name__}. Leave the cache '
                'out: cache=None'
            )
        self._pack = pack
        self.dataset = dataset
        self._presence = dataset.presence()
        whole = 0
        if self._presence is not None:
            complete = self._presence.all(axis=1)
            if not complete.any():
                raise ConfigError(
                    'cache: no sample has all modalities. Leave the cache '
                    'out: cache=None'
                )
            whole = int(complete.argmax())
        first: dict[str, Tensor] = dataset[whole]['inputs']
        uneven = [n for n, x in first.items() if not isinstance(x, Tensor)]
        if uneven:
            raise ConfigError(
                f'cache: the samples of {uneven} differ in length. Leave the '
                'cache out, cache=None, or write: modalities=dict('
                f'{uneven[0]}=dict(length=128))'
            )
        self._types = {name: x.dtype for name, x in first.items()}
        columns = {
            name: Column(_stored_type(x, float_type), tuple(x.shape))
            for name, x in first.items()
        }
        size = sum(column.nbytes for column in columns.values())
        self.num_cached = min(len(dataset), int(limit_gb * 1e9) // size)
        self._store: RowStore | None = None
        if self.num_cached:
            self._store = RowStore(
                Path(directory),
                columns,
                self.num_cached,
                {'data': dataset.fingerprint(), 'content': content},
            )
        print_log(
            f'Scoring keeps the inputs of {self.num_cached} of '
            f'{len(dataset)} samples in {directory}, '
            f'{self.num_cached * size / 1e9:.2f} GB',
            logger='current',
        )

    def presence(self) -> np.ndarray | None:
        """Of the data set."""
        return self._presence

    @property
    def modalities(self) -> tuple[str, ...]:
        """Of the data set."""
        return self.dataset.modalities

    def identity(self) -> DataIdentity:
        """Of the data set."""
        return self.dataset.identity()

    def fingerprint(self) -> str:
        """Of the data set."""
        return self.dataset.fingerprint()

    def remove(self) -> None:
        """Delete the files."""
        if self._store is not None:
            self._store.remove()

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> dict[str, Any]:
        index = int(index)
        lacks = self._presence is not None and not self._presence[index].all()
        if self._store is None or index >= self.num_cached or lacks:
            return self.dataset[index]
        rows = self._store.read(index)
        if rows is None:
            return self._load(self._store, index)
        info = self.dataset.get_data_info(index)
        info['active_modalities'] = info['loaded_modalities'] = tuple(rows)
        info['inputs'] = self._tensors(rows)
        return self._pack.transform(info)

    def _load(self, store: RowStore, index: int) -> dict[str, Any]:
        """Load a sample and keep its inputs."""
        sample = self.dataset[index]
        rows = {
            name: x.numpy().astype(store.columns[name].dtype, copy=False)
            for name, x in sample['inputs'].items()
        }
        fits = all(
            row.shape == store.columns[name].shape and np.isfinite(row).all()
            for name, row in rows.items()
        )
        if not fits or replaced_by(sample['data_samples']):
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


def _stored_type(value: Tensor, float_type: str) -> np.dtype:
    if value.dtype.is_floating_point:
        return np.dtype(float_type)
    return np.dtype(str(value.dtype).removeprefix('torch.'))
