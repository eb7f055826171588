"""Files of an object store, copied to a local folder when they are needed."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.utils.errors import ConfigError

_TRIES = 3
_IN_USE = 60.0  # seconds
_PART = '.part'
_LINES = (
    "remote=dict(url='s3://bucket/clips', cache='data/cache', limit_gb=100)"
)


class RemoteFiles:
    """A local folder that fills itself from a place that fsspec reads.

    The files keep their names: ``clips/a.mmpk`` below the folder is
    ``<url>/clips/a.mmpk``. So a data set is the same as one that lies on the
    disk, and a run can be resumed on either. A file is there whole or not at
    all, and processes may share the folder; two that want a file at once
    both load it.

    Args:
        url: Folder in the store: ``s3://``, ``gs://``, ``https://`` or what
            else fsspec knows (most need a package of their own).
        cache: The local folder. On each machine its own, on a fast disk.
        limit_gb: Most gigabytes (1e9 bytes) to keep: those used longest ago
            are deleted. A file used in the last minute stays, so the folder
            can be somewhat larger. ``None`` keeps all.
        options: Arguments of the file system, such as ``dict(anon=True)``.

    Raises:
        ConfigError: On a URL or limit that makes no sense, or if the package
            that reads such URLs is not installed.
    """

    def __init__(
        self,
        url: str,
        cache: str,
        limit_gb: float | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(url, str) or '://' not in url:
            raise ConfigError(
                f"remote: url must be such as 's3://bucket/clips', got "
                f'{url!r}. Write: {_LINES}'
            )
        if not cache or not isinstance(cache, str | os.PathLike):
            raise ConfigError(f'remote: cache is a folder. Write: {_LINES}')
        if limit_gb is not None and not 0 < limit_gb < math.inf:
            raise ConfigError(
                f'remote: limit_gb must be positive, got {limit_gb}. Write: '
                f'{_LINES}'
            )
        self.url = url.rstrip('/')
        self.cache = os.path.abspath(os.path.expanduser(cache))
        self.limit = None if limit_gb is None else limit_gb * 1e9
        self.options = dict(options or {})
        self._unchecked = math.inf
        self._opened: tuple[int, Any, str] | None = None
        self._open()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, '_opened': None}

    def fetch(self, path: str) -> None:
        """Make sure that a file is in the folder.

        Args:
            path: Where it is, or shall be.

        Raises:
            BrokenMediaError: If the store has no such file.
            OSError: If the store does not answer, after three tries.
        """
        try:
            # So that what is used stays.
            os.utime(path)
        except FileNotFoundError:
            self._load(path)

    def _load(self, path: str) -> None:
        name = os.path.relpath(path, self.cache).replace(os.sep, '/')
        if name.startswith('../'):
            raise BrokenMediaError.of(path, f'is not below {self.cache}')
        os.makedirs(os.path.dirname(path), exist_ok=True)
        unfinished = f'{path}.{uuid4().hex}{_PART}'
        for left in reversed(range(_TRIES)):
            try:
                files, root = self._open()
                source = f'{root}/{name}' if root else name
                files.get_file(source, unfinished)
                size = files.size(source)
                if size not in (None, os.path.getsize(unfinished)):
                    raise OSError(
                        f'{os.path.getsize(unfinished)} of {size} bytes came'
                    )
                os.replace(unfinished, path)
                break
            except FileNotFoundError as error:
                raise BrokenMediaError.of(
                    f'{self.url}/{name}',
                    'is not there',
                    "Check the names in ann_file and remote=dict(url='...')",
                ) from error
            except Exception as error:
                if not left:
                    raise OSError(
                        f'{self.url}/{name} cannot be loaded, after {_TRIES} '
                        f'tries ({type(error).__name__}: {error}). Check the '
                        'network and what remote=dict(options=...) says of '
                        'the account.'
                    ) from error
                time.sleep(0.5 * (_TRIES - left))
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(unfinished)
        self._unchecked += os.path.getsize(path)
        if self.limit is not None and self._unchecked > self.limit / 20:
            self._make_room(self.limit)

    def _open(self) -> tuple[Any, str]:
        """The file system and the folder in it, of this process."""
        # A file system that was opened before a fork has lost its thread.
        if self._opened is None or self._opened[0] != os.getpid():
            kind = self.url.partition('://')[0]
            try:
                import fsspec

                opened, root = fsspec.core.url_to_fs(self.url, **self.options)
            except ImportError as error:
                raise ConfigError(
                    f'remote: {kind}:// needs a package that is not '
                    f'installed ({error}). Install it: pip install fsspec, '
                    'and s3fs for s3://, gcsfs for gs://, aiohttp for '
                    'https://'
                ) from error
            except ValueError as error:
                raise ConfigError(
                    f'remote: {self.url} cannot be read ({error}). Write: '
                    f'{_LINES}'
                ) from error
            self._opened = os.getpid(), opened, root.rstrip('/')
        return self._opened[1:]

    def _make_room(self, limit: float) -> None:
        """Delete what was used longest ago; one process at a time."""
        lock = Path(self.cache, '.lock')
        with lock.open('w') as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return  # another one does it
            self._unchecked = 0
            found = []
            for folder, _, names in os.walk(self.cache):
                for name in names:
                    path = os.path.join(folder, name)
                    with contextlib.suppress(FileNotFoundError):
                        status = os.stat(path)
                        found.append((status.st_mtime, status.st_size, path))
            total = sum(size for _, size, _ in found)
            latest = time.time() - _IN_USE
            for used, size, path in sorted(found):
                if total <= limit or used > latest:
                    break
                if path != str(lock):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(path)
                    total -= size
