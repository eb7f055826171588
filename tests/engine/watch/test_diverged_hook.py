from __future__ import annotations

import os
import re

import pytest
import torch
from mmengine.hooks import Hook

from mmremix.apis import build_runner
from mmremix.engine import DivergedHook


class Poison(Hook):
    """Sets a weight before a step (or after the epoch's last)."""

    priority = 'VERY_HIGH'

    def __init__(self, epoch, batch, value=float('nan')):
        self.epoch, self.batch, self.value = epoch, batch, value

    def _poison(self, runner):
        with torch.no_grad():
            next(runner.model.heads.parameters()).fill_(self.value)

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if (runner.epoch, batch_idx) == (self.epoch, self.batch):
            self.clips = [
                s.metainfo['clip'] for s in data_batch['data_samples']
            ]
            self._poison(runner)

    def after_train_epoch(self, runner):
        if (runner.epoch, None) == (self.epoch, self.batch):
            self._poison(runner)


def diverge(cfg, poison):
    cfg.method_remix = None
    runner = build_runner(cfg)
    runner.register_hook(poison)
    with pytest.raises(FloatingPointError) as caught:
        runner.train()
    return str(caught.value), runner.work_dir


def saved(work_dir):
    return sorted(n for n in os.listdir(work_dir) if n.startswith('epoch_'))


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_at_the_loss(tiny_config, value):
    poison = Poison(1, 2, value)
    message, work_dir = diverge(tiny_config(), poison)
    assert 'epoch 2, iteration 3 of it' in message
    assert len(poison.clips) == 4
    assert all(clip in message for clip in poison.clips)
    assert re.search(r'last good checkpoint is \S+epoch_1\.pth', message)
    assert 'clip_grad' in message
    assert saved(work_dir) == ['epoch_1.pth']


def test_by_the_last_step_of_an_epoch(tiny_config):
    """Its loss was finite; the weights are not."""
    message, work_dir = diverge(tiny_config(), Poison(1, None))
    assert 'weights are NaN or infinite after epoch 2' in message
    assert 'heads.video.weight' in message
    assert saved(work_dir) == ['epoch_1.pth']


class Outputs:
    """What a run on a GPU or on several ranks does, without them."""

    def __init__(self, hook, monkeypatch):
        self.hook, self.looks = hook, 0
        module = 'mmremix.engine.watch.diverged_hook'
        monkeypatch.setattr(f'{module}.is_distributed', lambda: True)
        real = hook._look
        monkeypatch.setattr(hook, '_look', lambda r: self.look(r, real))

    def look(self, runner, real):
        self.looks += 1
        real(runner)

    def iteration(self, runner, number, loss):
        self.hook.after_train_iter(
            runner, number, {'data_samples': []}, {'loss': torch.tensor(loss)}
        )


def test_looks_only_every_interval(tiny_config, monkeypatch):
    runner = build_runner(tiny_config())
    steps = Outputs(DivergedHook(interval=5), monkeypatch)
    for number in range(12):
        steps.iteration(runner, number, 1.0)
    assert steps.looks == 2
    steps.iteration(runner, 12, float('nan'))
    steps.iteration(runner, 13, 1.0)
    with pytest.raises(FloatingPointError, match='iteration 13 of it'):
        steps.iteration(runner, 14, float('nan'))


def test_a_mask_of_infinities_is_no_divergence(tiny_config):
    runner = build_runner(tiny_config())
    runner.model.register_buffer('masks', torch.tensor([0.0, -torch.inf]))
    hook = DivergedHook()
    hook.before_train(runner)
    state = runner.model.state_dict()
    hook.before_save_checkpoint(runner, {'state_dict': state})
    state['heads.audio.bias'].fill_(torch.nan)
    with pytest.raises(FloatingPointError, match=r'Not saved.*audio\.bias'):
        hook.before_save_checkpoint(runner, {'state_dict': state})


def test_interval():
    with pytest.raises(ValueError, match='at least 1, got 0'):
        DivergedHook(interval=0)
