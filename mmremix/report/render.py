"""Draw pictures: as SVG for the page, with matplotlib for files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle as DrawnCircle
from matplotlib.patches import Polygon, Rectangle

from mmremix.report.fonts import font_families
from mmremix.report.labels import without_isolates
from mmremix.report.picture import Circle, Mark, Path, Picture, Rect, Text

# Light and dark. The colours of s1 to s5 differ in lightness too, and stay
# apart for colour-blind readers; lines and bars have their names beside them.
COLOURS = {
    'paper': ('#fff', '#15171a'),
    'ink': ('#1c1e21', '#e8eaed'),
    'soft': ('#595f69', '#a3a9b3'),
    'rule': ('#d9dce1', '#363b43'),
    'panel': ('#f6f7f9', '#1e2126'),
    's0': ('#1c1e21', '#e8eaed'),
    's1': ('#0060a8', '#6cb6ff'),
    's2': ('#b34700', '#ff9d57'),
    's3': ('#00725a', '#5fd3a9'),
    's4': ('#8f3a78', '#f29ad1'),
    's5': ('#6b5b00', '#d9c75c'),
}
_OWN = 'c'  # the colour s0 to s5 that the kind of a mark names


@dataclass(frozen=True)
class Look:
    """How a kind of mark looks.

    Attributes:
        fill: A name in :data:`COLOURS`, or ``c`` for the mark's own.
        stroke: The same, of its outline.
        width: Of the outline, pixels.
        opacity: Of the filling.
        dash: Pixels drawn and left out; 0 draws all.
        size: Of text, pixels.
        weight: Of text.
    """

    fill: str = ''
    stroke: str = ''
    width: float = 1
    opacity: float = 1
    dash: int = 0
    size: int = 12
    weight: int = 400


LOOKS = {
    '': Look('ink'),
    'tick': Look('soft', size=11),
    'name': Look(_OWN, weight=600),
    'initial': Look('paper', size=10, weight=700),
    'grid': Look(stroke='rule'),
    'reference': Look(stroke='soft', dash=3),
    'gap': Look(stroke='soft', width=3),
    'shade': Look('panel'),
    'frame': Look('panel'),
    'line': Look(stroke=_OWN, width=2),
    'line.s0': Look(stroke=_OWN, width=2.75),
    'dashed': Look(stroke=_OWN, width=2, dash=7),
    'dotted': Look(stroke=_OWN, width=2, dash=2),
    'outline': Look(stroke=_OWN, width=1.5),
    'band': Look(_OWN, opacity=0.18),
    'bar': Look(_OWN),
    'dot': Look(_OWN),
    'cell': Look(_OWN),
    'hill': Look(_OWN, stroke=_OWN, width=1.25, opacity=0.3),
    'wave': Look('ink'),
    'hit': Look('ink', opacity=0),
}
"""By the first word of a mark's kind; ``line.s0`` is for both words."""

COLUMN = 3.4  # inches; a column of a paper
_POINTS = 72
# Of matplotlib's font, whose letters are wider than those of screens.
_NARROWER = 0.88


def svg(picture: Picture, attributes: str = '') -> str:
    """A picture for the page, whose style sheet has its looks.

    Args:
        picture: What to draw.
        attributes: More of the ``svg`` element.
    """
    return (
        f'<svg {attributes}viewBox="0 0 {picture.width:g} '
        f'{picture.height:g}" role="img" '
        f'aria-label="{escape(picture.title)}">'
        f'{"".join(map(_element, picture.marks))}</svg>'
    )


def style_sheet() -> str:
    """The looks as CSS."""
    rules = []
    for name, look in LOOKS.items():
        said = []
        if name in ('', 'tick', 'name', 'initial'):
            said.append(
                f'font:{look.weight} {look.size}px system-ui,sans-serif'
            )
        said.append(f'fill:{_variable(look.fill)}')
        if look.fill and look.opacity != 1:
            said.append(f'fill-opacity:{look.opacity:g}')
        if look.stroke:
            said.append(f'stroke:{_variable(look.stroke)}')
            said.append(f'stroke-width:{look.width:g};stroke-linejoin:round')
        if look.dash:
            said.append(f'stroke-dasharray:{look.dash} {look.dash}')
        where = f'svg .{name}' if name else 'svg text'
        rules.append(f'{where}{{{";".join(said)}}}')
    rules.append('svg .mid{text-anchor:middle}svg .end{text-anchor:end}')
    rules += [f'.s{i}{{--c:var(--s{i})}}' for i in range(6)]
    return '\n'.join(rules)


def draw(picture: Picture) -> Figure:
    """A picture in light colours, a column of a paper wide."""
    scale = COLUMN / picture.width
    figure = Figure((COLUMN, scale * picture.height))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, picture.width), ylim=(picture.height, 0))
    axes.axis('off')
    for order, mark in enumerate(picture.marks):
        _draw_mark(axes, mark, scale * _POINTS, order)
    return figure


def _variable(colour: str) -> str:
    return f'var(--{colour})' if colour else 'none'


def _look(kind: str) -> Look:
    words = kind.split()
    first = words[0] if words else ''
    return LOOKS.get('.'.join(words)) or LOOKS.get(first) or LOOKS['']


def _element(mark: Mark) -> str:
    """A mark as SVG."""
    kind = f'class="{mark.kind}"'
    if isinstance(mark, Path):
        points = 'L'.join(f'{x:.7g},{y:.7g}' for x, y in mark.points)
        return f'<path {kind} d="M{points}{"Z" * mark.closed}"/>'
    if isinstance(mark, Circle):
        return (
            f'<circle {kind} cx="{mark.x:g}" cy="{mark.y:g}" '
            f'r="{mark.radius:g}"/>'
        )
    if isinstance(mark, Rect):
        more = ''
        if mark.opacity is not None:
            more += f' fill-opacity="{mark.opacity:.3f}"'
        if mark.says:
            more += f' data-t="{escape(mark.says)}"'
        return (
            f'<rect {kind} x="{mark.x:.2f}" y="{mark.y:.2f}" '
            f'width="{mark.width:.2f}" height="{mark.height:.2f}"{more}/>'
        )
    place = f'x="{mark.x:.1f}" y="{mark.y:.1f}"'
    if mark.turned:
        place = f'transform="translate({mark.x:.1f} {mark.y:.1f}) rotate(-90)"'
    if mark.size is not None:
        place += f' style="font-size:{mark.size:.1f}px"'
    return f'<text {kind} {place}>{escape(mark.words)}</text>'


def _draw_mark(axes: Axes, mark: Mark, points: float, order: int) -> None:
    """Draw a mark; ``points`` are those of a pixel."""
    look = _look(mark.kind)
    own = re.search(r'\bs\d\b', mark.kind)

    def colour(name: str, opacity: float = 1.0) -> tuple[str, float]:
        name = own[0] if name == _OWN and own else name
        return (COLOURS[name][0], opacity) if name in COLOURS else ('w', 0.0)

    if isinstance(mark, Text):
        kinds = mark.kind.split()
        size = (mark.size or look.size) * points * _NARROWER
        axes.text(
            *(mark.x, mark.y, without_isolates(mark.words)),
            fontfamily=font_families(mark.words),
            color=colour(look.fill),
            fontsize=size,
            # Only two weights are at hand.
            fontweight='bold' if look.weight > 400 else 'normal',
            horizontalalignment=(
                'center'
                if 'mid' in kinds
                else 'right'
                if 'end' in kinds
                else 'left'
            ),
            verticalalignment='baseline',
            rotation=90 if mark.turned else 0,
            rotation_mode='anchor',
            parse_math=False,  # names may hold dollar signs
            zorder=order,
        )
        return
    opacity = look.opacity
    if isinstance(mark, Rect) and mark.opacity is not None:
        opacity = mark.opacity
    options: dict[str, Any] = {
        'facecolor': colour(look.fill, opacity),
        'edgecolor': colour(look.stroke),
        'linewidth': look.width * points if look.stroke else 0.0,
        'linestyle': (0, (look.dash, look.dash)) if look.dash else '-',
        'zorder': order,
    }
    if isinstance(mark, Path):
        axes.add_patch(
            Polygon(list(mark.points), closed=mark.closed, **options)
        )
    elif isinstance(mark, Circle):
        axes.add_patch(DrawnCircle((mark.x, mark.y), mark.radius, **options))
    else:
        axes.add_patch(
            Rectangle((mark.x, mark.y), mark.width, mark.height, **options)
        )
