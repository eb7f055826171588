"""Files of an object store, copied to a local folder when they are needed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import math
import os
import re
import time
import urllib.parse
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from mmengine.logging import print_log

from mmremix.datasets.local_copies import UNFINISHED, make_room, sweep
from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.utils.errors import ConfigError

_TRIES = 3
_FULL = (errno.ENOSPC, errno.EDQUOT)
# Of options: who asks does not change what is there.
_PERSONAL = re.compile('key|secret|token|pass|cred|auth|user|anon', re.I)
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
        is_number = isinstance(limit_gb, int | float) and limit_gb is not True
        if limit_gb is not None and not (
            is_number and 0 < limit_gb < math.inf
        ):
            raise ConfigError(
                f'remote: limit_gb must be positive, got {limit_gb!r}. '
                f'Write: {_LINES}'
            )
        self.url = url.rstrip('/')
        self._is_web = url.startswith(('http://', 'https://'))
        if self._is_web and ('?' in url or '#' in url):
            raise ConfigError(
                f'remote: url is a folder, to which names of files are added; '
                f'got {url!r}, with ? or #. Write: {_LINES}'
            )
        self.options = dict(options or {})
        name = re.sub(r'[^\w.-]', '_', self.url.rpartition('/')[2])
        place = f'{self.url} {_impersonal(self.options)}'
        digest = hashlib.sha256(place.encode()).hexdigest()[:8]
        self.folder = os.path.join(
            os.path.abspath(os.path.expanduser(cache)), f'{name}-{digest}'
        )
        self._made = time.time()
        self.limit = None if limit_gb is None else limit_gb * 1e9
        self._unchecked = math.inf
        self._renewed: set[str] = set()
        self._opened: tuple[int, Any, str] | None = None
        self._open()
        sweep(self.folder)

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
        except OSError:
            # Of another user, or a disk that cannot be written.
            if not os.path.exists(path):
                raise

    def renew(self, path: str) -> bool:
        """Load a file again that cannot be read: the copy may be a bad one.

        Args:
            path: Where it is.

        Returns:
            Whether another copy came. A process tries once, and not where
            this run has loaded the copy; the old one stays if none comes.
        """
        if path in self._renewed:
            return False
        self._renewed.add(path)
        try:
            # One that is gone was deleted at the limit, before it was read.
            if os.path.exists(path) and os.stat(path).st_mtime >= self._made:
                return False
            self._load(path)
        except (OSError, BrokenMediaError) as error:
            print_log(
                f'{path} cannot be read, and not be loaded again: {error}',
                'current',
                level=30,
            )
            return False
        return True

    def _load(self, path: str) -> None:
        name = os.path.relpath(path, self.folder).replace(os.sep, '/')
        if name.startswith('../'):
            raise BrokenMediaError.of(path, f'is not below {self.folder}')
        unfinished = os.path.join(self.folder, UNFINISHED, uuid4().hex)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.makedirs(os.path.dirname(unfinished), exist_ok=True)
        except OSError as error:
            raise OSError(
                f'{os.path.dirname(path)} cannot be made ({error}). Give '
                "another folder: remote=dict(cache='...')"
            ) from error
        files, root = self._open()
        # In a web address % # ? mean something.
        there = urllib.parse.quote(name) if self._is_web else name
        source = f'{root}/{there}' if root else there
        for left in reversed(range(_TRIES)):
            try:
                files.get_file(source, unfinished)
                size = files.size(source)
                if size not in (None, os.path.getsize(unfinished)):
                    raise OSError(
                        f'{os.path.getsize(unfinished)} of {size} bytes came'
                    )
                # Of the clock that renew() looks at.
                os.utime(unfinished, (time.time(), time.time()))
                os.replace(unfinished, path)
                break
            except Exception as error:
                if isinstance(error, FileNotFoundError) and not _is_there(
                    files, source
                ):
                    raise BrokenMediaError.of(
                        f'{self.url}/{name}',
                        'is not there',
                        'Check the names in ann_file and '
                        "remote=dict(url='...')",
                    ) from error
                if isinstance(error, OSError) and error.errno in _FULL:
                    raise OSError(
                        f'{self.folder}: the disk is full ({error}). Write: '
                        f'{_LINES}'
                    ) from error
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
        limit = self.limit
        is_due = limit is not None and self._unchecked > limit / 20
        if limit is not None and is_due and make_room(self.folder, limit):
            self._unchecked = 0

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


def _is_there(files: Any, source: str) -> bool:
    """What cannot be asked may be there."""
    try:
        return bool(files.exists(source))
    except Exception:
        return True


def _impersonal(options: Mapping[str, Any]) -> str:
    """What of the options says where the files are."""
    parts = []
    for key, value in sorted(options.items()):
        if not _PERSONAL.search(key):
            inner = isinstance(value, Mapping)
            parts.append(f'{key}={_impersonal(value) if inner else value!r}')
    return f'({", ".join(parts)})' if parts else ''
