"""Samples that lack a modality."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmremix.utils.errors import ConfigError

if TYPE_CHECKING:
    from mmremix.datasets.multimodal_dataset import MultimodalDataset


def those_there(
    dataset: MultimodalDataset,
    index: int,
    names: tuple[str, ...],
    presence: np.ndarray,
) -> tuple[str, ...]:
    """Of the modalities those that a sample has.

    Args:
        dataset: With the ``modalities``.
        index: The sample.
        names: Modalities, in order.
        presence: Of :meth:`MultimodalDataset.presence`.

    Raises:
        ConfigError: If it has none of them.
    """
    there = presence[index]
    has = [n for n, t in zip(dataset.modalities, there, strict=True) if t]
    kept = tuple(name for name in names if name in has)
    if not kept:
        raise ConfigError(
            f'Sample {index} has {has} and was to be loaded with '
            f'{list(names)}. Plan within MultimodalDataset.presence().'
        )
    return kept


def stand_in(dataset: MultimodalDataset, loaded: tuple[str, ...]) -> int:
    """A random sample that has what is wanted, for one that is broken."""
    presence = dataset.presence()
    if presence is None:
        return int(np.random.randint(len(dataset)))
    wanted = [name in loaded for name in dataset.modalities]
    fit = np.flatnonzero(presence[:, wanted].all(axis=1))
    return int(fit[np.random.randint(len(fit))])
