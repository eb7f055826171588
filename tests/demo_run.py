"""The demo run, small enough for a test."""

from __future__ import annotations

import itertools
from pathlib import Path

ROOT = Path(__file__).parents[1]
NUM_TRAIN, NUM_TEST = 26, 12
_number = itertools.count()


def unique_name(name):
    """A name of its own for every run of a process.

    Runs of one name that begin in the same second share mmengine's message
    hub, and with it the best score so far.
    """
    return f'{name}_{next(_number)}'


def tiny_options(demo_root, epochs=3, warmup=1):
    """Config options that make the demo run a matter of seconds."""
    return {
        'train_cfg.max_epochs': epochs,
        'method_remix.plan.warmup_epochs': warmup,
        'model.encoders.video.base_channels': 4,
        'model.encoders.audio.base_channels': 4,
        'train_dataloader.batch_size': 4,
        **{
            f'{name}_dataloader.{key}': value
            for name in ('train', 'val', 'test')
            for key, value in (
                ('num_workers', 0),
                ('persistent_workers', False),
                ('dataset.data_root', str(demo_root)),
            )
        },
    }


def narrow(cfg):
    """Encoders of a few channels, which are built in no time."""
    for encoder in cfg.model.encoders.values():
        if encoder is not None and 'base_channels' in encoder:
            encoder.base_channels = 4
    return cfg
