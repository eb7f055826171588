"""Losses, runs in one picture, missing modalities, and the warning."""

from __future__ import annotations

import json
import re

import pytest

from mmremix.report import group_runs, load_run, render_page
from mmremix.report.bar_chart import Bar, bar_chart
from mmremix.report.meanings import meaning
from mmremix.report.run_group import spread
from mmremix.report.sections_losses import loss_charts
from mmremix.report.sections_missing import measured
from mmremix.report.sections_together import together_charts
from tests.report.made_run import EPOCHS, ITERATIONS, make_run, training
from tests.report.parsed_page import ParsedPage


def losses(epoch):
    """Two steps; with that of the epoch's end (loss 1) the mean is 2."""
    return [
        training(
            epoch,
            **{'loss': 2.5 + shift, 'loss_video': 0.5, 'loss_umt': 0.1},
        )
        | {'iter': epoch * ITERATIONS + at}
        for shift, at in ((-0.25, -6), (0.25, -3))
    ]


def add_test(work_dir, name, **metrics):
    folder = work_dir / name
    (folder / 'vis_data').mkdir(parents=True)
    config = folder / 'vis_data/config.py'
    config.write_text("load_from = 'somewhere/epoch_5.pth'\n")
    (folder / f'{name}.json').write_text(json.dumps(metrics))


SUBSETS = {
    f'subset/{kind}_{names}': value
    for names, values in (
        ('video+audio', (0.75, 0.5, 8)),
        ('video', (0.25, 0.375, 8)),
    )
    for kind, value in zip(('fusion', 'heads', 'samples'), values, strict=True)
}


@pytest.fixture(scope='module')
def groups(tmp_path_factory):
    root = tmp_path_factory.mktemp('runs')
    runs = [
        make_run(root / 'r0', steps=losses, train_cfg={'max_epochs': 9}),
        make_run(
            *(root / 'r1',),
            **{'seed': 1, 'steps': losses, 'train_cfg': {'max_epochs': 9}},
        ),
        make_run(root / 'joint', remix=False),
    ]
    add_test(runs[0], '20260102_000000', **SUBSETS)
    # A later one without them takes nothing away.
    add_test(runs[0], '20260103_000000', **{'acc/fusion_top1': 0.5})
    return group_runs([load_run(path) for path in runs])


@pytest.fixture(scope='module')
def page(groups):
    return ParsedPage(render_page(groups, samples=0))


def test_losses(groups, page):
    charts = loss_charts(groups)
    assert [c.stem for c in charts] == [
        'remix_made_losses',
        'joint_made_losses',
    ]
    svg = page.picture('Training losses over epochs, remix_made')
    looks = re.findall(r'class="(line|dashed|dotted) (s\d)"', svg)
    assert looks == [('dashed', 's0'), ('line', 's1'), ('dotted', 's5')]
    assert 'epoch 5: total 2 (2 to 2), video 0.5' in svg
    assert page.problems == []


def test_together(groups, page):
    stems = [chart.stem for chart in together_charts(groups)]
    assert stems == [
        *('all_accuracy_fusion', 'all_accuracy_video', 'all_accuracy_audio'),
        'all_losses',
    ]
    svg = page.picture('Validation accuracy, fused over epochs, all runs')
    # Told apart by their lines too, not by colour alone.
    looks = re.findall(r'class="(line|dashed) (s\d)" d', svg)
    assert {('line', 's0'), ('dashed', 's1')} <= set(looks)
    assert 'remix_made (2 seeds) 76 % (75 % to 77 %), joint_made 75 %' in svg
    assert together_charts(groups[:1]) == []


def test_missing(groups, page):
    """What was tested, with its checkpoint; nothing of who was not."""
    (found,) = measured(groups[0])
    assert found.where == 'test set, epoch_5.pth'
    assert list(measured(groups[1])) == []
    table = next(t for t in page.tables if 'measured on' in t[0])
    assert table[1:] == [
        [
            'remix_made (2 seeds): video + audio',
            *('test set, epoch_5.pth', '75.0 %', '50.0 %', '8'),
        ],
        [
            'remix_made (2 seeds): video',
            *('test set, epoch_5.pth', '25.0 %', '37.5 %', '8'),
        ],
    ]
    svg = page.picture('Accuracy with every set of modalities')
    widths = re.findall(r'class="bar s0"[^>]*? width="([\d.]+)"', svg)
    assert [float(w) for w in widths] == pytest.approx([234, 78])


def test_warning(groups, page):
    """Above everything: what is unlike, by kind, with the values."""
    top = page.text.split('<ul class="glance">', 1)[0]
    assert '<aside class="warning"' in top
    assert 'Warning: these runs are not of the same seeds and schedule.' in top
    assert 'Seeds: remix_made (2 seeds) 0, 1; joint_made 0.' in top
    assert 'train_cfg.max_epochs: remix_made (2 seeds) 9' in top
    alone = render_page(groups[:1], samples=0)
    assert '<aside' not in alone


def test_bars_have_their_values():
    bars = [Bar('x', spread([0.5, 0.7]), spread([0.25]))]
    picture = bar_chart('a', bars, reference=0.1)
    said = [m.says for m in picture.marks if getattr(m, 'says', '')]
    assert said == ['x: fused 60 %, sum of heads 25 %']


def test_meanings():
    config = {'model': {'methods': {'mine': {'type': 'OGMGE'}}}}
    assert 'held back' in meaning('mine', 'k', config)
    assert meaning('mine', 'other', config) == meaning('x', 'k', {}) == ''


def test_every_epoch_has_its_loss(groups):
    """All of a run's epochs, also those before Remix."""
    points = groups[0].epoch_means('loss')
    assert list(points) == list(range(1, EPOCHS + 1))
