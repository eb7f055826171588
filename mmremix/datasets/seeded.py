"""Make a block of code draw from a given seed, and leave no trace of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


class RandomStates:
    """Where ``random``, ``numpy.random`` and torch's CPU generator are."""

    def __init__(self) -> None:
        self._random = random.getstate()
        self._numpy = np.random.get_state()
        self._torch = torch.default_generator.get_state()

    def restore(self) -> None:
        """Go on drawing from there."""
        random.setstate(self._random)
        np.random.set_state(self._numpy)
        torch.default_generator.set_state(self._torch)


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Seed ``random``, ``numpy.random`` and torch's CPU generator inside.

    The transforms of mmcv and mmaction2 draw from these global states. They
    are put back on leaving, so with ``num_workers=0`` the training loop's own
    randomness (dropout, for one) does not depend on the sample.

    Args:
        seed: 32-bit seed; ``None`` leaves everything as it is.
    """
    if seed is None:
        yield
        return
    states = RandomStates()
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        states.restore()
