"""What is said at the end of a run, and of which runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mmremix.apis import build_runner
from mmremix.engine import DiagnosisHook
from mmremix.evaluation.diagnosis import Evidence

ASKED = 'Whether balancing would help'


def log_of(runner):
    (log,) = Path(runner.work_dir).glob('*/*.log')
    return log.read_text()


def said_in(cfg):
    return Path(cfg.work_dir, 'diagnosis.json')


def test_a_joint_run_is_judged_and_stays_as_it_is(tiny_config):
    states = []
    for number, on in enumerate((False, True)):
        cfg = tiny_config('joint_demo_concat', epochs=1)
        cfg.work_dir += str(number)
        # Without it each epoch would be seeded anew.
        del cfg.default_hooks['epoch_seed']
        cfg.default_hooks.gradient_conflict.interval = 1
        if not on:
            cfg.default_hooks.diagnosis = None
        runner = build_runner(cfg)
        runner.train()
        assert (ASKED in log_of(runner)) is on
        assert said_in(cfg).is_file() is on
        states.append((runner.model.state_dict(), torch.get_rng_state()))
    (one, random), (other, as_random) = states
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert torch.equal(random, as_random)
    found = json.loads(said_in(cfg).read_text())
    evidence = Evidence.of_plain(found['evidence'])
    (scalars,) = Path(cfg.work_dir).glob('*/vis_data/scalars.json')
    logged = [json.loads(line) for line in scalars.read_text().splitlines()]
    last = [line for line in logged if 'acc/fusion_top1' in line][-1]
    for name in ('fusion', 'heads', 'video', 'audio'):
        top1 = last[f'acc/{name}_top1']
        assert evidence.accuracy[name] == pytest.approx(top1, abs=1e-4)
        assert 0 <= evidence.train[name] <= 1
    assert (evidence.samples, found['epoch'], evidence.epochs) == (12, 1, 1)
    assert set(evidence.angle) == {'video', 'audio'}
    # The demo validates on its test clips.
    assert evidence.held_out is False
    assert 'These are the test samples' in found['text']
    assert found['text'] in log_of(runner)
    # Resumed at its end, nothing is validated, and nothing said.
    written = said_in(cfg).stat().st_mtime_ns
    cfg.resume = True
    runner = build_runner(cfg)
    runner.train()
    assert said_in(cfg).stat().st_mtime_ns == written


def test_a_run_with_a_method_is_not(tiny_config):
    runner = build_runner(tiny_config(epochs=2))
    runner.train()
    assert ASKED not in log_of(runner)


def test_one_modality_is_not(tiny_config):
    cfg = tiny_config('joint_demo_concat', epochs=1)
    cfg.model.encoders.video = None
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].dataset.modalities = ['audio']
    runner = build_runner(cfg)
    runner.train()
    assert ASKED not in log_of(runner) and not said_in(cfg).exists()


def test_without_heads_it_says_what_to_write(tiny_config):
    cfg = tiny_config('joint_demo_concat', epochs=1)
    cfg.model.unimodal = 'fusion'
    runner = build_runner(cfg)
    runner.train()
    assert f'{ASKED}: it is told from heads' in log_of(runner)
    assert "model = dict(unimodal='heads'" in log_of(runner)


def test_held_out_people(tiny_config):
    cfg = tiny_config('joint_demo_concat', epochs=1)
    cfg.held_out = {'share': 0.3}
    cfg.default_hooks.diagnosis.train_samples = 5
    build_runner(cfg).train()
    found = Evidence.of_plain(json.loads(said_in(cfg).read_text())['evidence'])
    assert found.held_out is True and found.samples == 8
    assert all((5 * share) % 1 < 1e-6 for share in found.train.values())


def test_bad_option():
    with pytest.raises(ValueError, match=r'at least 0, got -1'):
        DiagnosisHook(train_samples=-1)
