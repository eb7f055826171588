"""Whole runs: what is decided, what is decoded, what is encoded."""

from __future__ import annotations

import gc
import multiprocessing
from collections import defaultdict
from contextlib import contextmanager

import pytest
import torch
from mmengine.hooks import Hook

import mmremix.datasets.media.container as container
from mmremix.apis import build_runner
from mmremix.datasets.worker_pool import PooledLoader
from mmremix.engine.plan.plan_hook import plan_hook
from mmremix.remix import assign_weakest

MODALITIES = ('video', 'audio')


class Recorder(Hook):
    """Notes for each epoch which sample came with which modalities."""

    priority = 'LOW'

    def __init__(self):
        self.seen = defaultdict(list)
        self.assigned = {}
        self.scores = {}

    def before_train_epoch(self, runner):
        decision = plan_hook(runner).decision
        self.assigned[runner.epoch] = None
        if decision is not None:
            self.assigned[runner.epoch] = decision['assignments'].long()
            self.scores[runner.epoch] = decision['scores']

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        active = {s.active_modalities for s in data_batch['data_samples']}
        assert len(active) == 1
        assert set(data_batch['inputs']) == set(*active)
        self.seen[runner.epoch] += [
            (s.sample_idx, s.active_modalities)
            for s in data_batch['data_samples']
        ]


class Tilt(Hook):
    """Makes another modality sure of itself before each remix epoch."""

    priority = 'HIGH'

    def before_train_epoch(self, runner):
        name = MODALITIES[runner.epoch % 2]
        with torch.no_grad():
            runner.model.heads[name].weight.mul_(30)


def run(cfg, *hooks):
    runner = build_runner(cfg)
    recorder = Recorder()
    for hook in (recorder, *hooks):
        runner.register_hook(hook)
    runner.train()
    return runner, recorder


@pytest.mark.parametrize('workers', [0, 2])
def test_every_epoch_trains_on_its_own_assignments(tiny_config, workers):
    cfg = tiny_config(
        epochs=4,
        warmup=2,
        **{
            'train_dataloader.num_workers': workers,
            'train_dataloader.persistent_workers': workers > 0,
        },
    )
    runner, recorder = run(cfg, Tilt())
    size = len(runner.train_dataloader.dataset)
    for epoch in (0, 1):
        assert recorder.assigned[epoch] is None
        assert sorted(recorder.seen[epoch]) == [
            (i, MODALITIES) for i in range(size)
        ]
    for epoch in (2, 3):
        assignments = recorder.assigned[epoch]
        assert torch.equal(assignments, assign_weakest(recorder.scores[epoch]))
        assert sorted(recorder.seen[epoch]) == [
            (i, (MODALITIES[assignments[i]],)) for i in range(size)
        ]
    assert not torch.equal(recorder.scores[2], recorder.scores[3])
    assert not torch.equal(recorder.assigned[2], recorder.assigned[3])


class Counted(Hook):
    """How many processes there are after each validation."""

    def __init__(self):
        self.counts = []

    def after_val_epoch(self, runner, metrics=None):
        self.counts.append(len(multiprocessing.active_children()))


def test_training_scoring_and_validation_share_their_workers(tiny_config):
    gc.collect()  # workers of other tests
    before = len(multiprocessing.active_children())
    counted = Counted()
    cfg = tiny_config(
        epochs=2,
        warmup=1,
        **{
            f'{name}_dataloader.{key}': value
            for name in ('train', 'val')
            for key, value in (
                ('num_workers', 1),
                ('persistent_workers', True),
            )
        },
    )
    runner, recorder = run(cfg, counted)
    assert counted.counts == [before + 1] * 2
    loaders = runner.train_dataloader, runner.val_dataloader
    assert isinstance(plan_hook(runner).dataloader, PooledLoader)
    assert all(isinstance(each, PooledLoader) for each in loaders)
    size = len(runner.train_dataloader.dataset)
    assert sorted(recorder.seen[1]) == [
        (i, (MODALITIES[recorder.assigned[1][i]],)) for i in range(size)
    ]


def test_interval_keeps_assignments_in_between(tiny_config):
    cfg = tiny_config(epochs=4, warmup=1)
    cfg.method_remix.plan['interval'] = 2
    _, recorder = run(cfg)
    assert torch.equal(recorder.scores[1], recorder.scores[2])
    assert torch.equal(recorder.assigned[1], recorder.assigned[2])
    assert not torch.equal(recorder.scores[2], recorder.scores[3])


def test_masked_modality_is_neither_decoded_nor_encoded(
    tiny_config, monkeypatch
):
    """Counts of decoded packets and of encoder calls, step by step."""
    decoded = defaultdict(int)
    opened = container.open_container

    class Counting:
        def __init__(self, inner):
            self._inner = inner

        def __getattr__(self, name):
            return getattr(self._inner, name)

        def demux(self, *streams):
            for packet in self._inner.demux(*streams):
                decoded[packet.stream.type] += 1
                yield packet

        def decode(self, *streams):
            for frame in self._inner.decode(*streams):
                decoded['video' if hasattr(frame, 'width') else 'audio'] += 1
                yield frame

    @contextmanager
    def counting(path, *args, **options):
        with opened(path, *args, **options) as inner:
            yield Counting(inner)

    monkeypatch.setattr(container, 'open_container', counting)
    cfg = tiny_config(epochs=3, warmup=1, val_cfg=None)
    cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint.save_best = None
    runner = build_runner(cfg)
    encoded = defaultdict(int)
    steps = []

    class Counter(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            # The loader has just made this batch: num_workers is 0.
            steps.append(
                (
                    runner.epoch,
                    data_batch['data_samples'][0].active_modalities,
                    dict(decoded),
                )
            )
            decoded.clear()
            encoded.clear()

        def after_train_iter(
            self, runner, batch_idx, data_batch=None, outputs=None
        ):
            steps[-1] += (dict(encoded),)

        def before_train_epoch(self, runner):
            # What the scoring pass decoded.
            decoded.clear()

    runner.register_hook(Counter(), priority='LOW')
    for name, encoder in runner.model.encoders.items():
        encoder.register_forward_hook(
            lambda *_, name=name: encoded.__setitem__(name, encoded[name] + 1)
        )
    runner.train()
    kinds = {active for _, active, _, _ in steps}
    assert kinds == {MODALITIES, ('video',), ('audio',)}
    for epoch, active, packets, calls in steps:
        assert (epoch == 0) == (active == MODALITIES)
        assert set(packets) == set(active)
        assert calls == dict.fromkeys(active, 1)


def test_joint_run_never_scores(tiny_config):
    cfg = tiny_config('joint_demo_concat', epochs=1)
    runner = build_runner(cfg)
    runner.train()
    assert runner.train_dataloader.batch_sampler.items is None
    assert runner.iter == 7  # 26 samples in fours
