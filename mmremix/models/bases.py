"""Containers of torch, as a type checker should see them.

torch's ``ModuleDict`` holds any modules, whose attributes could be anything:
here it says which ones it holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from collections.abc import ItemsView, ValuesView
    from typing import Generic, TypeVar

    M = TypeVar('M', bound=nn.Module)

    class ModuleDict(nn.ModuleDict, Generic[M]):
        """Modules of one class, by name."""

        def __getitem__(self, key: str) -> M: ...

        def items(self) -> ItemsView[str, M]: ...

        def values(self) -> ValuesView[M]: ...
else:
    # At run time it takes no parameter: write it in annotations only.
    ModuleDict = nn.ModuleDict

__all__ = ['ModuleDict']
