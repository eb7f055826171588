"""What the tables of the pages name can be built, row by row."""

from __future__ import annotations

import copy
import re

import pytest

from mmremix.apis import load_config
from mmremix.registry import MODELS
from tests.demo_run import ROOT, narrow

CONFIGS = ROOT / 'configs'
EXAMPLES = sorted(p.name for p in (CONFIGS / 'examples').glob('*.py'))


def rows(page, heading):
    """Cells of the first table under a heading, without its head."""
    text = (ROOT / 'docs' / page).read_text(encoding='utf-8')
    text = text[text.index(f'\n## {heading}') :]
    table = re.search(r'^\|.*\n\|[-|]+\|\n((?:\|.*\n)+)', text, re.MULTILINE)
    return [
        [cell.strip() for cell in line.strip().strip('|').split('|')]
        for line in table[1].splitlines()
    ]


def build(text, folder):
    path = folder / 'config.py'
    path.write_text(text)
    cfg = load_config(str(path))
    MODELS.build(narrow(copy.deepcopy(cfg)).model)
    return cfg


@pytest.mark.parametrize('data', ['cremad', 'ks'])
@pytest.mark.parametrize(
    ('table', 'count'),
    [('Table 1', 8), ('Table 4', 6), ('Table 5', 4), ('Table 6', 12)],
)
def test_rows_of_the_paper(table, count, data, tmp_path):
    found = rows('paper_rows.md', table)
    assert len(found) == count
    built = []
    for _, *cells in found:
        base, example = (*(c.strip('`') for c in cells), '')[:2]
        base = CONFIGS / base.replace('DATA', data)
        text = f'_base_ = [{str(base)!r}]\n'
        if example:
            text += (CONFIGS / example).read_text().split('\n', 1)[1]
        cfg = build(text, tmp_path)
        built.append({k: cfg[k] for k in ('model', 'train_dataloader')})
        built[-1]['remix'] = bool(cfg.get('methods'))
    assert all(built.count(one) == 1 for one in built)  # no row twice


def test_every_example_is_a_row():
    found = [
        cell.strip('`').removeprefix('examples/')
        for heading in ('Table 5', 'Table 6', 'Controls')
        for cells in rows('paper_rows.md', heading)
        for cell in cells
        if cell.startswith('`examples/')
    ]
    assert sorted(set(found)) == EXAMPLES


def test_choices_of_a_config(tmp_path):
    found = rows('configuration.md', 'How configs combine')
    bases = [base.strip('`') for _, base, _, _ in found if base]
    assert {base.split('/')[1] for base in bases} == {
        path.name for path in (CONFIGS / '_base_').iterdir() if path.is_dir()
    }
    lines = [
        line.strip('`') for _, _, line, _ in found if line.startswith('`')
    ]
    runtime = '_base_/default_runtime.py'
    whole = [str(CONFIGS / base) for base in (runtime, *bases)]
    everything = tmp_path / 'everything.py'
    everything.write_text(f'_base_ = {whole!r}\nmodel = dict(num_classes=6)\n')
    before = build(everything.read_text(), tmp_path)
    for line in lines:
        text = f'_base_ = [{str(everything)!r}]\n{line}\n'
        changed = build(text, tmp_path).to_dict() != before.to_dict()
        assert changed or 'num_classes' in line, line
    for name in ('datasets', 'schedules'):
        cell = next(r[3] for r in found if f'_base_/{name}/' in r[1])
        named = set(re.findall(r'`(\w+)`', cell))
        files = (CONFIGS / '_base_' / name).glob('*.py')
        assert named == {path.stem for path in files}
