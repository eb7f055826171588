"""Draw who learns what: each modality alone, in joint training, with Remix.

``tools/docs/make_results.py`` writes it to docs/_static/who_learns.svg.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from xml.sax.saxutils import escape

from mmremix.study.choose import chosen_runs, newest
from mmremix.study.records import DONE, Record

ALONE, JOINT, REMIX = 'trained alone', 'in joint training', 'with Remix'
_MARKS = {ALONE: 'alone', JOINT: 'joint', REMIX: 'remix'}
TITLES = {
    'demo_clips': 'Demo clips',
    'digits': 'Spoken and written digits',
    'digits_all': 'Spoken and written digits',
    'digits_tenth': 'Digits, a tenth',
    'handwritten': 'Handwritten digits, six views',
    'handwritten_last': 'Six views, a tenth',
    'letters': 'GRID letters',
    'letters_fresh': 'GRID letters, fresh noise',
    'utd': 'UTD-MHAD, actions',
    'utd_long': 'UTD-MHAD, actions',
    'utd_two': 'UTD-MHAD without depth',
}
FUSED = 'all together'
_PLAIN = ('full', 'all', 'last', 'long', 'tenth', 'three')
_COLUMNS, _WIDTH, _LEFT, _ROW, _TOP, _HEAD = 3, 310, 92, 40, 74, 34
_BAR = 10


@dataclass(frozen=True)
class Panel:
    """A setting.

    Attributes:
        setting: Study and variant.
        rows: By modality, and last by the fused prediction: test accuracy,
            mean over seeds, by how it was trained.
    """

    setting: str
    rows: Mapping[str, Mapping[str, float]]


def panels(records: Sequence[Record]) -> list[Panel]:
    """The settings in which each modality was also trained alone."""
    places: dict[str, list[Record]] = defaultdict(list)
    for record in newest(records):
        places[f'{record["study"]}/{record["setting"]}'].append(record)
    found = []
    for setting, group in sorted(places.items()):
        alone = {
            r['modality']: r['method'] for r in group if r.get('modality')
        }
        joint = _accuracies(group, 'joint')
        if not alone or not joint:
            continue
        remix = _accuracies(group, 'remix')
        rows = {}
        for name in joint:
            if name in alone:
                own = _accuracies(group, alone[name])
                rows[name] = _known(
                    {
                        ALONE: own.get('fusion'),
                        JOINT: joint[name],
                        REMIX: remix.get(name),
                    }
                )
        rows[FUSED] = _known(
            {JOINT: joint['fusion'], REMIX: remix.get('fusion')}
        )
        found.append(Panel(setting, rows))
    return found


def _accuracies(records: Sequence[Record], method: str) -> dict[str, float]:
    """Mean test accuracy of every prediction, at the chosen rate."""
    chosen = chosen_runs([r for r in records if r['method'] == method])
    tests = [r['accuracy']['test'] for r in chosen if r['status'] == DONE]
    names = (
        [n for n in tests[0] if all(n in t for t in tests)] if tests else []
    )
    return {name: fmean(test[name] for test in tests) for name in names}


def _known(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: v for name, v in values.items() if v is not None}


def table(found: Sequence[Panel]) -> list[str]:
    """The same figures as lines of Markdown."""
    ways = (ALONE, JOINT, REMIX)
    lines = [
        f'| setting | modality | {" | ".join(ways)} |',
        f'|{"---|" * (2 + len(ways))}',
    ]
    for panel in found:
        for name, values in panel.rows.items():
            cells = [
                f'{100 * values[w]:.1f}' if w in values else '' for w in ways
            ]
            lines.append(f'| {panel.setting} | {name} | {" | ".join(cells)} |')
    return lines


def draw(found: Sequence[Panel]) -> str:
    """The picture: a panel a setting, a row a modality, a bar a training.

    It brings its own ground, so that it is legible on any page.
    """
    # Of like depth side by side, so that little room is left below them.
    found = sorted(found, key=lambda panel: len(panel.rows))
    lines = [found[i : i + _COLUMNS] for i in range(0, len(found), _COLUMNS)]
    tops = [_TOP]
    for line in lines:
        tops.append(tops[-1] + _HEAD + _ROW * len(line[-1].rows) + 42)
    width = _WIDTH * max(1, min(len(found), _COLUMNS)) + 20
    height = tops[-1]
    said = '; '.join(
        f'{title(p.setting)}: '
        + ', '.join(
            f'{name} '
            + ' '.join(f'{way} {100 * v:.0f} %' for way, v in values.items())
            for name, values in p.rows.items()
        )
        for p in found
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} '
        f'{height}" role="img" aria-labelledby="title desc">',
        '<title id="title">Who learns what</title>',
        f'<desc id="desc">Test accuracy. {escape(said)}.</desc>',
        _STYLE,
        f'<rect class="ground" width="{width}" height="{height}" rx="8"/>',
        '<text class="t" x="16" y="28">What each modality learns</text>',
        *_legend(width),
    ]
    for line, y in zip(lines, tops, strict=False):
        for i, panel in enumerate(line):
            parts += _draw_panel(panel, 10 + _WIDTH * i, y)
    return '\n'.join([*parts, '</svg>', ''])


_STYLE = (
    '<style>text { font: 13px sans-serif; fill: #1f2630 } .t { font-weight: '
    'bold; font-size: 16px } .h { font-weight: bold } .s { font-size: 11px; '
    'fill: #4a525c } .m { text-anchor: middle } .e { text-anchor: end } '
    '.n { font-size: 10px } '
    '.ground { fill: #fff; stroke: #d0d7de } .grid { stroke: #d8dee4 } '
    '.alone { fill: #fff; stroke: #1f2630 } .joint { fill: #0b5cad } '
    '.remix { fill: #c4500a } @media (prefers-color-scheme: dark) { text { '
    'fill: #e6edf3 } .s { fill: #b1bac4 } .ground { fill: #161b22; stroke: '
    '#30363d } .grid { stroke: #30363d } .alone { fill: #161b22; stroke: '
    '#e6edf3 } .joint { fill: #58a6ff } .remix { fill: #f0883e } }</style>'
)


def title(setting: str) -> str:
    study, _, variant = setting.partition('/')
    name = TITLES.get(study, study)
    return name if variant in _PLAIN else f'{name} ({variant})'


def _legend(width: int) -> list[str]:
    parts = []
    x = 16
    for way, mark in _MARKS.items():
        parts += [
            f'<rect class="{mark}" x="{x}" y="43" width="24" '
            f'height="{_BAR}"/>',
            f'<text x="{x + 32}" y="52">{way}</text>',
        ]
        x += 60 + 7 * len(way)
    if width > 800:
        parts.append(
            f'<text class="s e" x="{width - 16}" y="52">test accuracy in %, '
            'mean over seeds</text>'
        )
    return parts


def _draw_panel(panel: Panel, x: int, y: int) -> list[str]:
    right = x + _WIDTH - 24
    bottom = y + _HEAD + _ROW * len(panel.rows)

    def at(value: float) -> float:
        return round(x + _LEFT + value * (right - x - _LEFT), 1)

    parts = [
        f'<text class="h" x="{x + 6}" y="{y + 18}">'
        f'{escape(title(panel.setting))}</text>'
    ]
    for tick in (0, 25, 50, 75, 100):
        tx = at(tick / 100)
        parts += [
            f'<line class="grid" x1="{tx}" x2="{tx}" y1="{y + _HEAD - 6}" '
            f'y2="{bottom}"/>',
            f'<text class="s m" x="{tx}" y="{bottom + 15}">{tick}</text>',
        ]
    for i, (name, values) in enumerate(panel.rows.items()):
        top = y + _HEAD + _ROW * i
        style = ' class="h e"' if name == FUSED else ' class="e"'
        parts.append(
            f'<text{style} x="{x + _LEFT - 8}" y="{top + 19}">'
            f'{escape(name)}</text>'
        )
        for k, (way, mark) in enumerate(_MARKS.items()):
            if way not in values:
                continue
            value, bar = values[way], top + (_BAR + 1) * k
            parts += [
                f'<rect class="{mark}" x="{at(0)}" y="{bar}" '
                f'width="{round(at(value) - at(0), 1)}" height="{_BAR}"/>',
                f'<text class="n" x="{at(value) + 4}" y="{bar + 9}">'
                f'{100 * value:.0f}</text>',
            ]
    return parts
