"""Where an axis has labels."""

from __future__ import annotations

import math


def ticks(low: float, high: float, number: int = 5) -> list[float]:
    """Round values that cover a range in about so many steps."""
    if not high > low:
        return [low]
    raw = (high - low) / number
    power = 10 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def whole_ticks(low: float, high: float, number: int = 6) -> list[float]:
    """The same in whole numbers, for epochs."""
    return [v for v in ticks(low, high, number) if v == int(v)]
