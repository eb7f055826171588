"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from mmremix.utils.errors import ConfigError


def write_whole(
    path: str | Path, data: bytes, temporary: Path | None = None
) -> None:
    """Write a file so that it is there whole or not at all.

    The data goes to a temporary file in the same folder, to the disk, and
    under its name; what stood there before stays until then.

    Args:
        path: The file; its folder is made if there is none.
        data: All of it.
        temporary: Where the data goes first. What a killed process left
            there is overwritten. Defaults to a name of its own each time,
            ``.<name>.<8 digits>.tmp``.

    Raises:
        OSError: If it cannot be written (full disk, no permission). The
            temporary file is removed, and a file of that name is as before.
    """
    path = Path(path)
    mode = 'xb' if temporary is None else 'wb'
    part = temporary or path.with_name(f'.{path.name}.{uuid4().hex[:8]}.tmp')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open(mode) as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
        _sync_folder(path.parent)
    except BaseException as error:
        remove_quietly(part)
        if isinstance(error, OSError):
            raise OSError(
                error.errno,
                f'{error.strerror}: {path} ({len(data):,} bytes) was not '
                f'written ({_free(path.parent)})',
            ) from error
        raise


def make_folder(folder: str | Path, option: str) -> None:
    """Make a folder, before work whose results shall go there.

    Args:
        folder: The folder; it may be there.
        option: By which to name another, for the message.

    Raises:
        ConfigError: If it cannot be made, or not be written into.
    """
    reason = 'no permission to write there'
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        fits = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        fits, reason = False, str(error.strerror)
    if not fits:
        raise ConfigError(
            f'Nothing can be written into the folder {folder}: {reason}. '
            f'Name another: {option}'
        )


def csv_bytes(
    columns: Sequence[str], rows: Iterable[Mapping[str, object]]
) -> bytes:
    """CSV with a header and Unix line ends, in UTF-8.

    Args:
        columns: The header; other keys of the rows are left out.
        rows: Cells by column; empty where one is missing.
    """
    text = io.StringIO()
    writer = csv.DictWriter(
        text,
        columns,
        restval='',
        extrasaction='ignore',
        lineterminator='\n',
    )
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def remove_quietly(path: Path) -> None:
    """Remove a file; the error that led here says more than a new one."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Bring the new name itself to the disk, where that is possible."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        # Some network file systems cannot; the file itself is synced.
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def _free(folder: Path) -> str:
    try:
        return f'{shutil.disk_usage(folder).free:,} bytes free'
    except OSError as error:
        return f'{folder}: {error.strerror}'
