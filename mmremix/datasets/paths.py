"""Where the files of an annotation are, and whether they may be there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, compress
from typing import TYPE_CHECKING, Any

import numpy as np

from mmremix.utils.errors import MissingFileError

if TYPE_CHECKING:
    from mmremix.datasets.media_rows import MediaRows

_LIST_AFTER = 16
_LIST_AT_MOST = 10_000
_NO_NAMES = ('', os.curdir, os.pardir)


def media_path(folder: str, cell: str, suffix: str = '') -> str:
    """Path of a file that a cell names.

    Blanks around a name are part of it if there is such a file, and else a
    matter of the spreadsheet.
    """
    path = os.path.join(folder, cell + suffix)
    if cell != cell.strip() and not os.path.exists(path):
        return os.path.join(folder, cell.strip() + suffix)
    return path


class _Folder:
    """A folder, and which names in it are links.

    Where many names are asked for, the folder is listed once: that is faster
    than to look at each. Unless it is huge.
    """

    def __init__(self, real: str, inside: bool) -> None:
        self.real = real
        self.inside = inside
        self.links: set[str] | None = None
        self._asked = 0

    def may_link(self, name: str) -> bool:
        """Whether a name may be a link; False is sure."""
        if self.links is not None:
            return name in self.links
        self._asked += 1
        if self._asked == _LIST_AFTER:
            links = set()
            try:
                with os.scandir(self.real) as entries:
                    for number, entry in enumerate(entries):
                        if number > _LIST_AT_MOST:
                            return True
                        if entry.is_symlink():
                            links.add(entry.name)
            except FileNotFoundError:
                pass  # nothing is in it
            except OSError:
                return True
            self.links = links
        return True


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
        self._real_folder = lru_cache(1 << 16)(self._look_at)

    def holds(self, path: str) -> bool:
        """Whether a path, of a file that need not exist, leads inside."""
        # As os.path.split does, but for a slash at the end of the folder.
        cut = path.rfind(os.sep)
        folder, name = path[: max(cut, 0)], path[cut + 1 :]
        folder = folder or os.sep * (cut == 0)
        if os.sep != '/':
            folder, name = os.path.split(path)
        if name in _NO_NAMES:
            return self._is_inside(os.path.realpath(path))
        seen = self._real_folder(folder)
        if seen.may_link(name) and os.path.islink(path):
            return self._is_inside(os.path.realpath(path))
        return seen.inside or self._is_inside(os.path.join(seen.real, name))

    def _look_at(self, folder: str) -> _Folder:
        real = os.path.realpath(folder)
        return _Folder(real, self._is_inside(real))

    def _is_inside(self, real: str) -> bool:
        real = os.path.normcase(real)
        return any(
            real == root or real.startswith(os.path.join(root, ''))
            for root in self._roots
        )

    def problems_of(self, rows: MediaRows, written: MediaRows) -> list[str]:
        """The same as :meth:`problems`, of rows in arrays."""
        found: dict[int, list[str]] = {}
        # Folders inside that were listed: what to look at all the same.
        listed: dict[str, set[str]] = {}
        for key in rows.files:
            for number, path in enumerate(rows.paths(key)):
                if not path:
                    continue
                folder, _, name = path.rpartition(os.sep)
                doubtful = listed.get(folder)
                if doubtful is not None and name not in doubtful:
                    continue
                if self.holds(path):
                    # Without one, '/a' and 'a' would look alike.
                    seen = self._real_folder(folder) if folder else None
                    if seen and seen.inside and seen.links is not None:
                        listed[folder] = seen.links.union(_NO_NAMES)
                else:
                    row, cell = written[number], written.files[key][number]
                    found[number] = found.get(number, []) + self.problems(
                        [{**row, key: path}], [{key: cell}]
                    )
        return [text for number in sorted(found) for text in found[number]]

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


def check_media(source: str, rows: MediaRows) -> None:
    """Look that all files of rows in arrays exist, each once.

    Args:
        source: What to call the annotation.
        rows: The rows.

    Raises:
        FileNotFoundError: See :func:`check_files`.
    """
    keys = [*rows.files]
    hashes = np.concatenate(
        [np.fromiter(map(hash, rows.paths(k)), np.int64) for k in keys]
    )
    _, first = np.unique(hashes, return_index=True)
    is_first = np.zeros(len(hashes), dtype=bool)
    is_first[first] = True
    is_first[hashes == hash('')] = False
    every = chain.from_iterable(map(rows.paths, keys))
    missing = [
        path
        for path in compress(every, is_first.tolist())
        if not os.path.exists(path)
    ]
    _refuse_missing(
        source,
        missing,
        int(is_first.sum()),
        'data_root, data_prefix and clip_suffix',
    )


def check_files(
    source: str,
    rows: Sequence[Mapping[str, Any]],
    keys: Sequence[str],
    options: str,
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
    _refuse_missing(source, missing, len(paths), options)


def _refuse_missing(
    source: str, missing: Sequence[str], number: int, options: str
) -> None:
    if missing:
        listed = '\n  '.join(missing[:10])
        raise MissingFileError(
            f'{source}: {len(missing)} of {number} files are '
            f'missing:\n  {listed}\nCheck {options}, or train without '
            "them: on_broken='skip'."
        )
