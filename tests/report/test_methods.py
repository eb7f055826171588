"""The page shows what balancing methods recorded."""

from __future__ import annotations

import re

import pytest

from mmremix.report import group_runs, load_run, render_page, save_figures
from mmremix.report.plot import ticks
from mmremix.report.scalars import epoch_means
from mmremix.report.sections_methods import method_charts
from tests.report.made_run import (
    EPOCHS,
    ITERATIONS,
    make_run,
    training,
    write_scalars,
)
from tests.report.parsed_page import ParsedPage

ACTS_UNTIL = 3


def recorded(seed=0):
    """Two steps an epoch, whose mean is the epoch's number and the seed."""

    def steps(epoch):
        if epoch > ACTS_UNTIL:
            return []
        return [
            {
                'ogm_ge/k_video': epoch + seed + shift,
                'ogm_ge/k_audio': 0.5 + shift,
                'ogm_ge/held': 1.0,
                'mmpareto/weight_own_at_audio': 1e-7 * epoch,
                'other/k_video': 7.0,
                'epoch': epoch,
                'iter': epoch * ITERATIONS + at,
                'step': epoch * ITERATIONS + at,
            }
            for shift, at in ((-0.25, -6), (0.25, -3))
        ]

    return steps


@pytest.fixture(scope='module')
def groups(tmp_path_factory):
    """Two seeds of two methods, and a run without."""
    root = tmp_path_factory.mktemp('runs')
    names = ['ogm_ge', 'mmpareto']
    runs = [
        make_run(
            *(root / f'r{seed}',),
            seed=seed,
            remix=False,
            steps=recorded(seed),
            methods=names,
        )
        for seed in (0, 1)
    ]
    runs.append(make_run(root / 'plain'))
    return group_runs([load_run(path) for path in runs])


@pytest.fixture(scope='module')
def page(groups):
    return ParsedPage(render_page(groups, samples=0))


def test_a_chart_for_each_family(groups):
    assert [chart.title for chart in method_charts(groups)] == [
        *(
            'joint_made (2 seeds): ogm_ge/k',
            'joint_made (2 seeds): ogm_ge/held',
        ),
        'joint_made (2 seeds): mmpareto/weight_own_at',
    ]


def test_curves(page):
    """A modality has its colour; steps of an epoch are averaged."""
    assert page.problems == []
    svg = page.picture('ogm_ge/k over epochs')
    assert re.findall(r'class="line (s\d)"', svg) == ['s1', 's2']
    assert svg.count('class="band') == 2
    said = re.findall(r'data-t="([^"]+)"', svg)
    assert said == [
        f'epoch {e}: video {e + 0.5:g} ({e} to {e + 1}), '
        'audio 0.5 (0.5 to 0.5)'
        for e in range(1, ACTS_UNTIL + 1)
    ]
    # The axis goes on to the end of training, as in the other charts.
    assert f'>{EPOCHS}</text>' in svg
    svg = page.picture('ogm_ge/held over epochs')
    assert re.findall(r'class="line (s\d)"', svg) == ['s0']
    svg = page.picture('mmpareto/weight_own_at over epochs')
    assert 'epoch 3: audio 3e-07' in svg and '>2e-07</text>' in svg


def test_data(page):
    shown = page.text.split('id="methods"', 1)[1].split('</section>', 1)[0]
    assert shown.count('<figure>') == shown.count('<details>') == 3
    assert '<td>1.5 ± 0.7071</td><td>0.5 ± 0</td>' in shown


def test_summary_names_the_methods(page):
    assert page.text.count('<p>Methods: ogm_ge, mmpareto.</p>') == 1
    rows = next(t for t in page.tables if t[0][0] == 'run')
    assert [row[1] for row in rows] == [
        *('methods', 'ogm_ge, mmpareto', 'ogm_ge, mmpareto', '-'),
    ]


def test_nothing_where_there_is_none(tmp_path):
    made = make_run(tmp_path / 'a', steps=recorded())  # named nowhere
    page = render_page(group_runs([load_run(made)]), samples=0)
    assert 'id="methods"' not in page and 'ogm_ge' not in page
    rows = next(t for t in ParsedPage(page).tables if t[0][0] == 'run')
    assert 'methods' not in rows[0]


def test_figures(groups, tmp_path):
    stems = {path.stem for path in save_figures(groups, tmp_path)}
    assert {
        *('joint_made_ogm_ge-k', 'joint_made_ogm_ge-held'),
        'joint_made_mmpareto-weight_own_at',
    } <= stems


def test_modalities_of_a_run_without_validation(tmp_path):
    """They are those of the encoders; one name may end like another."""
    folder = write_scalars(
        tmp_path / 'part',
        [training(1, **{'a/k_far_audio': 1.0, 'a/k_audio': 2.0})],
    )
    (folder / 'config.py').write_text(
        'model = dict(methods=dict(a=dict(), b=None), encoders=dict('
        'audio=dict(type="A"), far_audio=dict(type="A"), video=None))\n'
    )
    run = load_run(tmp_path)
    assert run.methods == ('a',)
    assert run.modalities == ('audio', 'far_audio')
    (chart,) = method_charts(group_runs([run]))
    assert chart.title.endswith(': a/k')
    assert '<th scope="col">far_audio</th>' in chart.data


def test_epoch_means():
    series = {0.5: 1.0, 1.0: 3.0, 1.1: 4.0, 3.0: 5.0}
    assert epoch_means(series) == {1: 2.0, 2: 4.0, 3: 5.0}


def test_ticks_of_any_size():
    assert ticks(0, 1e-12, 2) == [0, 5e-13, 1e-12]
    assert ticks(0, 3e8, 3) == [0, 1e8, 2e8, 3e8]
    assert ticks(0.1, 0.3, 2) == [0.1, 0.2, 0.3]
