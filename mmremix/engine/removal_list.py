"""Removals that wait."""

from __future__ import annotations

from pathlib import Path

from mmremix.engine.atomic_backend import AtomicLocalBackend


class RemovalList(AtomicLocalBackend):
    """Notes which files to remove instead of removing them.

    mmengine removes the best checkpoint so far before it writes the next.

    Attributes:
        names: Of the files, without their folder.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    def remove(self, filepath: str | Path) -> None:
        """Note a file."""
        self.names.append(Path(filepath).name)
