"""Remix with reliability: decided on held-out samples, resumes exactly."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mmremix.apis import build_runner
from mmremix.engine import ReliabilityHook
from mmremix.engine.plan.plan_hook import plan_hook
from mmremix.utils.errors import ConfigError
from tests.methods import kit


def config(tiny_config, epochs=3, **plan):
    cfg = tiny_config('joint_demo_concat', epochs=epochs)
    cfg.held_out = {'folds': 3}
    cfg.method_reliability = {
        'plan': {'type': 'ReliabilityHook', 'warmup_epochs': 1, **plan}
    }
    return cfg


def run(cfg):
    runner = build_runner(cfg)
    runner.train()
    return runner, plan_hook(runner).decision


def test_trains_on_what_held_out_samples_say(tiny_config):
    runner, decision = run(config(tiny_config))
    accuracy, upper = decision['accuracy'], decision['upper']
    assert (upper >= accuracy).all() and (upper <= 1).all()
    size = len(runner.train_dataloader.dataset)
    counts = decision['keeps'].sum(dim=0)
    wanted = (decision['shares'] * size).ceil()
    assert ((counts - wanted).abs() <= 1).all() and counts.max() == size
    logged = runner.visualizer.get_backend('LocalVisBackend')
    text = Path(logged._scalar_save_file).read_text()
    assert 'reliability/share_audio' in text


def test_resumed_after_two_epochs_it_ends_the_same(tiny_config):
    whole, decision = run(config(tiny_config, epochs=3))
    cfg = config(tiny_config, epochs=3)
    cfg.load_from = f'{cfg.work_dir}/epoch_2.pth'
    cfg.resume = True
    resumed, again = run(cfg)
    for key, value in decision.items():
        assert torch.equal(value, again[key]), key
    kit.assert_same(kit.weights(whole.model), kit.weights(resumed.model))


def test_a_stalled_modality_is_handed_back(tiny_config):
    runner = build_runner(config(tiny_config, patience=2))
    hook = next(h for h in runner.hooks if isinstance(h, ReliabilityHook))
    keeps = torch.tensor([[1, 1], [0, 1], [1, 0]]).bool()
    decision = {'keeps': keeps, 'stalled': torch.tensor([2, 1])}
    items = hook.items(decision, runner)
    pairs = list(zip(items.index.tolist(), items.active.tolist(), strict=True))
    assert sorted(pairs) == [
        (0, [False, True]),
        (0, [True, True]),
        (1, [False, True]),
        (2, [True, True]),
    ]
    hook.patience = None
    assert hook.items(decision, runner).counts().tolist() == [2, 2]


@pytest.mark.parametrize('plan', [{'close': 1.0}, {'patience': 0}])
def test_values_out_of_range_are_refused(plan):
    with pytest.raises(ConfigError, match='ReliabilityHook'):
        ReliabilityHook(warmup_epochs=1, **plan)


def test_without_held_out_samples_it_is_refused(tiny_config):
    cfg = config(tiny_config)
    cfg.held_out = None
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint.save_best = None
    with pytest.raises(ConfigError, match='held_out = dict'):
        build_runner(cfg).train()
