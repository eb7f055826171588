"""The item that travels from the sampler to the data set."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class RemixIndex(NamedTuple):
    """A data set index with what to load of the sample and how.

    Decisions ride on the index, not on the data set, because persistent
    workers keep the copy of the data set they were started with.

    Attributes:
        index: Position in the data set.
        active_modalities: The modalities that the sample keeps; ``None`` for
            all.
        seed: Seed of the sample's augmentation; ``None`` to draw from the
            ambient random state.
        loaded_modalities: The modalities to decode, where the model needs to
            see masked ones too; ``None`` for the active ones.
    """

    # Hides tuple.index, which nobody needs here.
    index: int  # type: ignore[assignment]
    active_modalities: tuple[str, ...] | None = None
    seed: int | None = None
    loaded_modalities: tuple[str, ...] | None = None


def sample_seed(seed: int, epoch: int, index: int, pass_: int = 0) -> int:
    """Mix run seed, epoch, index and pass into the 32-bit seed of a sample.

    With it, augmentation does not depend on the number of workers, on the
    order of the batches or on a resume in between.
    """
    entropy = (seed, epoch, index, pass_)
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])
