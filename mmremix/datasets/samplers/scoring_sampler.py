"""Sampler of the scoring pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized

from mmengine.dist import get_dist_info
from torch.utils.data import Sampler

from mmremix.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class ScoringSampler(Sampler[int]):
    """Each sample once, in order, every rank its share; or a part of them.

    Shares may differ by one sample: ranks do not talk while they score.

    Args:
        dataset: The data set.
        seed: Not used; the runner passes it to every sampler.
    """

    def __init__(self, dataset: Sized, seed: int | None = None) -> None:
        self.dataset = dataset
        self.rank, self.world_size = get_dist_info()
        self.rows: Sequence[int] = range(len(dataset))
        """The samples to visit, over all ranks."""

    def _share(self) -> Sequence[int]:
        return self.rows[self.rank :: self.world_size]

    def __iter__(self) -> Iterator[int]:
        return iter(self._share())

    def __len__(self) -> int:
        return len(self._share())
