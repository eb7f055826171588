from __future__ import annotations

import pytest
from mmengine.config import Config

from mmremix.apis.config_file import read_config
from mmremix.study.auto import (
    candidates,
    chosen_config,
    decide,
    short_study,
    table,
)
from mmremix.study.plan import plan
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT
from tests.study.kit import lost, record

BASE = str(ROOT / 'configs/joint_demo_concat.py')


def runs(method, values, **more):
    return [
        record(method, seed, held_out=value, **more)
        for seed, value in enumerate(values)
    ]


@pytest.fixture(scope='module')
def cfg():
    return read_config(BASE)


def test_joint_unless_the_whole_interval_is_ahead():
    joint = runs('joint', [0.5, 0.6, 0.7])
    noisy = runs('remix', [0.9, 0.5, 0.75])
    found = candidates([*noisy, *joint])
    assert [c.method for c in found] == ['remix', 'joint']
    choice, reason = decide(found)
    assert (choice.method, choice.readout) == ('joint', 'fusion')
    assert 'Nothing is ahead' in reason
    steady = runs('every_modality', [0.53, 0.63, 0.735])
    choice, reason = decide(candidates([*noisy, *joint, *steady]))
    assert choice.method == 'every_modality' and '+3.2' in reason
    header, first, *_ = table(found)
    assert len(header) == len(first) and first[:3] == [
        'remix',
        'fusion',
        '71.7',
    ]


def test_a_readout_of_joint_can_win():
    values = [
        {'fusion': x, 'heads': x - 0.1, 'audio': x + 0.1 + x / 100}
        for x in (0.5, 0.6, 0.7)
    ]
    choice, _ = decide(candidates(runs('joint', values)))
    assert (choice.method, choice.readout) == ('joint', 'audio')


def test_a_pool_can_win(cfg, tmp_path):
    """Where all folds have one; its weights are not in the config."""
    values = [
        {'fusion': x, 'heads': x, 'pool_over_folds': x + 0.1 + x / 100}
        for x in (0.5, 0.6, 0.7)
    ]
    pooled = candidates(runs('joint', values))
    choice, reason = decide(pooled)
    assert (choice.method, choice.readout) == ('joint', 'pool_over_folds')
    assert 'read out by pool, is +10.6' in reason
    assert ['joint', 'pool'] in [row[:2] for row in table(pooled)]
    study = short_study(cfg, BASE, None, 2, 5)
    target = chosen_config(study, cfg, choice, tmp_path / 'chosen.py')
    assert 'readout' not in read_config(str(target)).model
    del values[1]['pool_over_folds']
    found = candidates(runs('joint', values))
    assert [c.readout for c in found] == ['fusion']


def test_what_lacks_a_fold_is_no_candidate():
    joint = runs('joint', [0.5, 0.6, 0.7])
    broken = [*runs('remix', [0.9, 0.9]), lost('remix', 2)]
    assert [c.method for c in candidates([*joint, *broken])] == ['joint']
    with pytest.raises(ConfigError, match='--retry'):
        candidates(
            [*joint[:2], lost('joint', 2), *broken, *runs('x', [1] * 3)]
        )


def test_study_and_chosen_config(cfg, tmp_path):
    study = short_study(cfg, BASE, None, 2, 5)
    tasks = plan(study, tmp_path, {})
    methods = {t.record['method'] for t in tasks}
    assert methods == {
        *('joint', 'every_modality', 'remix'),
        *('unimodal_video', 'unimodal_audio'),
    }
    assert [t.record['fold'] for t in tasks][:: len(methods)] == [0, 1]
    short = Config.fromfile(tasks[0].config)
    assert short.train_cfg.max_epochs == 5
    found = candidates(
        runs('joint', [0.5, 0.6])
        + runs('remix', [{'fusion': 0.7, 'heads': 0.8, 'audio': 0.8}] * 2)
    )
    heads = next(c for c in found if c.readout == 'heads')
    target = chosen_config(study, cfg, heads, tmp_path / 'chosen.py')
    chosen = read_config(str(target))
    epochs = cfg.train_cfg.max_epochs
    assert chosen.train_cfg.max_epochs == epochs
    assert chosen.model.readout == 'heads'
    (hook,) = chosen.custom_hooks
    assert hook.warmup_epochs == round(0.2 * epochs)
    assert 'held_out' not in chosen
    # The config that was given stays.
    assert not cfg.get('custom_hooks') and 'readout' not in cfg.model


@pytest.mark.parametrize(
    ('folds', 'epochs', 'method', 'says'),
    [
        (1, 4, None, '--folds=1'),
        (4, 1, None, '--epochs=1'),
        (4, 4, {'plan': {}}, 'method_mine = None'),
    ],
)
def test_mistakes_are_named(cfg, folds, epochs, method, says):
    given = Config({**cfg.to_dict(), 'method_mine': method})
    with pytest.raises(ConfigError, match=says):
        short_study(given, BASE, None, folds, epochs)
