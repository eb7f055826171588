"""The page says what the run did, in HTML that stands alone."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import numpy as np
import pytest

from mmremix.report import group_runs, load_run, render_page
from mmremix.report.sample_pictures import load_pictures
from mmremix.utils import ConfigError
from tests.report.made_run import (
    EPOCHS,
    LABELS,
    NAMES,
    WARM_UP,
    accuracy,
    make_run,
)
from tests.report.parsed_page import ParsedPage

SCORED = EPOCHS - WARM_UP


@pytest.fixture(scope='module')
def page(tmp_path_factory):
    """Two seeds of Remix and a joint run."""
    root = tmp_path_factory.mktemp('runs')
    runs = [
        make_run(root / 'r0'),
        make_run(root / 'r1', seed=1),
        make_run(root / 'joint', remix=False),
    ]
    groups = group_runs([load_run(path) for path in runs])
    return ParsedPage(render_page(groups))


def test_well_formed(page):
    assert page.problems == []
    ids = page.values('id')
    assert len(ids) == len(set(ids))
    links = [v[1:] for v in page.values('href')]
    assert links and set(links) <= set(ids)
    labelled = page.values('aria-labelledby')
    assert labelled and set(labelled) <= set(ids)


def test_loads_nothing(page):
    for name in ('src', 'href', 'action', 'data', 'xlink:href', 'srcset'):
        for value in page.values(name):
            assert value.startswith(('#', 'data:')), value
    assert not re.search(r'https?:|url\(|@import|<link|<iframe', page.text)
    assert "default-src 'none'" in page.text


def test_names_for_screen_readers(page):
    assert page.named('svg') and all(
        dict(a).get('aria-label') and dict(a)['role'] == 'img'
        for a in page.named('svg')
    )
    assert all(dict(a).get('alt') for a in page.named('img'))
    # No heading skips a level, and there is one title.
    levels = page.heading_levels
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert 'lang="en"' in page.text and 'class="skip"' in page.text


def test_names_from_the_data_are_escaped(page):
    assert '<i>' not in page.text and '<b>' not in page.text
    assert '&lt;b&gt;&amp;&quot;' in page.text


def points(path):
    return [
        tuple(map(float, p.split(',')))
        for p in re.findall(r'[-\d.]+,[-\d.]+', path)
    ]


def test_accuracy_curves(page):
    """A line for each prediction, whose heights follow the numbers."""
    svg = page.picture('Validation accuracy over epochs, joint_made')
    lines = dict(re.findall(r'class="line (s\d)" d="([^"]+)"', svg))
    assert sorted(lines) == ['s0', 's1', 's2']
    for kind, name in zip(('s0', 's1', 's2'), ('fusion', *NAMES), strict=True):
        ys = np.array([y for _, y in points(lines[kind])])
        truth = np.array([accuracy(e)[name] for e in range(1, EPOCHS + 1)])
        assert len(ys) == EPOCHS
        # The same scale for all: pixels = a - b * accuracy.
        assert np.allclose(ys, 184 - 172 * truth / (0.77 * 1.05), atol=0.01)
    said = re.findall(r'data-t="([^"]+)"', svg)
    assert said[-1] == 'epoch 5: fused 75 %, video 30 %, audio 60 %'
    seeds = page.picture('Validation accuracy over epochs, remix_made')
    assert seeds.count('class="band') == 3
    assert 'fused 76 % (75 % to 77 %)' in seeds


def test_sample_bars(page):
    svg = page.picture('Samples for each modality in every epoch')
    bars = re.findall(r'class="bar (s\d)"[^>]+height="([\d.]+)"', svg)
    assert len(bars) == SCORED * len(NAMES)
    heights = {
        k: [float(h) for kk, h in bars if kk == k] for k in ('s1', 's2')
    }
    # 5, 6, 5 and 3, 2, 3 of 8 samples on 172 pixels.
    assert np.allclose(heights['s1'], 172 * np.array([5, 6, 5]) / 8, atol=0.01)
    assert np.allclose(heights['s2'], 172 * np.array([3, 2, 3]) / 8, atol=0.01)
    assert 'epoch 4: video 6 (75 %), audio 2 (25 %)' in svg


def test_rho(page):
    svg = page.picture('Ratio of true-class probabilities')
    (line,) = re.findall(r'class="line s2" d="([^"]+)"', svg)
    ys = np.array([y for _, y in points(line)])
    # Logarithmic: equal ratios are equal distances.
    scale = (ys[0] - ys[1]) / np.log(4 / 3)
    assert ys[0] - ys[2] == pytest.approx(scale * np.log(5 / 3), abs=0.05)
    assert 'epoch 5: audio 5.00' in svg


def test_histograms(page):
    svg = page.picture('Histograms of the scores')
    hills = re.findall(r'class="hill (s\d)" d="([^"]+)"', svg)
    assert [kind for kind, _ in hills] == ['s1', 's2'] * SCORED
    # Under each lie all the samples: equal areas.
    areas = []
    for _, path in hills:
        xs, ys = np.array(points(path)).T
        areas.append(np.sum(np.diff(xs) * (ys[0] - ys[:-1])))
    assert min(areas) > 0
    assert np.allclose(areas, areas[0], rtol=1e-3)
    drift = page.picture('Median and quartiles')
    assert drift.count('class="band') == drift.count('class="line') == 2


def test_confusion_matrices(page):
    for name in ('fused', *NAMES):
        svg = page.picture(f'Confusion matrix of {name}, r0')
        cells = re.findall(r'fill-opacity="([\d.]+)" data-t="([^"]+)"', svg)
        assert len(cells) == 6  # that are not zero
        assert cells[0] == (
            '0.667',
            '&lt;b&gt;&amp;&quot; taken for &lt;b&gt;&amp;&quot;: 2 of 3',
        )


def test_class_table(page):
    (rows,) = [t for t in page.tables if t[0][0] == 'class'][:1]
    assert rows[0] == [
        *('class', 'val. samples', 'fused right', 'video right'),
        *('audio right', 'train. samples', 'given to video', 'given to audio'),
    ]
    # In the last epoch audio has samples 0, 6 and 7; classes 0, 0 and 1.
    assert rows[1][1:] == ['3', '67 %', '67 %', '67 %', '3', '33 %', '67 %']
    assert rows[2][5:] == ['3', '67 %', '33 %']


def test_charts_have_their_data(page):
    data = next(t for t in page.tables if t[0] == ['epoch', 'video', 'audio'])
    assert data[1:] == [
        ['3', '5 ± 0', '3 ± 0'],
        ['4', '6 ± 0', '2 ± 0'],
        ['5', '5 ± 0', '3 ± 0'],
    ]


def test_samples(page):
    """Chosen rightly; the clips are not here, which the page says."""
    assert 'The clips are not on this machine' in page.text
    assert len(page.named('li')) > 0 and not page.named('img')
    flipped = page.text.split('Most often flipped', 1)[1]
    assert flipped.count('flips)') == 1 and '(2 flips)' in flipped
    assert f'1 of {len(LABELS)} samples changed their modality' in flipped


def test_joint_run_alone(tmp_path):
    made = make_run(tmp_path / 'joint', remix=False, records=False)
    page = ParsedPage(render_page(group_runs([load_run(made)])))
    assert page.problems == []
    shown = [v[1:] for v in page.values('href')]
    assert shown == ['main', 'accuracy', 'losses', 'settings']


def test_gradients_and_contributions(tmp_path):
    """Scalars of two other hooks; the one by iterations, of which 10 make
    an epoch, the other by epochs.
    """
    made = make_run(tmp_path / 'a')
    file = made / '20260101_000000' / 'vis_data' / 'scalars.json'
    rows = [
        {
            'gradient/angle_video': 80.0,
            'gradient/angle_audio': 100.0,
            'gradient/cos_audio': -0.2,
            'gradient/head_angle_video-audio': 70.0 + step,
            'step': step,
        }
        for step in (10, 20, 50)
    ]
    rows.append(
        {
            'contribution/video': 0.25,
            'contribution/audio': 0.4,
            'missing/acc_only_video': 0.3,
            'missing/acc_without_video': 0.6,
            'step': 5,
        }
    )
    with file.open('a') as stream:
        stream.writelines(json.dumps(row) + '\n' for row in rows)
    page = ParsedPage(render_page(group_runs([load_run(made)]), samples=0))
    assert page.problems == []
    svg = page.picture('encoders: own against fused')
    assert svg.count('class="line') == 2
    assert 'epoch 5: video 80°, audio 100°' in svg
    svg = page.picture('fusion head: alone against together')
    assert 'epoch 5: video-audio 120°' in svg
    table = next(t for t in page.tables if 'adds' in t[0])
    assert table[1:] == [
        ['remix_made: video', '25.0 %', '30.0 %', '60.0 %'],
        ['remix_made: audio', '40.0 %', '-', '-'],
    ]


def test_many_classes(tmp_path):
    """Too many for names; the matrix is still drawn."""
    made = make_run(tmp_path / 'a', remix=False)
    run = load_run(made)
    run.classes = [f'class {i}' for i in range(60)]
    run.confusion = {'fusion': np.eye(60, dtype=int) * 4}
    page = ParsedPage(render_page(group_runs([run])))
    svg = page.picture('Confusion matrix of fused')
    assert svg.count('class="cell') == 60 and 'data-t' not in svg


def test_the_config_of_a_run_is_not_executed(tmp_path):
    made = make_run(tmp_path / 'a')
    mark = tmp_path / 'executed'
    (config,) = made.glob('*/vis_data/config.py')
    with config.open('a') as stream:
        stream.write(f'open({str(mark)!r}, "w").close()\n')
    with pytest.raises(ConfigError, match=r'config\.py .* --trust'):
        load_run(made)
    assert not mark.exists()
    load_run(made, trust=True)
    assert mark.exists()


def test_a_config_that_names_foreign_code_shows_no_samples(tmp_path):
    mark = tmp_path / 'executed'
    evil = {'type': 'os.system', 'command': f'touch {mark}'}
    made = make_run(tmp_path / 'a', train_dataloader={'dataset': evil})
    pictures, why = load_pictures(load_run(made), [0])
    assert pictures == {} and "'os.system' is not known" in why
    assert not mark.exists()
