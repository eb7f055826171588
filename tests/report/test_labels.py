"""Long names and names in other scripts are whole, on page and figures."""

from __future__ import annotations

import re
import warnings
from html import unescape

import numpy as np
import pytest

from mmremix.report.charts import matrix_chart
from mmremix.report.epoch_charts import Curve, line_chart, percent
from mmremix.report.fonts import font_families
from mmremix.report.labels import cells, isolated, wrapped
from mmremix.report.picture import Text
from mmremix.report.render import draw, svg
from mmremix.report.run_group import spread

LONG = 'remix_kinetics_sounds_with_a_transformer_and_a_very_long_name_indeed'
HEBREW = 'שמיעה'


def words(picture):
    return [m.words for m in picture.marks if isinstance(m, Text)]


@pytest.mark.parametrize('text', [LONG, 'x' * 99, '視聴覚' * 20, 'a b-c/d.e'])
def test_wrapped_loses_nothing(text):
    lines = wrapped(text, 20)
    assert ''.join(lines).replace(' ', '') == text.replace(' ', '')
    assert max(map(cells, lines)) <= 20


def test_isolated():
    assert isolated('video') == 'video'
    assert isolated(HEBREW) == f'\u2068{HEBREW}\u2069'
    assert cells(isolated(HEBREW)) == len(HEBREW)


@pytest.mark.parametrize('name', [LONG, '視聴覚' * 10])
def test_curves(name):
    points = {1.0: spread([0.5]), 2.0: spread([0.7])}
    kept = [Curve(name, 's1', points), Curve('short', 's2', points, 'dashed')]
    picture = line_chart(
        *('t', kept, percent),
        y_range=(0, 1),
        reference=(0.1, 'guessing'),
    )
    shown = [w for w in words(picture) if w in name]
    assert ''.join(shown) == name and '…' not in ''.join(words(picture))
    # Each with a piece of its line; all inside.
    assert sum(m.kind == 'dashed s2' for m in picture.marks[1:]) == 2
    bottom = max(m.y for m in picture.marks if isinstance(m, Text))
    assert picture.height > bottom
    assert 'guessing' in words(picture)


def test_classes():
    classes = [LONG, HEBREW, 'clap']
    picture = matrix_chart('t', np.eye(3, dtype=int), classes, 's0')
    said = words(picture)
    assert said.count('1') == said.count('3') == 2  # row and column
    text = ''.join(said)
    for name in classes:
        assert name.replace(' ', '') in text.replace(' ', '')
    page = unescape(svg(picture))
    assert f'\u2068{HEBREW}\u2069 taken for' in page
    short = matrix_chart('t', np.eye(2, dtype=int), ['clap', HEBREW], 's0')
    assert words(short).count(HEBREW) == 2


def test_figures_have_the_letters():
    with warnings.catch_warnings():
        # matplotlib before 3.11 has it in the wrong order, and says so.
        warnings.filterwarnings('ignore', message='matplotlib orders')
        assert font_families(isolated(HEBREW)) == ['DejaVu Sans']
        picture = matrix_chart('t', np.eye(2, dtype=int), ['a', HEBREW], 's0')
        figure = draw(picture)
    drawn = [t.get_text() for t in figure.axes[0].texts]
    assert HEBREW in drawn
    with pytest.warns(UserWarning, match='No font of this machine'):
        font_families('\U0010fffd')  # a letter that is nobody's


def test_no_label_is_cut_in_svg():
    points = {1.0: spread([0.5]), 2.0: spread([0.7])}
    page = svg(line_chart('t', [Curve(LONG, 's1', points)], percent))
    texts = re.findall(r'<text class="name s1"[^>]*>([^<]*)', page)
    assert ''.join(texts) == LONG
