"""Figures for a paper: the charts of the page as files."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from mmremix.report import group_runs, load_run, render_page, save_figures
from mmremix.report.picture import Circle, Path, Picture, Rect, Text
from mmremix.report.render import LOOKS, draw, style_sheet, svg
from tests.report.made_run import make_run


def test_files(tmp_path):
    runs = [
        make_run(tmp_path / 'r0'),
        make_run(tmp_path / 'r1', seed=1),
        make_run(tmp_path / 'joint', remix=False, records=False),
    ]
    groups = group_runs([load_run(path) for path in runs])
    written = save_figures(groups, tmp_path / 'new' / 'figures')
    charts = ('accuracy', 'samples', 'flips', 'rho', 'certainty', 'drift')
    names = {f'remix_made_{chart}' for chart in charts}
    names |= {f'remix_made_confusion_{n}' for n in ('fused', 'video', 'audio')}
    names |= {'joint_made_accuracy', 'all_losses'}
    names |= {f'all_accuracy_{n}' for n in ('fusion', 'video', 'audio')}
    names |= {'remix_made_losses', 'joint_made_losses'}
    assert {p.name for p in written} == {
        f'{name}.{suffix}'
        for name in names
        for suffix in ('png', 'pdf', 'svg')
    }
    # One a chart: the page has no others.
    page = render_page(groups, samples=0)
    assert page.count('<figure>') == len(names)
    for path in written:
        if path.suffix == '.svg':
            assert ElementTree.parse(path).getroot().tag.endswith('svg')
            continue
        if path.suffix == '.pdf':
            assert path.read_bytes().startswith(b'%PDF-')
            continue
        with Image.open(path) as image:
            # 300 dots per inch, on a column.
            assert image.width == 1020 and image.height > 500
            assert np.asarray(image.convert('L')).std() > 10


PICTURE = Picture(
    *('a <b>', 100, 50),
    [
        Rect('bar s1', 10, 10, 20, 30, says='"ten"'),
        Circle('dot s2', 70, 25, 10),
        Path('line s0', [(0, 45), (100, 45)]),
        Text('name s3', 40, 20, '<$x$>'),
        Rect('hit', 0, 0, 100, 50),
    ],
)


def test_file_and_page_draw_the_same(tmp_path):
    """Each mark is where the page has it, in the colour it has there."""
    draw(PICTURE).savefig(tmp_path / 'a.png', dpi=300)
    with Image.open(tmp_path / 'a.png') as image:
        pixels = np.asarray(image.convert('RGB'))
    assert pixels.shape == (510, 1020, 3)
    for x, y, colour in (
        *((12, 12, '0060a8'), (29, 39, '0060a8'), (32, 25, 'ffffff')),
        *((70, 25, 'b34700'), (79, 25, 'b34700'), (82, 25, 'ffffff')),
        (90, 45, '1c1e21'),
    ):
        pixel = pixels[int(y * 10.2), int(x * 10.2)]
        assert bytes(pixel).hex() == colour, (x, y)
    page = svg(PICTURE)
    assert '<rect class="bar s1" x="10.00" y="10.00" width="20.00"' in page
    assert 'data-t="&quot;ten&quot;"' in page
    assert 'aria-label="a &lt;b&gt;"' in page and '&lt;$x$&gt;' in page


def test_every_look_is_in_the_style_sheet():
    rules = dict(re.findall(r'^svg (\S+?)\{(.*)\}$', style_sheet(), re.M))
    assert {f'.{name}' if name else 'text' for name in LOOKS} <= set(rules)
    assert rules['.bar'] == 'fill:var(--c)'
    assert rules['.line'].startswith('fill:none;stroke:var(--c)')
