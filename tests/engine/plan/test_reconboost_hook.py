"""Whole runs: whose turn it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmremix.apis import build_runner
from mmremix.engine import ReconBoostHook
from mmremix.engine.plan.plan_hook import plan_hook
from mmremix.engine.plan.reconboost_hook import stage_of
from tests.engine.method_run import (
    Recorder,
    assert_resumes,
    method_config,
    run,
)

NAMES = ('video', 'audio')
SHORT = {
    'method_reconboost.plan.stage_epochs': 1,
    'method_reconboost.plan.rectify_epochs': 1,
}


def test_stages():
    stages = [stage_of(epoch, 2, 2, 1) for epoch in range(8)]
    assert stages == [0, 0, None, 1, 1, None, 0, 0]
    assert [stage_of(epoch, 3, 1, 0) for epoch in range(4)] == [0, 1, 2, 0]


def test_modalities_take_turns_and_all_are_loaded(tiny_config):
    recorder = Recorder()
    runner = run(
        method_config(tiny_config, 'reconboost', epochs=3, **SHORT), recorder
    )
    size = len(runner.train_dataloader.dataset)
    for epoch, active in enumerate((('video',), NAMES, ('audio',))):
        assert sorted(recorder.seen[epoch]) == [
            (i, active) for i in range(size)
        ]
        assert recorder.loaded[epoch] == set(NAMES)
    logged = runner.message_hub.log_scalars
    assert 'train/reconboost/known_to_others' in logged
    losses = {key for key in logged if key.startswith('train/loss_')}
    assert losses == {f'train/loss_{n}' for n in (*NAMES, 'fusion')}


@pytest.mark.parametrize('stopped_in', [1, 2])
def test_resumed_run_ends_the_same(tiny_config, stopped_in):
    assert_resumes(
        lambda: method_config(tiny_config, 'reconboost', **SHORT),
        stopped_in,
        parts=('state_dict', 'optimizer'),
    )


def test_a_modality_without_a_stage_is_told(tiny_config):
    runner = run(method_config(tiny_config, 'reconboost', epochs=1))
    (log,) = Path(runner.work_dir).glob('*/*.log')
    assert 'in 1 epochs audio will never have a stage' in log.read_text()


def test_stages_without_the_loss_are_refused(tiny_config):
    cfg = method_config(tiny_config, 'reconboost', **SHORT)
    cfg.method_reconboost.step = None
    with pytest.raises(ValueError, match="step=dict\\(type='ReconBoost'"):
        run(cfg)


def test_samples_without_a_modality_are_refused(tiny_config, monkeypatch):
    runner = build_runner(method_config(tiny_config, 'reconboost', **SHORT))
    there = np.ones((26, 2), dtype=bool)
    there[3, 1] = False
    dataset = runner.build_dataloader(runner._train_dataloader).dataset
    monkeypatch.setattr(type(dataset), 'presence', lambda _: there)
    with pytest.raises(ValueError, match='1 of 26 training samples lack one'):
        runner.train()


@pytest.mark.parametrize(('rectify', 'expected'), [(1, None), (0, 0)])
def test_when_all_batches_are_pure(tiny_config, rectify, expected):
    cfg = method_config(tiny_config, 'reconboost')
    cfg.method_reconboost.plan.rectify_epochs = rectify
    runner = build_runner(cfg)
    assert plan_hook(runner).pure_from(runner) == expected


@pytest.mark.parametrize(
    'wrong', [{'stage_epochs': 0}, {'rectify_epochs': -1}]
)
def test_options(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ReconBoostHook(**wrong)
