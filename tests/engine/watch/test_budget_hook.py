from __future__ import annotations

import torch

from mmremix.apis import build_runner, train
from mmremix.engine import BudgetHook
from tests.demo_run import NUM_TRAIN


def test_scoring_counts_and_validation_does_not(tiny_config):
    cfg = tiny_config(epochs=2, warmup=1)
    cfg.default_hooks.budget = {'type': 'BudgetHook'}
    cfg.optim_wrapper.accumulative_counts = 2
    cfg.train_dataloader.batch_sampler.accumulation = 2
    runner = build_runner(cfg)
    train(runner)
    spent = next(h for h in runner.hooks if isinstance(h, BudgetHook)).spent
    # Warm-up and scoring encode every clip in full, the remix epoch each
    # clip once.
    assert set(spent.passes) == {'video', 'audio'}
    assert sum(spent.passes.values()) == NUM_TRAIN * (2 + 2 + 1)
    assert min(spent.passes.values()) >= 2 * NUM_TRAIN
    assert spent.steps * 2 == runner.iter
    assert spent.seconds > 0
    last = torch.load(f'{cfg.work_dir}/epoch_2.pth', weights_only=True)
    assert last['budget']['passes'] == spent.passes
    assert last['budget']['steps'] == spent.steps
