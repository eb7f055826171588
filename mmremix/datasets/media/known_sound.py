"""What opening a file for its sound found out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import InputContainer

Facts = tuple[Any, ...]

# By path, size and time of change; None where headers cannot be relied on.
_known: dict[tuple[str, int, int], Facts | None] = {}
_MOST = 2**20


class KnownSound:
    """Whether the headers of an MP4 file do for its sound.

    About half of the time that opening takes goes to decoding the first
    packets, for what the headers say as well. They are believed where a first
    opening, with decoding, has found the same.

    Args:
        path: The file.

    Attributes:
        facts: What the first opening found. None if there was none, or if the
            headers say something else.
    """

    def __init__(self, path: str) -> None:
        self._identity: tuple[str, int, int] | None = None
        try:
            state = os.stat(path)
        except OSError:
            pass  # opening it says why
        else:
            self._identity = path, state.st_size, state.st_mtime_ns
        self.facts: Facts | None = None
        if self._identity is not None:
            self.facts = _known.get(self._identity)

    def learn(self, container: InputContainer) -> None:
        """Note what an opening with decoding found, the first time."""
        if self._identity is not None and len(_known) < _MOST:
            is_mp4 = container.format.name.startswith('mov')
            _known.setdefault(
                self._identity, _facts(container) if is_mp4 else None
            )

    def matches(self, container: InputContainer) -> bool:
        """Whether headers alone say the same; else never again."""
        if self.facts == _facts(container):
            return True
        if self._identity is not None:
            _known[self._identity] = None
        return False


def _facts(container: InputContainer) -> Facts | None:
    """All that is read of the first sound beside its packets."""
    streams = container.streams.audio
    if not streams or streams[0].codec_context is None:
        return None
    stream = streams[0]
    context = stream.codec_context
    return (
        *(container.start_time, container.duration, stream.index),
        *(stream.time_base, stream.start_time, stream.duration),
        *(context.name, context.extradata, context.sample_rate),
        *(stream.rate, context.channels),
    )
