"""The overview names every method that a config base turns on."""

from __future__ import annotations

import re

from tests.demo_run import ROOT

BASES = {
    path.stem
    for path in (ROOT / 'configs' / '_base_' / 'methods').glob('*.py')
}


def test_every_base_is_in_the_table_and_has_a_fair_form():
    text = (ROOT / 'docs' / 'methods' / 'index.md').read_text()
    published = {name for name in BASES if not name.endswith('_fair')}
    named = set(re.findall(r'`(\w+)`', text))
    assert published <= named
    assert {f'{name}_fair' for name in published} <= BASES


def test_the_picture_is_the_tools():
    from tools.docs.draw_methods import TARGET, draw

    assert TARGET.read_text(encoding='utf-8') == draw()
