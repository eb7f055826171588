"""Write what pages and README show of docs/_results/*.json.

docs/_results/tables.inc and questions.inc for docs/results.md, auto.inc for
docs/when_to_use.md, docs/_static/who_learns.svg, and the part of README.md
between its marks.

.. code-block:: shell

    python tools/docs/make_results.py
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from draw_results import draw, panels, table
from readme_results import LEAST, with_results

from mmremix.study.auto import plain_readout
from mmremix.study.auto_hits import Choice, choices
from mmremix.study.records import Record, read_records
from mmremix.study.rows import (
    BEST,
    CHOSEN,
    FUSED,
    HEADS,
    SHARED,
    Row,
    make_rows,
)
from mmremix.study.write_tables import HEADER, row_cells

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / 'docs' / '_results'
TARGET = FOLDER / 'tables.inc'
QUESTIONS = FOLDER / 'questions'
ANSWERS = FOLDER / 'questions.inc'
SHORT_RUNS = FOLDER / 'auto' / 'records.json'
CHOICES = FOLDER / 'auto.inc'
# What the README is of: the newest studies, whose last epoch counts.
HERO = (
    'digits_all',
    'digits_tenth',
    'letters',
    'letters_fresh',
    'utd_long',
    'utd_two',
    'handwritten_last',
)
# Of these, what the picture has room for.
DRAWN = ('digits_all', 'letters', 'utd_long', 'handwritten_last')
PICTURE = ROOT / 'docs' / '_static' / 'who_learns.svg'
README = ROOT / 'README.md'
REFERENCE = 'joint'
SHOWN = ('method', 'read-out', 'test', 'SD', 'difference', '95 % (t)')
COST = ('lr', 'runs', 'failed', 'steps', 'passes')


def all_records(folder: Path = FOLDER) -> list[Record]:
    return [
        record
        for file in sorted(folder.glob('*.json'))
        for record in read_records(file)
    ]


def hero(records: Sequence[Record]) -> list[Record]:
    """Those that the README shows."""
    return [record for record in records if record['study'] in HERO]


def drawn(records: Sequence[Record]) -> list[Record]:
    """Those that the picture shows."""
    return [record for record in records if record['study'] in DRAWN]


def tables() -> str:
    """Markdown, a table a setting, from the files of results alone."""
    records = all_records()
    parts = [
        '### Who learns what',
        '',
        'Test accuracy in %, mean over seeds, of each modality: from a model '
        'of its own, and from its head in the model of all, at the rate and '
        'the epoch of the tables below.',
        '',
        *table(panels(records)),
        '',
    ]
    return '\n'.join([*parts, *_by_setting(records)])


def answers() -> str:
    """The same of the studies of single questions."""
    return '\n'.join(_by_setting(all_records(QUESTIONS)))


def chosen() -> str:
    """Markdown, what tools/auto.py chose and what came of it."""
    found = choices(read_records(SHORT_RUNS), all_records())
    columns = (
        *('setting', 'epochs', 'chosen', 'over joint', '95 % (t)'),
        *('best on test', 'behind it', 'joint behind it'),
    )
    lines = [f'| {" | ".join(columns)} |', f'|{"---|" * len(columns)}']
    for choice in sorted(found, key=lambda c: (c.setting, c.epochs)):
        cells = _choice_cells(choice)
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join([*lines, ''])


def _choice_cells(choice: Choice) -> list[str]:
    gain, interval = choice.gain, ''
    if gain is not None and gain.t is not None:
        low, high = (100 * end for end in gain.t)
        interval = f'[{low:+.1f}, {high:+.1f}]'
    return [
        choice.setting,
        str(choice.epochs),
        _named(choice.chosen),
        f'{100 * gain.mean:+.1f}' if gain is not None else '',
        interval,
        _named(choice.best),
        f'{100 * choice.behind:.1f}' + ('' if choice.right else ' *'),
        f'{100 * choice.joint_behind:.1f}',
    ]


def _named(candidate: tuple[str, str]) -> str:
    method, readout = candidate
    return f'{method}, {plain_readout(readout)}'


def _by_setting(records: Sequence[Record]) -> list[str]:
    """Lines of a table a setting."""
    parts: list[str] = []
    for setting, group in groupby(
        make_rows(records, REFERENCE), lambda row: row.setting
    ):
        rows = [row for row in group if _is_shown(row)]
        columns = (*SHOWN, *COST)
        parts += [
            f'### {setting}',
            '',
            f'| {" | ".join(columns)} |',
            f'|{"---|" * len(columns)}',
        ]
        for row in sorted(rows, key=_order):
            cells = dict(zip(HEADER, row_cells(row), strict=True))
            if row.readout == CHOSEN and row.note:
                cells['read-out'] = f'chosen: {row.note}'
            if row.method == BEST:
                cells['method'] = f'{BEST} ({row.note})'
            parts.append(
                f'| {" | ".join(str(cells[name]) for name in columns)} |'
            )
        parts.append('')
    return parts


def _is_shown(row: Row) -> bool:
    """One line a method, and the read-outs of joint training beside it.

    A read-out that held-out samples have chosen is shown if it is not the
    fused head, and a pool of heads wherever it was fitted to enough seeds.
    """
    if row.readout == SHARED:
        return len(row.values) >= LEAST
    if row.readout == FUSED or row.readout == CHOSEN:
        return row.readout == FUSED or row.note not in ('fusion', '')
    return row.method == REFERENCE and row.readout == HEADS


def _order(row: Row) -> tuple[bool, float]:
    """The reference first, then the best."""
    mean = sum(row.values.values()) / max(len(row.values), 1)
    return row.method != REFERENCE, -mean


def renewed(readme: str) -> str:
    records = hero(all_records())
    rows = make_rows(records, REFERENCE)
    return with_results(readme, rows, panels(records))


def build_parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(description=__doc__.splitlines()[0])


def main() -> None:
    build_parser().parse_args()
    TARGET.write_text(tables(), encoding='utf-8')
    ANSWERS.write_text(answers(), encoding='utf-8')
    CHOICES.write_text(chosen(), encoding='utf-8')
    found = panels(drawn(all_records()))
    PICTURE.write_text(draw(found), encoding='utf-8')
    README.write_text(
        renewed(README.read_text(encoding='utf-8')), encoding='utf-8'
    )


if __name__ == '__main__':
    main()
