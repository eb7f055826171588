"""Figures for a paper."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
from PIL import Image

from mmremix.report import (
    group_runs,
    load_run,
    save_figures,
)
from tests.report.made_run import make_run


def test_files(tmp_path):
    runs = [
        make_run(tmp_path / 'r0'),
        make_run(tmp_path / 'r1', seed=1),
        make_run(tmp_path / 'joint', remix=False, records=False),
    ]
    groups = group_runs([load_run(path) for path in runs])
    written = save_figures(groups, tmp_path / 'new' / 'figures')
    charts = ('accuracy', 'samples', 'rho', 'certainty', 'confusion')
    expected = {f'remix_made_{c}.{s}' for c in charts for s in ('png', 'svg')}
    expected |= {'joint_made_accuracy.png', 'joint_made_accuracy.svg'}
    assert {path.name for path in written} == expected
    for path in written:
        if path.suffix == '.svg':
            assert ElementTree.parse(path).getroot().tag.endswith('svg')
            continue
        with Image.open(path) as image:
            # 300 dots per inch, on a column or two.
            assert image.width in (1020, 2040) and image.height == 690
            assert np.asarray(image.convert('L')).std() > 10
