"""Modality dropout in the plan: whole runs on demo clips."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmremix.apis import build_runner
from mmremix.engine import ModalityDropoutHook

NAMES = ('video', 'audio')


class Recorder(Hook):
    """Notes for each epoch what each sample kept, step by step."""

    priority = 'LOW'

    def __init__(self, stop=None):
        self.seen = defaultdict(dict)
        self.kinds = defaultdict(list)
        self.stop = stop

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if (runner.epoch, batch_idx) == self.stop:
            raise KeyboardInterrupt
        active = {s.active_modalities for s in data_batch['data_samples']}
        (active,) = active
        assert set(data_batch['inputs']) == set(active)
        self.kinds[runner.epoch].append(active)
        for sample in data_batch['data_samples']:
            assert sample.sample_idx not in self.seen[runner.epoch]
            self.seen[runner.epoch][sample.sample_idx] = active


@pytest.fixture
def config(tiny_config):
    def make(epochs=3, **plan):
        cfg = tiny_config('joint_demo_concat', epochs=epochs)
        cfg.method_modality_dropout_samples = {
            'plan': {'type': 'ModalityDropoutHook', **plan},
            'train_dataloader': {'batch_sampler': {'order': 'shuffled'}},
        }
        return cfg

    return make


def train(cfg, **options):
    runner = build_runner(cfg)
    recorder = Recorder(**options)
    runner.register_hook(recorder)
    with contextlib.suppress(KeyboardInterrupt):
        runner.train()
    return runner, recorder


def test_every_sample_keeps_a_set_of_its_own_each_epoch(config):
    runner, recorder = train(config(warmup_epochs=1))
    size = len(runner.train_dataloader.dataset)
    assert recorder.seen[0] == dict.fromkeys(range(size), NAMES)
    for epoch in (1, 2):
        assert sorted(recorder.seen[epoch]) == list(range(size))
        assert set(recorder.seen[epoch].values()) == {
            NAMES,
            *((name,) for name in NAMES),
        }
    assert recorder.seen[1] != recorder.seen[2]
    # In random order, not one set after the other.
    changes = sum(
        a != b
        for a, b in zip(recorder.kinds[1], recorder.kinds[1][1:], strict=False)
    )
    assert changes > 2


def test_only_the_named_modality_is_left_out(config):
    _, recorder = train(config(epochs=1, p={'audio': 1.0}))
    assert set(recorder.seen[0].values()) == {('video',)}


def test_stopped_and_resumed_is_bit_identical(config):
    def run(name, resume=False, **options):
        cfg = config(epochs=3)
        cfg.work_dir += name
        cfg.resume = resume
        return train(cfg, **options)

    whole, recorded = run('a')
    run('b', stop=(1, 2))
    resumed, again = run('b', resume=True)
    assert again.seen[2] == recorded.seen[2]
    one, other = (
        torch.load(Path(r.work_dir, 'epoch_3.pth'), weights_only=True)
        for r in (whole, resumed)
    )
    assert torch.equal(
        one['plan']['tensors']['keeps'], other['plan']['tensors']['keeps']
    )
    for name, value in one['state_dict'].items():
        assert torch.equal(value, other['state_dict'][name]), name


def test_batches_with_several_modalities_remain(config):
    cfg = config(epochs=1)
    runner = build_runner(cfg)
    assert ModalityDropoutHook(0.5).pure_from(runner) is None
    assert ModalityDropoutHook(1.0, warmup_epochs=2).pure_from(runner) == 2


def test_refusals(config):
    with pytest.raises(ValueError, match=r'p must be in \[0, 1\]'):
        ModalityDropoutHook(p=-1)
    runner = build_runner(config(epochs=1, p={'sound': 0.5}))
    with pytest.raises(ValueError, match=r'p=dict\(video=0.5\)'):
        runner.train()
