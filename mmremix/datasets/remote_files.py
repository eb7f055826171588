"""Files of an object store, copied to a local folder when they are needed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import math
import os
import re
import time
import urllib.parse
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.utils.errors import ConfigError

_TRIES = 3
_IN_USE = 60.0  # seconds
_PART = '.part'
_LOCK = '.lock'
_LINES = (
    "remote=dict(url='s3://bucket/clips', cache='data/cache', limit_gb=100)"
)


class RemoteFiles:
    """A local folder that fills itself from a place that fsspec reads.

    The files keep their names: ``clips/a.mmpk`` below the folder is
    ``<url>/clips/a.mmpk``. So a data set is the same as one that lies on the
    disk, and a run can be resumed on either. A file is there whole or not at
    all, and processes may share the folder; two that want a file at once
    both load it. A file that changes in the store under the same name is not
    noticed: delete the folder then.

    Args:
        url: Folder in the store: ``s3://``, ``gs://``, ``https://`` or what
            else fsspec knows (most need a package of their own).
        cache: The local folder. On each machine its own, on a fast disk.
            Each url has a folder of its own in it; nothing else there is
            touched.
        limit_gb: Most gigabytes (1e9 bytes) of an url to keep: those used
            longest ago are deleted. A file used in the last minute stays, so
            the folder can be somewhat larger. ``None`` keeps all.
        options: Arguments of the file system, such as ``dict(anon=True)``.

    Attributes:
        folder: Where the files are, in ``cache``.

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
        self._is_web = url.startswith(('http://', 'https://'))
        if self._is_web and ('?' in url or '#' in url):
            raise ConfigError(
                f'remote: url is a folder, to which names of files are added; '
                f'got {url!r}, with ? or #. Write: {_LINES}'
            )
        name = re.sub(r'[^\w.-]', '_', self.url.rpartition('/')[2])
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:8]
        self.folder = os.path.join(
            os.path.abspath(os.path.expanduser(cache)), f'{name}-{digest}'
        )
        self._made = time.time()
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
            # So that what is used stays; the other time is that of loading.
            os.utime(path, (time.time(), os.stat(path).st_mtime))
        except (FileNotFoundError, NotADirectoryError):
            self._load(path)
        except PermissionError:
            pass  # of another user; it may be read

    def renew(self, path: str) -> bool:
        """Load a file again that cannot be read: the copy may be a bad one.

        Args:
            path: Where it is.

        Returns:
            Whether another copy came. One that this run has loaded is not
            loaded again, and the old one stays if the store has none.
        """
        with contextlib.suppress(OSError, BrokenMediaError):
            if os.stat(path).st_mtime < self._made:
                self._load(path)
                return True
        return False

    def _load(self, path: str) -> None:
        name = os.path.relpath(path, self.folder).replace(os.sep, '/')
        if name.startswith('../'):
            raise BrokenMediaError.of(path, f'is not below {self.folder}')
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        except OSError as error:
            raise OSError(
                f'{os.path.dirname(path)} cannot be made ({error}). Give '
                "another folder: remote=dict(cache='...')"
            ) from error
        unfinished = f'{path}.{uuid4().hex}{_PART}'
        for left in reversed(range(_TRIES)):
            try:
                files, root = self._open()
                # In a web address % # ? mean something.
                there = urllib.parse.quote(name) if self._is_web else name
                source = f'{root}/{there}' if root else there
                files.get_file(source, unfinished)
                size = files.size(source)
                if size not in (None, os.path.getsize(unfinished)):
                    raise OSError(
                        f'{os.path.getsize(unfinished)} of {size} bytes came'
                    )
                os.utime(unfinished)
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
        lock = os.path.join(self.folder, _LOCK)
        try:
            stream = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        except PermissionError:
            stream = os.open(lock, os.O_RDONLY)  # of another user
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._unchecked = 0
            self._delete_oldest(limit)
        except BlockingIOError:
            pass  # another process does it
        finally:
            os.close(stream)

    def _delete_oldest(self, limit: float) -> None:
        found = []
        for folder, _, names in os.walk(self.folder):
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
