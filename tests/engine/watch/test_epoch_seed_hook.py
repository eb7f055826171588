from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmremix.apis import build_runner
from tests.engine.toy_run import toy_config


class Watch(Hook):
    """Notes the order of the samples and a draw of every generator."""

    def __init__(self, stop_at=None):
        self.stop_at = stop_at
        self.order, self.draws = {}, {}

    def before_train_epoch(self, runner):
        if runner.epoch == self.stop_at:
            raise KeyboardInterrupt

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        clips = [sample.clip for sample in data_batch['data_samples']]
        self.order.setdefault(runner.epoch, []).extend(clips)
        if batch_idx == 0:
            self.draws[runner.epoch] = (
                random.random(),
                np.random.rand(),
                float(torch.rand(())),
            )


def run(tmp_path, name, seed=None, stop_at=None, **options):
    cfg = toy_config(tmp_path / name, **options)
    cfg.randomness.seed = seed
    runner, watch = build_runner(cfg), Watch(stop_at)
    runner.register_hook(watch)
    if stop_at is None:
        runner.train()
    else:
        with pytest.raises(KeyboardInterrupt):
            runner.train()
    return runner, watch


@pytest.mark.parametrize('other', [None, 5])
def test_a_resumed_run_keeps_its_seed(tmp_path, other):
    """Whether it was drawn by chance or another is given."""
    whole, first = run(tmp_path, 'a')
    run(tmp_path, 'b', seed=whole.seed, stop_at=1)
    resumed, second = run(tmp_path, 'b', seed=other, resume=True)
    assert resumed.seed == whole.seed
    assert set(second.order) == {1, 2}
    for epoch in (1, 2):
        assert second.order[epoch] == first.order[epoch]
        assert second.draws[epoch] == first.draws[epoch]
    assert first.draws[0] != first.draws[1]


def test_a_new_run_from_weights_has_its_own_seed(tmp_path):
    whole, first = run(tmp_path, 'a', seed=1)
    path = f'{whole.work_dir}/epoch_3.pth'
    fresh, second = run(tmp_path, 'b', seed=2, load_from=path)
    assert fresh.seed == 2
    assert second.order[0] != first.order[0]
