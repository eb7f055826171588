"""Accuracies as bars, each below its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmremix.report.epoch_charts import percent
from mmremix.report.labels import wrapped
from mmremix.report.picture import Mark, Path, Picture, Rect, Text
from mmremix.report.plot import WIDTH
from mmremix.report.run_group import Spread

_LEFT, _RIGHT = 4.0, WIDTH - 44.0
_LINE, _BAR = 14, 11
_CELLS = 52


@dataclass(frozen=True)
class Bar:
    """A value between 0 and 1, and another beside it.

    Attributes:
        name: Written above it.
        value: Drawn as a bar.
        other: Drawn as a frame.
    """

    name: str
    value: Spread
    other: Spread


def bar_chart(
    title: str, bars: Sequence[Bar], reference: float | None = None
) -> Picture:
    """Level bars on a scale from 0 to 100 per cent.

    Args:
        title: For screen readers.
        bars: From top to bottom.
        reference: Where a dashed line stands.
    """
    marks: list[Mark] = []
    foot = 4.0
    for bar in bars:
        for line in wrapped(bar.name, _CELLS):
            foot += _LINE
            marks.append(Text('', _LEFT, foot - 2, line))
        says = (
            f'{bar.name}: fused {percent(bar.value.mean)}, sum of heads '
            f'{percent(bar.other.mean)}'
        )
        for look, spread in (('bar', bar.value), ('outline', bar.other)):
            # Half a pixel in, so that frames are sharp.
            y = foot + 3.5
            width = _at(spread.mean) - _LEFT
            said = says if look == 'bar' else ''
            size = (_LEFT, y, width, float(_BAR))
            marks.append(Rect(f'{look} s0', *size, says=said))
            value = percent(spread.mean)
            marks.append(Text('tick end', WIDTH - 4, y + 9, value))
            if spread.runs > 1:
                ends = [_at(spread.low), _at(spread.high)]
                middle = y + _BAR / 2
                marks.append(Path('gap', [(end, middle) for end in ends]))
            foot += _BAR + 4
        if reference is not None:
            x = _at(reference)
            top = foot - 2 * (_BAR + 4)
            marks.append(Path('reference', [(x, top), (x, foot + 3)]))
        foot += 8
    for quarter in range(5):
        place = _at(quarter / 4), foot + 14
        kind = 'tick' if not quarter else 'tick mid'
        marks.append(Text(kind, *place, percent(quarter / 4)))
    return Picture(title, WIDTH, foot + 20, marks)


def _at(value: float) -> float:
    return _LEFT + value * (_RIGHT - _LEFT)
