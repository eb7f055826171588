"""The error for clips that cannot be used."""

from __future__ import annotations

import os


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
