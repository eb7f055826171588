"""A picture as a list of marks; what draws it is in ``render``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Point = tuple[float, float]


@dataclass(frozen=True)
class Path:
    """A line through points, or the area inside it.

    Attributes:
        kind: Its look, and the colour of a prediction: see
            :data:`~mmremix.report.render.LOOKS`.
        points: Pixels from the left and from the top.
        closed: Whether the last is joined to the first.
    """

    kind: str
    points: Sequence[Point]
    closed: bool = False


@dataclass(frozen=True)
class Rect:
    """A rectangle.

    Attributes:
        kind: As of :class:`Path`.
        x: Pixels from the left to its left side.
        y: Pixels from the top to its upper side.
        width: Pixels.
        height: Pixels.
        opacity: Of its filling; None is that of its look.
        says: What is read out when it is touched.
    """

    kind: str
    x: float
    y: float
    width: float
    height: float
    opacity: float | None = None
    says: str = ''


@dataclass(frozen=True)
class Circle:
    """A filled circle of ``radius`` pixels around ``x``, ``y``."""

    kind: str
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Text:
    """A line of text.

    Attributes:
        kind: Its look; ``mid`` and ``end`` say which part stands at ``x``.
        x: Pixels from the left.
        y: Pixels from the top to the foot of the letters.
        words: The text.
        size: Pixels; None is that of its look.
        turned: Whether it is read from below.
    """

    kind: str
    x: float
    y: float
    words: str
    size: float | None = None
    turned: bool = False


Mark = Path | Rect | Circle | Text


@dataclass
class Picture:
    """Marks, each over those before it.

    Attributes:
        title: For screen readers.
        width: Pixels.
        height: Pixels.
        marks: What is drawn.
    """

    title: str
    width: float
    height: float
    marks: list[Mark] = field(default_factory=list)
