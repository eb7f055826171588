"""The error for clips that cannot be used, and why a file is none."""

from __future__ import annotations

import os
import stat

_LFS_HEADER = b'version https://git-lfs'
_PULL = "Fetch the file itself with 'git lfs pull'."


class BrokenMediaError(Exception):
    """A clip that cannot be used as asked; names the file and the cause.

    Takes one string only: a worker process of ``DataLoader`` raises its
    error again in the main process as ``type(error)(message)``. Use
    :meth:`of` to write the message.
    """

    @classmethod
    def of(
        cls, path: str | os.PathLike[str], cause: str, hint: str = ''
    ) -> BrokenMediaError:
        """Build the error.

        Args:
            path: The file or folder.
            cause: What is wrong, as the end of a sentence about the file.
            hint: How to put it right, a sentence.
        """
        message = f'{os.fspath(path)}: {cause}.'
        return cls(f'{message} {hint}' if hint else message)


def check_is_file(path: str) -> None:
    """Raise :class:`BrokenMediaError` on a pipe or device.

    To read one may wait for ever, or never end. What is missing is left to
    the one who opens it.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise BrokenMediaError.of(path, 'a pipe or a device, not a file')


def cannot_open(path: str, detail: str) -> BrokenMediaError:
    """Find out why a file cannot be read and build the error.

    Args:
        path: The file.
        detail: What the reader said, used where nothing simpler is found.
    """
    if os.path.isdir(path):
        return BrokenMediaError.of(path, 'a folder, not a media file')
    if not os.path.exists(path):
        return BrokenMediaError.of(path, 'no such file')
    if os.path.getsize(path) == 0:
        return BrokenMediaError.of(path, 'empty (0 bytes)')
    try:
        with open(path, 'rb') as file:
            head = file.read(len(_LFS_HEADER))
    except OSError as error:
        return BrokenMediaError.of(path, f'cannot be read ({error})')
    if head == _LFS_HEADER:
        return BrokenMediaError.of(path, 'a Git LFS pointer', _PULL)
    return BrokenMediaError.of(
        path, f'not readable as media, or cut off ({detail})'
    )
