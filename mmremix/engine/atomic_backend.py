"""mmengine file backends that never leave half a checkpoint."""

from __future__ import annotations

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from mmremix.utils.whole_files import write_whole

NAME = 'mmremix.atomic'
"""What ``backend_args=dict(backend=...)`` takes."""


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


register_backend(NAME, AtomicLocalBackend, force=True)
