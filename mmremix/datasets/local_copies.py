"""A folder of copies that is kept below a size."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time

UNFINISHED = '.unfinished'
"""Folder, in that of the copies, of those that are being loaded."""

_LOCK = '.lock'
_IN_USE = 60.0  # seconds
_ABANDONED = 24 * 3600.0  # seconds


def make_room(folder: str, limit: float) -> bool:
    """Delete what was used longest ago; one process at a time.

    Args:
        folder: Of the copies; the time of their last access counts.
        limit: Bytes that may stay. A copy of which the last access is less
            than a minute ago stays too.

    Returns:
        Whether it was done; not while another process is at it.
    """
    lock = os.path.join(folder, _LOCK)
    try:
        stream = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        stream = os.open(lock, os.O_RDONLY)  # of another user
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Another process has it, or the disk has no locks.
        return False
    else:
        _delete_oldest(folder, limit)
        return True
    finally:
        os.close(stream)


def _delete_oldest(root: str, limit: float) -> None:
    found = []
    for folder, folders, names in os.walk(root):
        if UNFINISHED in folders:
            folders.remove(UNFINISHED)
        for name in names:
            path = os.path.join(folder, name)
            with contextlib.suppress(FileNotFoundError):
                status = os.stat(path)
                found.append((status.st_atime, status.st_size, path))
    total = sum(size for _, size, _ in found)
    latest = time.time() - _IN_USE
    for used, size, path in sorted(found):
        if total <= limit or used > latest:
            break
        if os.path.basename(path) != _LOCK:
            # It may be gone, or another user's.
            with contextlib.suppress(OSError):
                os.unlink(path)
                total -= size


def sweep(root: str) -> None:
    """Delete what loaders that were killed have left a day ago."""
    folder = os.path.join(root, UNFINISHED)
    # Another process, or user, may be at it.
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if os.stat(path).st_mtime < time.time() - _ABANDONED:
                os.unlink(path)
