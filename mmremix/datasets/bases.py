"""Base classes of mmcv and mmengine, as a type checker should see them.

Neither package has type hints: what derives from their classes would derive
from ``Any``, and nothing of it would be checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    Results = dict[str, Any]

    class BaseTransform:
        """A step of a pipeline."""

        def __call__(self, results: Results) -> Results | None: ...

        def transform(self, results: Results) -> Results | None: ...

    class Pipeline:
        """Steps one after the other."""

        transforms: list[Callable[[Results], Results | None]]

        def __init__(
            self, transforms: Sequence[Callable[[Results], Results | None]]
        ) -> None: ...

        def __call__(self, results: Results) -> Results | None: ...

    class Compose(Pipeline, BaseTransform):
        """The same as one step of another pipeline."""

    class BaseDataset:
        """Samples as dicts, each through a pipeline."""

        ann_file: str
        data_root: str | None
        data_prefix: dict[str, str]
        filter_cfg: dict[str, Any] | None
        max_refetch: int
        pipeline: Pipeline
        test_mode: bool
        serialize_data: bool
        data_list: Sequence[dict[str, Any]]
        data_bytes: np.ndarray
        data_address: np.ndarray
        _fully_initialized: bool
        _indices: int | Sequence[int] | None
        _metainfo: dict[str, Any]

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

        def __len__(self) -> int: ...

        def full_init(self) -> None: ...

        def get_subset(self, indices: Sequence[int] | int) -> Any: ...

        def get_subset_(self, indices: Sequence[int] | int) -> None: ...

        def get_data_info(self, idx: int) -> dict[str, Any]: ...

        def _serialize_data(self) -> tuple[np.ndarray, np.ndarray]: ...

        def load_data_list(self) -> Sequence[dict[str, Any]]: ...

        def _get_unserialized_subset(
            self, indices: Sequence[int] | int
        ) -> Any: ...

        @property
        def metainfo(self) -> dict[str, Any]: ...
else:
    from mmcv.transforms import BaseTransform, Compose
    from mmengine.dataset import BaseDataset
    from mmengine.dataset import Compose as Pipeline

__all__ = ['BaseDataset', 'BaseTransform', 'Compose', 'Pipeline']
