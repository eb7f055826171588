"""Read a modality of a table."""

from __future__ import annotations

from typing import Any

from mmremix.datasets.bases import BaseTransform
from mmremix.registry import TRANSFORMS
from mmremix.utils.errors import ConfigError


@TRANSFORMS.register_module()
class LoadModality(BaseTransform):
    """Read, check, crop and pad as the data set says of the modality.

    Within :class:`ForModality`, so that only what is wanted is opened.

    Required keys: ``cells`` and ``readers``, of
    :class:`~mmremix.datasets.TableDataset`.

    Added keys: ``value``; of pictures also ``imgs`` and what else the
    transforms of MMAction2 read; of sound ``waveform`` and ``sample_rate``.

    Example::

        dict(type='ForModality', modality='inertial', output='value',
             transforms=[dict(type='LoadModality', modality='inertial')])

    Args:
        modality: Its name.

    Raises:
        BrokenMediaError: If it cannot be read.
        ConfigError: If the data set is no ``TableDataset``, or has no such
            modality.
    """

    def __init__(self, modality: str) -> None:
        self.modality = modality

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        readers = results.get('readers')
        if readers is None or self.modality not in readers:
            raise ConfigError(
                f'LoadModality: the data set says nothing of how '
                f'{self.modality!r} is read'
                + (f', only of {list(readers)}' if readers else '')
                + '. Write: '
                "dataset=dict(type='TableDataset', modalities=dict("
                f"{self.modality}=dict(reader='npy')), ...)"
            )
        modality = readers[self.modality]
        value = modality.load(results['cells'][self.modality])
        return {**results, **modality.keys(value)}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(modality='{self.modality}')"
