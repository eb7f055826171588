"""The table of results of the README, which make_results.py writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from draw_results import ALONE, JOINT, Panel, title

from mmremix.study.rows import BEST, FUSED, HEADS, SHARED, Row
from mmremix.study.write_tables import HEADER, row_cells

METHODS = Path(__file__).parents[2] / 'configs' / '_base_' / 'methods'
BEGIN = '<!-- results: made by tools/docs/make_results.py -->\n'
END = '<!-- end of results -->\n'
REFERENCE = 'joint'
_POOL = 'pool of heads'
LEAST = 5
"""Seeds of a figure that is shown."""


def with_results(
    text: str, rows: Sequence[Row], found: Sequence[Panel]
) -> str:
    """The README with the part between its marks renewed.

    Args:
        text: Of the README.
        rows: Of the studies, compared with joint training.
        found: What each modality learns.
    """
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f'The README has no {BEGIN!r} ... {END!r}')
    part = f'{behind(found)}\n\n{readme_table(rows)}'
    return f'{before}{BEGIN}\n{part}\n{END}{after}'


def behind(found: Sequence[Panel]) -> str:
    """How many modalities joint training leaves behind."""
    pairs = [
        (values[ALONE], values[JOINT])
        for panel in found
        for values in panel.rows.values()
        if {ALONE, JOINT} <= values.keys()
    ]
    worse = sum(joint < alone for alone, joint in pairs)
    much = sum(joint < alone - 0.01 for alone, joint in pairs)
    return (
        f'In joint training {worse} of {len(pairs)} modalities end behind '
        f'what they learn alone, {much} of them by more\nthan a point; that '
        'is what balancing is to mend. Whether it pays is seen from the '
        'prediction\nof all together: test accuracy in %, mean over seeds, '
        'and the difference to joint training\nover common seeds (5 or 10: '
        'some rows have fewer than joint). **Bold**: its 95 % interval\n'
        'leaves out zero, which one comparison in twenty does by chance. '
        'Small data, short runs;\n[read-outs, costs and controls]'
        '(docs/results.md).'
    )


def readme_table(rows: Sequence[Row]) -> str:
    """Of each method that has a config, the fused prediction; Markdown.

    And the pool of its heads, if every setting has one.
    """
    settings = list(dict.fromkeys(row.setting for row in rows))
    lines: dict[str, dict[str, Row]] = {}
    for row in rows:
        label = _label(row)
        if label and (len(row.values) >= LEAST or not row.values):
            lines.setdefault(label, {})[row.setting] = row
    # A pool counts where it was fitted in every setting.
    lines = {
        label: row_of
        for label, row_of in lines.items()
        if not label.endswith(_POOL) or row_of.keys() >= {*settings}
    }
    order = sorted(
        lines, key=lambda name: (name != REFERENCE, -_gain(lines[name]))
    )
    return '\n'.join(
        [
            f'| method | {" | ".join(map(title, settings))} |',
            f'|{"---|" * (1 + len(settings))}',
            *(
                f'| {name} | '
                f'{" | ".join(_cell(lines[name].get(s)) for s in settings)} |'
                for name in order
            ),
            '',
        ]
    )


def _label(row: Row) -> str:
    """Name of a row of the README; empty for what is not shown there.

    Shown are joint training, its read-outs and the best modality alone, and
    the methods of configs/_base_/methods with their pools. The study has
    ablations and controls besides.
    """
    if row.method == REFERENCE and row.readout == HEADS:
        return f'{REFERENCE}, sum of heads'
    shown = (
        row.method in (REFERENCE, BEST)
        or (METHODS / f'{row.method}.py').is_file()
    )
    if not shown or row.readout not in (FUSED, SHARED):
        return ''
    return f'{row.method}, {_POOL}' if row.readout == SHARED else row.method


def _gain(row_of: Mapping[str, Row]) -> float:
    """Mean difference over the settings."""
    gaps = [row.difference for row in row_of.values() if row.difference]
    means = [gap.mean for gap in gaps]
    return sum(means) / len(means) if means else -1.0


def _cell(row: Row | None) -> str:
    """Accuracy and difference to joint training, bold where it is clear."""
    if row is None:
        return ''
    if not row.values:
        return 'failed'
    cells = dict(zip(HEADER, row_cells(row), strict=True))
    if row.difference is None:
        return cells['test']
    gap = cells['difference']
    clear = row.difference.verdict != 'level'
    return f'{cells["test"]} ({f"**{gap}**" if clear else gap})'
