"""The files of a prepared data set, and those of earlier runs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from mmremix.utils.whole_files import write_whole

CHECKSUMS = 'checksums.sha256'
"""Lists the files of a run, as ``sha256sum -c`` reads it."""


def check_outputs(
    out: str | Path, names: Iterable[str], inputs: Iterable[str] = ()
) -> None:
    """Refuse to write over what these tools did not write.

    Args:
        out: The output folder.
        names: Files that are to be written there.
        inputs: Files that were read.

    Raises:
        ValueError: If a file that was read, or one that no earlier run
            wrote, would be replaced.
    """
    ours = written_before(out)
    read = {os.path.realpath(path) for path in inputs}
    for name in sorted(names):
        path = Path(out, name)
        if os.path.realpath(path) in read:
            raise ValueError(
                f'{path} is read and would be written over. Give another '
                'folder for the results: --out data/prepared'
            )
        if path.is_file() and name not in ours:
            raise ValueError(
                f'{path} is there and no earlier run wrote it. Move it away, '
                'or give another folder for the results: --out data/prepared'
            )


def stale_outputs(out: str | Path, names: Iterable[str]) -> list[str]:
    """Annotations of an earlier run that this one does not write.

    Args:
        out: The output folder.
        names: Files that are to be written there.

    Returns:
        Their names. They are as that run left them and may be removed.

    Raises:
        ValueError: If one was changed since.
    """
    stale = []
    for name, digest in written_before(out).items():
        path = Path(out, name)
        if name in names or path.parent != Path(out) or not path.is_file():
            continue
        if path.suffix != '.csv':
            continue
        if sha256(path) != digest:
            raise ValueError(
                f'{path} is of an earlier run with other options and was '
                'changed since. Move it away, or give another folder for '
                'the results: --out data/prepared'
            )
        stale.append(name)
    return stale


def write_outputs(
    out: str | Path, files: Mapping[str, bytes], media: Iterable[str] = ()
) -> list[str]:
    """Write the files of a run, so that a kill leaves no doubt.

    First stale annotations go, then the checksums are written, then the
    files, each whole or not at all: ``sha256sum -c`` passes only if a run
    came to its end.

    Args:
        out: The output folder.
        files: Content of each file.
        media: Files, relative to ``out``, whose checksums are kept too.

    Returns:
        Names of the stale annotations that were removed.
    """
    out = Path(out)
    stale = stale_outputs(out, files)
    for name in stale:
        (out / name).unlink()
    for name in {*files, *written_before(out), CHECKSUMS}:
        if '/' not in name:  # else it is a clip
            # Of a killed run.
            temporary_of(out / name).unlink(missing_ok=True)
    sums = {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    sums |= {name: sha256(out / name) for name in sorted(media)}
    lines = ''.join(f'{digest}  {name}\n' for name, digest in sums.items())
    write_atomic(out / CHECKSUMS, lines.encode())
    for name, data in files.items():
        write_atomic(out / name, data)
    return stale


def written_before(out: str | Path) -> dict[str, str]:
    """Digests of the files that an earlier run wrote."""
    path = Path(out, CHECKSUMS)
    if not path.is_file():
        return {}
    lines = path.read_text('utf-8', errors='replace').splitlines()
    pairs = (line.split('  ', 1) for line in lines if '  ' in line)
    return {name: digest for digest, name in pairs}


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
