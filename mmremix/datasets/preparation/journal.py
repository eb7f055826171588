"""What is known of clips that were checked, kept through a kill."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from mmremix.datasets.preparation.outputs import write_atomic

Task = tuple[str, str, str]
"""Clip, sound (or empty) and check."""

_FORMAT = 2  # of what a check finds: raise it when that changes
_SYNC_SECONDS = 1.0


class Journal:
    """JSON lines, one a finished clip with its size and time of change.

    A line is flushed at once, so that a killed process loses none, and is on
    the disc within a second of work, for a power cut. A line that is torn
    counts as not written. A clip that was changed is not known any more.

    Args:
        path: The file; None keeps nothing.
        root: Folder that the paths in it are relative to.
    """

    def __init__(self, path: str | Path | None, root: str) -> None:
        self._path = Path(path) if path else None
        self._root = root
        self._known = _read(self._path) if self._path else {}
        self._file: Any = None
        self._synced = 0.0

    def __enter__(self) -> Journal:
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open('a', encoding='utf-8')
            # A new line first, in case that the last one is torn.
            self._file.write('\n')
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file:
            self._file.close()

    def get(self, task: Task) -> dict[str, Any] | None:
        """What was found before; None if nothing, or of another file."""
        return self._known.get(_key(task, self._root))

    def add(self, task: Task, found: dict[str, Any]) -> None:
        """Keep what was found."""
        if self._file is None:
            return
        self._file.write(self._line(task, found))
        self._file.flush()
        now = time.monotonic()
        if now - self._synced >= _SYNC_SECONDS:
            os.fsync(self._file.fileno())
            self._synced = now

    def close(self, tasks: Sequence[Task], found: dict[Task, Any]) -> None:
        """Write it anew in order, so that it tells not who was first."""
        if self._path:
            lines = [self._line(task, found[task]) for task in tasks]
            write_atomic(self._path, ''.join(lines).encode())

    def _line(self, task: Task, found: dict[str, Any]) -> str:
        return json.dumps([_key(task, self._root), found]) + '\n'


def _key(task: Task, root: str) -> str:
    parts: list[Any] = [_FORMAT, task[2]]
    for path in task[:2]:
        parts.append(os.path.relpath(path, root) if path else '')
        try:
            status = os.stat(path)
            parts += [status.st_size, status.st_mtime_ns]
        except OSError:
            parts += [None, None]
    return json.dumps(parts)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    if not path.is_file():
        return known
    for line in path.read_text('utf-8', errors='replace').split('\n'):
        try:
            key, result = json.loads(line)
            known[key] = dict(result)
        except (ValueError, TypeError):
            continue  # torn by a kill
    return known
