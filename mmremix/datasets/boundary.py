"""Whether the paths of an annotation stay where they belong."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache


class Boundary:
    """Folders that the paths of an annotation may lead into.

    Links are followed: on the way to the folders, where it is no matter, and
    inside of them, where they may lead out.

    Args:
        folders: The folders; a relative one counts from the working
            directory.
    """

    def __init__(self, folders: Iterable[str]) -> None:
        self.folders = tuple(dict.fromkeys(map(os.path.realpath, folders)))
        self._roots = [os.path.normcase(f) for f in self.folders]
        # Clips of one folder share the way to it.
        self._real_folder = lru_cache(1024)(os.path.realpath)

    def holds(self, path: str) -> bool:
        """Whether a path, of a file that need not exist, leads inside."""
        folder, name = os.path.split(path)
        if name in ('', os.curdir, os.pardir):
            real = os.path.realpath(path)
        else:
            real = os.path.join(self._real_folder(folder), name)
            if os.path.islink(real):
                real = os.path.realpath(real)
        real = os.path.normcase(real)
        return any(
            real == root or real.startswith(os.path.join(root, ''))
            for root in self._roots
        )
