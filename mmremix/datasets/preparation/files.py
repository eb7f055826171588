"""Files that a preparation writes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mmremix.utils.whole_files import write_whole


def write_atomic(path: str | Path, data: bytes) -> None:
    """Write a file whole, over what a killed run left of it."""
    write_whole(path, data, temporary_of(Path(path)))


def temporary_of(path: Path) -> Path:
    """Where the content of a file stands before it is whole."""
    return path.with_name(f'.{path.name}.tmp')


def sha256(path: str | Path) -> str:
    """Digest of a file."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
