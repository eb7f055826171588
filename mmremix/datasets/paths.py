"""Where the files of an annotation are, and whether they may be there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from mmremix.utils.errors import MissingFileError

MEDIA_KEYS = ('clip', 'audio')
"""Keys of a row that name files."""


def media_path(folder: str, cell: str, suffix: str = '') -> str:
    """Path of a file that a cell names.

    Blanks around a name are part of it if there is such a file, and else a
    matter of the spreadsheet.
    """
    path = os.path.join(folder, cell + suffix)
    if cell != cell.strip() and not os.path.exists(path):
        return os.path.join(folder, cell.strip() + suffix)
    return path


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

    def problems(
        self,
        rows: Sequence[Mapping[str, Any]],
        written: Sequence[Mapping[str, str]],
    ) -> list[str]:
        """Which rows name files that are not inside.

        Args:
            rows: With the paths of their files.
            written: The same paths, as they stand in the annotation.

        Returns:
            A line for each such path.
        """
        found = []
        for row, cells in zip(rows, written, strict=True):
            for key, cell in cells.items():
                if not self.holds(row[key]):
                    found.append(
                        f"line {row.get('row', '-')}: {key} '{cell}' leads "
                        f'out of {" and ".join(self.folders)}, to '
                        f'{os.path.realpath(row[key])}'
                    )
        return found


def check_files(
    source: str,
    rows: Sequence[Mapping[str, Any]],
    keys: Sequence[str] = MEDIA_KEYS,
    options: str = 'data_root, data_prefix and clip_suffix',
) -> None:
    """Look that all files of a data set exist.

    Args:
        source: What to call the annotation.
        rows: With the paths of their files.
        keys: Which keys of a row are paths.
        options: What to check in the config.

    Raises:
        FileNotFoundError: Naming the first ten that do not.
    """
    paths = dict.fromkeys(
        row[key] for row in rows for key in keys if key in row
    )
    missing = [path for path in paths if not os.path.exists(path)]
    if missing:
        listed = '\n  '.join(missing[:10])
        raise MissingFileError(
            f'{source}: {len(missing)} of {len(paths)} files are '
            f'missing:\n  {listed}\nCheck {options}, or train without '
            "them: on_broken='skip'."
        )
