"""Tiny runs of a method, stopped or not, for tests of hooks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook

from mmremix.apis import build_runner
from tests.demo_run import ROOT


def method_config(make, base, epochs=3, **options):
    """The joint demo run with a method's config base.

    Args:
        make: The fixture ``tiny_config``.
        base: Name of the file in ``configs/_base_/methods``.
        epochs: How many.
        options: Of the config, by path.
    """
    cfg = make('joint_demo_concat', epochs=epochs)
    path = ROOT / f'configs/_base_/methods/{base}.py'
    cfg.merge_from_dict(Config.fromfile(path).to_dict())
    cfg.merge_from_dict(options)
    return cfg


class Recorder(Hook):
    """Notes for each epoch which sample came with which modalities."""

    priority = 'LOW'

    def __init__(self):
        self.seen = {}
        self.loaded = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        samples = data_batch['data_samples']
        active = {s.active_modalities for s in samples}
        assert len(active) == 1
        self.seen.setdefault(runner.epoch, []).extend(
            (s.sample_idx, *active) for s in samples
        )
        self.loaded.setdefault(runner.epoch, set()).update(
            data_batch['inputs']
        )


class Stop(Hook):
    """Stops the run in the middle of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        if runner.epoch == self.epoch and batch_idx == 2:
            raise KeyboardInterrupt


def run(cfg, *hooks):
    """Train; returns the runner."""
    runner = build_runner(cfg)
    for hook in hooks:
        runner.register_hook(hook)
    runner.train()
    return runner


def last_checkpoint(runner):
    path = Path(runner.work_dir, f'epoch_{runner.max_epochs}.pth')
    return torch.load(path, weights_only=True)


def tensors(state):
    """All tensors of a nested state, by path."""
    if isinstance(state, torch.Tensor):
        return {'': state}
    items = state.items() if isinstance(state, dict) else enumerate(state)
    return {
        f'/{key}{path}': tensor
        for key, value in items
        if isinstance(value, dict | list | torch.Tensor)
        for path, tensor in tensors(value).items()
    }


def assert_resumes(config, stopped_in, parts):
    """A run stopped within an epoch and resumed ends bit-identical.

    Args:
        config: A function that makes the config anew.
        stopped_in: The epoch, from 0.
        parts: Keys of the checkpoint to compare.
    """

    def made(name, **options):
        cfg = config()
        cfg.merge_from_dict(options)
        cfg.work_dir += name
        cfg.experiment_name += name
        return cfg

    undisturbed = run(made('a'))
    with pytest.raises(KeyboardInterrupt):
        run(made('b'), Stop(stopped_in))
    resumed = run(made('b', resume=True))
    final = [last_checkpoint(r) for r in (undisturbed, resumed)]
    for part in parts:
        one, other = (tensors(checkpoint[part]) for checkpoint in final)
        assert one.keys() == other.keys() and one
        for name, tensor in one.items():
            # Of what could not be scored, NaN.
            torch.testing.assert_close(
                tensor, other[name], rtol=0, atol=0, equal_nan=True
            )
