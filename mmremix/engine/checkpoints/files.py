"""Checkpoint files that are whole or not there, and how to tell.

mmengine writes and removes files through a backend; those here never leave
half a file, and let removals wait.
"""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from mmremix.utils.archives import excess
from mmremix.utils.errors import MmremixError
from mmremix.utils.whole_files import remove_quietly, write_whole

ATOMIC = 'mmremix.atomic'
"""What ``backend_args=dict(backend=...)`` takes."""

LAST = 'last_checkpoint'
"""The text file in the work directory that names the newest checkpoint."""

_LFS = b'version https://git-lfs'


class DamagedCheckpointError(MmremixError, RuntimeError):
    """A checkpoint file that is cut off or not what was written."""


class CheckpointNotSavedError(MmremixError, OSError):
    """A checkpoint that could not be written; the one before it stays."""


class AtomicLocalBackend(LocalBackend):
    """Local files, written whole or not at all.

    Example::

        backend_args = dict(backend='mmremix.atomic')
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes; a file that stands there stays until they are safe.

        Raises:
            OSError: If they cannot be written.
        """
        write_whole(filepath, obj)

    def put_text(
        self, obj: str, filepath: str | Path, encoding: str = 'utf-8'
    ) -> None:
        """Write text; see :meth:`put`."""
        write_whole(filepath, obj.encode(encoding))


class RemovalList(AtomicLocalBackend):
    """Notes which files to remove instead of removing them.

    mmengine removes the best checkpoint so far before it writes the next.

    Attributes:
        names: Of the files, without their folder.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    def remove(self, filepath: str | Path) -> None:
        """Note a file."""
        self.names.append(Path(filepath).name)


def remove_unfinished(folder: str | Path) -> list[Path]:
    """Remove what a killed ``write_whole`` left of the files of a run."""
    left = sorted(Path(folder).glob('.*.*.tmp'))
    names = re.compile(rf'\.(.+\.pth|.+\.npz|{LAST})\.[0-9a-f]{{8}}\.tmp')
    left = [path for path in left if names.fullmatch(path.name)]
    for path in left:
        remove_quietly(path)
    return left


def damage(path: str | Path) -> str | None:
    """What is wrong with a checkpoint file, without loading it.

    ``torch.save`` writes a zip archive with a checksum for every record.
    torch itself does not compare them (2.14.1 loads a file with a flipped
    bit), so this does.

    Returns:
        ``None`` for a file that is as it was written (or from before torch
        1.6, which had no checksums). One that would unpack to far more than
        its size counts as damaged, and is not unpacked.
    """
    try:
        with open(path, 'rb') as stream:
            head = stream.read(len(_LFS))
    except FileNotFoundError:
        return 'it is missing'
    except OSError as error:
        return f'it cannot be read ({error.strerror})'
    if not head:
        return 'it is empty'
    if head == _LFS:
        return 'it is a Git LFS pointer, not the file itself; git lfs pull'
    if head.startswith(b'\x80'):
        return None
    try:
        # Before the checksums are compared, for which all is unpacked.
        return excess(path) or _bad_record(path)
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        RuntimeError,
        OSError,
        EOFError,
    ) as error:
        return f'it is cut off or overwritten ({error})'


def _bad_record(path: str | Path) -> str | None:
    with zipfile.ZipFile(path) as archive:
        # torch.serialization.set_crc32_options(False) writes zeros.
        if not any(record.CRC for record in archive.infolist()):
            return None
        name = archive.testzip()
    return None if name is None else f'{name} does not match its checksum'


def numbered(folder: str | Path, template: str) -> dict[int, Path]:
    """The checkpoints of a folder by epoch (or iteration), newest first.

    Args:
        folder: Where they are.
        template: Their names, with ``{}`` for the number.
    """
    start, end = (re.escape(part) for part in template.split('{}'))
    name = re.compile(rf'{start}(\d+){end}')
    found = {
        int(match[1]): path
        for path in (Path(folder).iterdir() if os.path.isdir(folder) else ())
        if (match := name.fullmatch(path.name)) and path.is_file()
    }
    return dict(sorted(found.items(), reverse=True))


def intact_beside(path: str | Path) -> list[Path]:
    """The undamaged checkpoints in the folder of a file, newest first."""
    found = [
        other
        for other in Path(path).parent.glob('*.pth')
        if other != Path(path) and damage(other) is None
    ]
    return sorted(found, key=lambda p: (p.stat().st_mtime, p), reverse=True)


def newest_intact(
    work_dir: str | Path, folder: str | Path, template: str
) -> tuple[Path | None, list[str]]:
    """The checkpoint to resume from.

    It is the one that ``last_checkpoint`` names, or, if that is damaged, the
    newest undamaged one before it. Newer files than it names are of another
    run. Without a readable ``last_checkpoint`` it is the newest of all.

    Args:
        work_dir: Where ``last_checkpoint`` is.
        folder: Where the checkpoints are.
        template: Their names, with ``{}`` for the number.

    Returns:
        The file, ``None`` if there is no checkpoint at all, and what was
        passed over and why.

    Raises:
        DamagedCheckpointError: If there are checkpoints, all damaged.
    """
    by_number = numbered(folder, template)
    candidates, notes = list(by_number.values()), []
    try:
        name = Path(work_dir, LAST).read_text(encoding='utf-8').strip()
    except (FileNotFoundError, UnicodeDecodeError):
        name = ''
    if name:
        # Beside it first: a copied work directory still names the original.
        named = Path(folder, Path(name).name)
        named = named if named.exists() else Path(name)
        number = next(
            (n for n, p in by_number.items() if p == named),
            _number_in(named.name, template),
        )
        older = [p for n, p in by_number.items() if n < number]
        candidates = [named, *older]
    elif candidates:
        notes.append(f'there is no {LAST} (or an empty one) in {work_dir}')
    for candidate in candidates:
        reason = damage(candidate)
        if reason is None:
            return candidate, notes
        notes.append(f'{candidate} is damaged: {reason}')
    if not candidates:
        return None, notes
    raise DamagedCheckpointError(
        'Cannot resume, no checkpoint is intact:\n  '
        + '\n  '.join(notes)
        + '\nTo start anew, give another --work-dir, or remove these files '
        f'and {Path(work_dir, LAST)}.'
    )


def _number_in(name: str, template: str) -> float:
    start, end = template.split('{}')
    number = name.removeprefix(start).removesuffix(end)
    return int(number) if number.isdecimal() else float('inf')


register_backend(ATOMIC, AtomicLocalBackend, force=True)
