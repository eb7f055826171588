"""What tests of resuming share, also with the ranks that they start."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from torch import nn

from mmremix.apis import build_runner
from mmremix.registry import MODELS
from tests.demo_run import ROOT, tiny_options, unique_name
from tests.engine.method_run import Stop, tensors
from tests.tool_run import START

EVERY = {
    'default_hooks.checkpoint.by_epoch': False,
    'default_hooks.checkpoint.interval': 1,
}


@MODELS.register_module(force=True)
class PooledEncoder(nn.Module):
    """Without batch norm, so that two ranks can equal one."""

    def __init__(self, in_channels, dropout=0.0):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool1d(8)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(8 * in_channels, 6)
        self.out_channels = 6

    def forward(self, x):
        x = self.pool(x.flatten(2)).flatten(1)
        return self.linear(self.dropout(x)).tanh()


def pooled(cfg, dropout=0.0):
    """The config with such encoders."""
    for name, channels in (('video', 3), ('audio', 1)):
        cfg.model.encoders[name] = {
            'type': 'PooledEncoder',
            'in_channels': channels,
            'dropout': dropout,
        }
    return cfg


def rank_config(demo_root, work_dir, epochs=2, warmup=1, **options):
    """As the fixture ``tiny_config``, for processes of their own."""
    cfg = Config.fromfile(ROOT / 'configs/remix_demo_concat.py')
    cfg.merge_from_dict(tiny_options(demo_root, epochs, warmup))
    cfg.merge_from_dict(
        {
            'val_dataloader.batch_size': 2,
            'model.encoders.video.base_channels': 2,
            'model.encoders.audio.base_channels': 2,
            **options,
        }
    )
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = unique_name(Path(work_dir).name)
    cfg.launcher = 'none'
    return cfg


class Clips(Hook):
    """Notes which sample came when."""

    def __init__(self):
        self.seen = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        for sample in data_batch['data_samples']:
            place = (runner.epoch, batch_idx, runner.iter)
            kept = sample.active_modalities
            self.seen.append((*place, sample.sample_idx, kept))


class Signal(Hook):
    """Sends this process a signal after an iteration."""

    def __init__(self, epoch, batch):
        self.where = epoch, batch

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        if (runner.epoch, batch_idx) == self.where:
            os.kill(os.getpid(), signal.SIGUSR1)


def trained(cfg, *hooks):
    """Train; returns the runner and what it saw, also if a hook stops it."""
    runner, clips = build_runner(cfg), Clips()
    for hook in (clips, *hooks):
        runner.register_hook(hook)
    ends = {Stop: KeyboardInterrupt, Signal: SystemExit}
    end = next((ends[type(h)] for h in hooks if type(h) in ends), None)
    if end is None:
        runner.train()
    else:
        with pytest.raises(end):
            runner.train()
    return runner, clips.seen


def final(work_dir, parts=('state_dict', 'optimizer', 'plan')):
    """Tensors of the newest checkpoint."""
    name = Path(work_dir, 'last_checkpoint').read_text()
    checkpoint = torch.load(name, weights_only=True)
    return tensors({part: checkpoint[part] for part in parts})


def assert_equal(one, other):
    assert one.keys() == other.keys() and one
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def join(rank, world, folder):
    """Become one of several ranks."""
    torch.set_num_threads(1)
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(world))
    os.environ.update(LOCAL_RANK=str(rank), LOCAL_WORLD_SIZE=str(world))
    torch.distributed.init_process_group(
        'gloo',
        init_method=f'file://{folder}/init',
        rank=rank,
        world_size=world,
    )


def start(main, world, *args, **kwargs):
    return torch.multiprocessing.start_processes(
        main, args=args, nprocs=world, start_method=START, **kwargs
    )
