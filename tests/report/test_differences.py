"""What makes a comparison less fair than it looks is said."""

from __future__ import annotations

import json

import pytest

from mmremix.report import group_runs, load_run, render_page, runs_table
from mmremix.report.differences import DATA, HEADING, differences
from tests.report.made_run import make_run
from tests.report.parsed_page import ParsedPage

PLAIN = {
    'train_cfg': {'max_epochs': 5},
    'optim_wrapper': {'optimizer': {'type': 'Adam', 'lr': 0.1}},
    'param_scheduler': [{'type': 'CosineAnnealingLR'}],
}


def said(*paths):
    groups = group_runs([load_run(path) for path in paths])
    return [found.sentence for found in differences(groups)]


def test_seeds_of_a_group_and_places_do_not_count(tmp_path):
    made = [
        make_run(tmp_path / f'r{seed}', seed=seed, data_root='/0', **PLAIN)
        for seed in (0, 1)
    ]
    assert said(*made) == []
    moved = [
        make_run(tmp_path / f'm{seed}', seed=seed, data_root='/1', **PLAIN)
        for seed in (0, 1)
    ]
    assert said(*made, *moved) == []
    # Of two configs, the seeds must be the same.
    assert said(*made, moved[1]) == ['Seeds: r0 (2 seeds) 0, 1; m1 1.']
    assert said(made[0]) == []


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'fingerprint': 'f00'}, 'Training set: a not known; b fingerprint f'),
        (
            {'optim_wrapper': {'optimizer': {'type': 'Adam', 'lr': 0.2}}},
            'optim_wrapper.optimizer.lr: a 0.1; b 0.2.',
        ),
        (
            {'param_scheduler': [{'type': 'StepLR', 'step_size': 3}]},
            'param_scheduler.0.step_size: a not set; b 3.',
        ),
        ({'train_cfg': {'max_epochs': 9}}, 'train_cfg.max_epochs: a 5; b 9.'),
        (
            {'train_dataloader': {'batch_size': 8, 'dataset': {}}},
            'train_dataloader.batch_size: a not set; b 8.',
        ),
        ({'versions': '    PyTorch: 2.2.0'}, 'PyTorch: a 2.1.0; b 2.2.0.'),
        ({'custom_hooks': [{'type': 'A'}]}, 'Other settings: custom_hooks.'),
        ({'mask': 'x', 'model': {'num_classes': 3}}, 'model.name, mask.'),
    ],
)
def test_each(tmp_path, change, words):
    given = {'fingerprint': 'beef', 'versions': '    PyTorch: 2.1.0', **PLAIN}
    paths = [
        make_run(tmp_path / 'a', **given),
        make_run(tmp_path / 'b', **{**given, **change}),
    ]
    found = said(*paths)
    if 'fingerprint' in change:
        words = 'Training set: a fingerprint beef; b fingerprint f00.'
    assert any(words in sentence for sentence in found), found


def test_within_a_group(tmp_path):
    """Seeds of one config, but the data were changed between them."""
    paths = [
        make_run(tmp_path / 'a', fingerprint='beef'),
        make_run(tmp_path / 'b', seed=1, fingerprint='f00d'),
        make_run(tmp_path / 'joint', remix=False, records=False),
    ]
    groups = group_runs([load_run(path) for path in paths])
    assert [len(group.runs) for group in groups] == [2, 1]
    assert said(*paths)[0] == (
        'Training set: a fingerprint beef; b fingerprint f00d; '
        'joint_made not known.'
    )


def test_epochs_and_classes(tmp_path):
    """One is still training; the other has other classes."""
    first, second = make_run(tmp_path / 'a'), make_run(tmp_path / 'b')
    log = second / '20260101_000000/vis_data/scalars.json'
    lines = log.read_text().splitlines(keepends=True)
    rows = [(line, json.loads(line)) for line in lines]
    log.write_text(
        ''.join(n for n, row in rows if row.get('epoch', row['step']) < 5)
    )
    runs = [load_run(path) for path in (first, second)]
    runs[1].classes = ['x', 'y']
    found = [d.sentence for d in differences(group_runs(runs))]
    assert 'Classes: a 3 (<b>&", clap, shout); b 2 (x, y).' in found
    assert 'Epochs trained: a 5; b 4.' in found


def test_long_values_are_told_apart(tmp_path):
    """They are cut to be shown, not to be compared."""
    names = [f'class {i}' for i in range(50)]
    runs = [load_run(make_run(tmp_path / name)) for name in 'ab']
    runs[0].classes, runs[1].classes = names, [*names[:-1], 'other']
    (found,) = differences(group_runs(runs))
    assert found.kind == DATA and len(found.sentence) < 200
    assert found.sentence.startswith('Classes: ')
    # The part that differs is shown.
    assert 'class 49' in found.sentence and 'other' in found.sentence


def test_page_and_table_say_it(tmp_path):
    paths = [
        make_run(tmp_path / 'a', **PLAIN),
        make_run(tmp_path / 'b', **{**PLAIN, 'train_cfg': {'max_epochs': 9}}),
    ]
    groups = group_runs([load_run(path) for path in paths])
    page = ParsedPage(render_page(groups, samples=0))
    assert page.problems == []
    words = 'train_cfg.max_epochs: a 5; b 9.'
    assert HEADING in page.text and f'<li>{words}</li>' in page.text
    text = runs_table(paths)
    assert text.endswith(f'{HEADING}\n\n{words}')
    assert HEADING not in runs_table(paths[:1])
    alone = render_page(groups[:1], samples=0)
    assert HEADING not in alone
