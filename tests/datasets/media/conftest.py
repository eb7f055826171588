"""Fixtures that look at what the readers do with a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mmremix.datasets.media import container as containers


class CountingContainer:
    """Passes everything on and counts what can be decoded, by stream."""

    def __init__(self, container: Any, packets: Counter[str]) -> None:
        self._container = container
        self._packets = packets

    def __getattr__(self, name: str) -> Any:
        if name == 'decode':
            raise AssertionError('packets must go through demux')
        return getattr(self._container, name)

    def demux(self, *streams: Any) -> Iterator[Any]:
        for packet in self._container.demux(*streams):
            if packet.size:
                self._packets[packet.stream.type] += 1
            yield packet


@pytest.fixture
def packets(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Number of packets handed out since, by ``'video'`` and ``'audio'``."""
    counter: Counter[str] = Counter()
    original = containers.open_container

    @contextmanager
    def counting(
        path: str, kind: str | None = None
    ) -> Iterator[CountingContainer]:
        counter['files'] += 1
        with original(path, kind) as container:
            yield CountingContainer(container, counter)

    monkeypatch.setattr(containers, 'open_container', counting)
    return counter
