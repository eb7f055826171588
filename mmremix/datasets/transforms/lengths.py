"""What transforms say of clips that are shorter or longer than they ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Length(NamedTuple):
    """How much a clip had, and how much a transform asked for.

    Attributes:
        transform: Its name.
        argument: The one that asks.
        wanted: Its value.
        found: What the clip has, in the same unit.
        unit: Seconds of 1; None if it is a number of pictures.
        filled: What the rest becomes, such as ``'padding'``.
    """

    transform: str
    argument: str
    wanted: float
    found: float
    unit: float | None
    filled: str


_watching: ContextVar[list[Length] | None] = ContextVar(
    '_watching', default=None
)


@contextmanager
def watch_lengths() -> Iterator[list[Length]]:
    """Collect what transforms report within; else nobody listens."""
    found: list[Length] = []
    token = _watching.set(found)
    try:
        yield found
    finally:
        _watching.reset(token)


def report_length(
    transform: object,
    argument: str,
    found: float,
    *,
    unit: float | None,
    filled: str,
) -> None:
    """Say how much a clip has of what a transform's argument asks for.

    Args:
        transform: The transform itself.
        argument: The name of the argument, also of the attribute.
        found: What the clip has, in the same unit.
        unit: Seconds of 1; None if it is a number of pictures.
        filled: What the rest of the result becomes.
    """
    listener = _watching.get()
    if listener is not None:
        wanted = float(getattr(transform, argument))
        name = type(transform).__name__
        listener.append(Length(name, argument, wanted, found, unit, filled))
