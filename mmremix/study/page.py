"""A study as one HTML page, with a picture of each setting."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mmremix.report.picture import Circle, Mark, Path, Picture, Text
from mmremix.report.render import svg
from mmremix.report.style import STYLE
from mmremix.study.rows import Row

_LEFT, _WIDTH, _LINE = 250.0, 720.0, 22.0
_LAYOUT = """
table{font-size:.85rem;white-space:nowrap}
svg{max-width:45rem}
body:has(#equal:checked) tr.more{display:none}
"""


def page(rows: Sequence[Row], reference: str) -> str:
    """All tables, and the differences as a picture.

    Args:
        rows: Of :func:`~mmremix.study.rows.make_rows`.
        reference: What they are compared with.
    """
    from mmremix.study.write_tables import (
        HEADER,
        HITS_HEADER,
        explanation,
        hits,
        row_cells,
    )

    parts = [
        f'<h1>Compared with {escape(reference)}</h1>',
        f'<p>{escape(explanation(reference))}</p>',
        '<p><label><input type="checkbox" id="equal"> in the tables, equal '
        'budget only</label></p>',
    ]
    for setting in dict.fromkeys(row.setting for row in rows):
        here = [row for row in rows if row.setting == setting]
        cells = [row_cells(row) for row in here]
        kinds = ['' if row.equal_budget else 'more' for row in here]
        parts.append(f'<h2>{escape(setting)}</h2>')
        if any(row.difference for row in here):
            parts.append(svg(differences_picture(setting, here)))
        parts.append(_table(HEADER, cells, kinds))
    counted = hits(rows)
    if counted:
        parts.append('<h2>In how many settings</h2>')
        parts.append(_table(HITS_HEADER, counted, [''] * len(counted)))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<title>Compared with {escape(reference)}</title>'
        f'<style>{STYLE}{_LAYOUT}</style></head><body>'
        + '\n'.join(parts)
        + '</body></html>\n'
    )


def differences_picture(title: str, rows: Sequence[Row]) -> Picture:
    """Differences as dots, with their t intervals as lines."""
    shown = [(row, row.difference) for row in rows if row.difference]
    ends = [
        100 * end
        for _, gap in shown
        for end in (gap.t or (gap.mean, gap.mean))
    ]
    low, high = min(*ends, -1.0), max(*ends, 1.0)
    right = _WIDTH - 20

    def at(value: float) -> float:
        return _LEFT + (right - _LEFT) * (value - low) / (high - low)

    foot = _LINE * len(shown) + 12
    marks: list[Mark] = [Path('reference', [(at(0), 4), (at(0), foot)])]
    for value in (low, 0.0, high):
        marks.append(
            Text('tick mid', at(value), foot + 14, f'{value:+.1f}'.lstrip())
        )
    for number, (row, gap) in enumerate(shown):
        y = _LINE * number + 14
        kind = {'better': 's3', 'worse': 's2', 'level': 's0'}[gap.verdict]
        marks.append(
            Text('end', _LEFT - 10, y + 4, f'{row.method}, {row.readout}')
        )
        if gap.t is not None:
            line = [(at(100 * end), y) for end in gap.t]
            marks.append(Path(f'line {kind}', line))
        marks.append(Circle(f'dot {kind}', at(100 * gap.mean), y, 5))
    said = f'{title}: differences in percentage points, 95 % t intervals'
    return Picture(said, _WIDTH, foot + 22, marks)


def _table(
    header: Sequence[str],
    cells: Sequence[Sequence[str]],
    kinds: Sequence[str],
) -> str:
    head = ''.join(f'<th>{escape(name)}</th>' for name in header)
    body = ''.join(
        f'<tr class="{kind}">'
        + ''.join(f'<td>{escape(cell)}</td>' for cell in line)
        + '</tr>'
        for line, kind in zip(cells, kinds, strict=True)
    )
    return (
        '<div class="scroll" tabindex="0"><table>'
        f'<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
