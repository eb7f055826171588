"""Files that are there whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def write_atomic(path: str | Path, data: bytes) -> None:
    """Write a temporary file beside ``path``, sync, then rename it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_of(path)
    with temporary.open('wb') as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def temporary_of(path: Path) -> Path:
    """Where the content of a file stands before it is whole."""
    return path.with_name(f'.{path.name}.tmp')


def csv_bytes(
    columns: Sequence[str], rows: Iterable[Mapping[str, object]]
) -> bytes:
    """CSV with a header and Unix line ends."""
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


def sha256(path: str | Path) -> str:
    """Digest of a file."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
