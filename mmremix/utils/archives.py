"""Zip archives (checkpoints, ``.npz``) that claim more than files hold."""

from __future__ import annotations

import zipfile
from pathlib import Path

_FACTOR = 20  # unpacked by packed bytes; of weights it is about 1
_SPARE = 256 * 2**20  # bytes; counts of zeros pack 1,000 to 1
_MOST = 2**20  # entries


def excess(path: str | Path) -> str | None:
    """Why an archive must not be unpacked; None if it may.

    Only its directory is read. The unpacked sizes that it gives are limits
    of what readers take, so a file of 1 MB cannot fill the memory.

    Args:
        path: Zip archive.

    Raises:
        OSError: If the file cannot be read.
        zipfile.BadZipFile: If it is no zip archive.
    """
    size = Path(path).stat().st_size
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if len(entries) > _MOST:
        return f'it has {len(entries):,} entries'
    total = sum(entry.file_size for entry in entries)
    if total <= _FACTOR * size + _SPARE:
        return None
    return (
        f'its {size:,} bytes would unpack to {total:,}, which no file that '
        'a run writes does'
    )
