"""Losses are read late, and those that are not there are not shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mmremix.apis import build_runner
from mmremix.engine import DeferredInfoHook


def train_lines(cfg):
    build_runner(cfg).train()
    (path,) = Path(cfg.work_dir).glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in lines if 'loss' in line]


def config(tiny_config, name, interval=2, **options):
    cfg = tiny_config(epochs=2, warmup=1, **options)
    cfg.work_dir += name
    cfg.default_hooks.logger.interval = interval
    cfg.log_processor.window_size = interval
    return cfg


def test_same_log_as_mmengine_but_for_absent_losses(tiny_config):
    ours = train_lines(config(tiny_config, 'ours'))
    cfg = config(tiny_config, 'theirs')
    cfg.default_hooks.runtime_info.type = 'RuntimeInfoHook'
    cfg.log_processor.type = 'LogProcessor'
    theirs = train_lines(cfg)
    assert len(ours) == len(theirs) >= 6
    for line, other in zip(ours, theirs, strict=True):
        assert line['loss'] == pytest.approx(other['loss'])
        assert line['loss_fusion'] == pytest.approx(other['loss_fusion'])
    joint = [line for line in ours if line['epoch'] == 1]
    remix = [line for line in ours if line['epoch'] == 2]
    assert all({'loss_video', 'loss_audio'} <= line.keys() for line in joint)
    shown = [
        tuple(n for n in ('loss_video', 'loss_audio') if n in line)
        for line in remix
    ]
    # Batches of one modality, then of the other.
    assert shown[0] == ('loss_video',) and shown[-1] == ('loss_audio',)
    # mmengine shows both for ever.
    assert {'loss_video', 'loss_audio'} <= theirs[-1].keys()


def test_mean_over_the_steps_that_have_it(tiny_config):
    """One line for all steps of an epoch, against a line for each step."""
    options = {'train_dataloader.batch_sampler.order': 'alternate'}
    single = train_lines(config(tiny_config, 'single', 1, **options))
    remix = [line for line in single if line['epoch'] == 2]
    whole = train_lines(config(tiny_config, 'whole', len(remix), **options))
    for name in ('loss_video', 'loss_audio'):
        values = [line[name] for line in remix if name in line]
        assert 0 < len(values) < len(remix)
        mean = sum(values) / len(values)
        assert whole[-1][name] == pytest.approx(mean, rel=1e-5)


def test_values_of_other_kinds(tiny_config):
    """Numbers, tensors of one element; only losses are noted as absent."""
    runner = build_runner(tiny_config())
    hook = DeferredInfoHook()
    hook.before_train(runner)
    steps = [
        {'loss_a': torch.tensor([2.0]), 'acc_a': 0.5},
        {'loss_b': torch.tensor(3, dtype=torch.float64)},
    ]
    hook._steps = [
        {name: torch.as_tensor(value) for name, value in step.items()}
        for step in steps
    ]
    hook._read(runner)
    scalars = runner.message_hub.log_scalars
    assert scalars['train/acc_a'].current() == 0.5
    assert scalars['train/acc_a'].data[1].tolist() == [1]
    assert scalars['train/loss_a'].data[1].tolist() == [1, 0]
    assert scalars['train/loss_b'].mean() == 3


def test_what_is_no_longer_recorded(tiny_config):
    """A method that acts in the first epoch only, and its run resumed."""

    def acting(name, epochs):
        cfg = tiny_config('joint_demo_concat', epochs=epochs)
        cfg.work_dir += name
        cfg.default_hooks.logger.interval = 1
        cfg.method_ogm = {'step': {'type': 'OGM', 'end_epoch': 0}}
        return cfg

    lines = train_lines(acting('whole', 2))
    assert {line['epoch'] for line in lines} == {1, 2}
    for line in lines:
        assert ('ogm/k_video' in line) == (line['epoch'] == 1)
    build_runner(acting('resumed', 1)).train()
    cfg = acting('resumed', 2)
    cfg.resume = True
    runner = build_runner(cfg)
    runner.train()
    assert runner.epoch == 2
    scalars = runner.message_hub.log_scalars
    assert not [key for key in scalars if 'ogm' in key]
