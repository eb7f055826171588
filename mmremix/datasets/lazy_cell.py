"""A cell whose value is read when it is needed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple


class LazyCell(NamedTuple):
    """One value of a saved Hugging Face data set.

    Attributes:
        path: Folder of ``Dataset.save_to_disk``.
        column: Its column.
        position: Its row.
    """

    path: str
    column: str
    position: int

    def value(self) -> Any:
        """An array, the content of an image file, or what else it holds."""
        found = _opened(self.path)[self.position][self.column]
        if isinstance(found, dict) and 'bytes' in found:
            return found['bytes'] or found['path']
        return found

    def __repr__(self) -> str:
        # The same wherever the data set lies.
        return f'{self.column}[{self.position}]'


@lru_cache(8)
def _opened(path: str) -> Any:
    from mmremix.datasets.arrow_table import open_saved

    return open_saved(path).with_format('numpy')
