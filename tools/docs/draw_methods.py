"""Draw docs/_static/methods.svg: what each balancing method acts on.

.. code-block:: shell

    python tools/docs/draw_methods.py
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

TARGET = Path(__file__).parents[2] / 'docs' / '_static' / 'methods.svg'
# In the order in which a run comes to them.
PLACES = (
    ('plan', 'which samples, with', 'which modalities'),
    ('features', 'between encoders', 'and fusion'),
    ('losses', 'which terms, with', 'which weights'),
    ('gradients', 'between backward', 'and step'),
    ('weights', 'between epochs,', 'of the encoders'),
)
METHODS = {
    'Data Remixing': ('plan',),
    'Resample (SMV)': ('plan',),
    'Every modality': ('plan',),
    'ReconBoost': ('plan', 'losses'),
    'MLA': ('plan', 'gradients'),
    'OPM': ('features',),
    'DGL': ('features',),
    'Modality dropout': ('features',),
    'OGM-GE': ('features', 'gradients'),
    'AGM': ('losses',),
    'PMR': ('losses',),
    'UMT': ('losses',),
    'Gradient-Blend': ('losses',),
    'MMPareto': ('gradients',),
    'InfoReg': ('gradients',),
    'Greedy': ('gradients',),
    'Diagnosing & Re-learning': ('weights',),
}
_WIDTH, _LEFT, _TOP, _ROW = 132, 176, 96, 24


def draw() -> str:
    """The picture: a column a place, a row a method, a dot where it acts."""
    width = _LEFT + _WIDTH * len(PLACES) + 14
    height = _TOP + _ROW * len(METHODS) + 14
    said = '; '.join(
        f'{name}: {" and ".join(places)}' for name, places in METHODS.items()
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} '
        f'{height}" role="img" aria-labelledby="title desc">',
        '<title id="title">What each balancing method acts on</title>',
        f'<desc id="desc">{escape(said)}.</desc>',
        '<style>text { font: 12px sans-serif; fill: #1f2630 } .t { '
        'font-weight: bold; font-size: 13.5px } .s { font-size: 11px; fill: '
        '#4a525c } .m { text-anchor: middle } .r { text-anchor: end } .band '
        '{ fill: #eef1f5 } .box { fill: #fff; stroke: #3b4450 } path { fill: '
        'none; stroke: #3b4450; stroke-width: 1.4 } circle { fill: #b3400c } '
        '.l { stroke: #b3400c; stroke-width: 2 }</style>',
        '<rect width="100%" height="100%" rx="8" fill="#fff"/>',
    ]
    for k, (name, *what) in enumerate(PLACES):
        x = _LEFT + k * _WIDTH
        middle = x + (_WIDTH - 14) / 2
        lines.append(
            f'<rect class="box" x="{x}" y="14" width="{_WIDTH - 14}" '
            'height="66" rx="5"/>'
        )
        lines.append(f'<text class="t m" x="{middle}" y="34">{name}</text>')
        lines += [
            f'<text class="s m" x="{middle}" y="{52 + 14 * i}">{text}</text>'
            for i, text in enumerate(what)
        ]
        if k:
            lines.append(f'<path d="M{x - 14} 47L{x} 47"/>')
    columns = [name for name, *_ in PLACES]
    for row, (name, places) in enumerate(METHODS.items()):
        y = _TOP + row * _ROW
        if row % 2 == 0:
            lines.append(
                f'<rect class="band" x="8" y="{y}" width="{width - 16}" '
                f'height="{_ROW}"/>'
            )
        lines.append(
            f'<text class="r" x="{_LEFT - 12}" y="{y + 16}">'
            f'{escape(name)}</text>'
        )
        dots = [
            _LEFT + columns.index(p) * _WIDTH + (_WIDTH - 14) / 2
            for p in places
        ]
        if len(dots) > 1:
            line = f'M{dots[0]} {y + 12}L{dots[-1]} {y + 12}'
            lines.append(f'<path class="l" d="{line}"/>')
        lines += [f'<circle cx="{x}" cy="{y + 12}" r="6"/>' for x in dots]
    return '\n'.join([*lines, '</svg>', ''])


if __name__ == '__main__':
    TARGET.write_text(draw(), encoding='utf-8')
    print(TARGET)
