"""Demo clips and a tiny run, shared by the end-to-end tests."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

from mmremix.demo import make_demo
from tests.demo_run import (
    NUM_TEST,
    NUM_TRAIN,
    ROOT,
    tiny_options,
    unique_name,
)


@pytest.fixture(scope='session')
def demo_root(tmp_path_factory):
    """A small set of the demo clips, made anew."""
    root = tmp_path_factory.mktemp('demo')
    make_demo(root, num_train=NUM_TRAIN, num_test=NUM_TEST, seed=1)
    return root


@pytest.fixture
def tiny_config(demo_root, tmp_path):
    """The demo config, small; a function of further options."""

    def make(name='remix_demo_concat', epochs=3, warmup=1, **options):
        cfg = Config.fromfile(ROOT / 'configs' / f'{name}.py')
        merged = tiny_options(demo_root, epochs, warmup)
        if 'method_remix' not in cfg:
            del merged['method_remix.plan.warmup_epochs']
        cfg.merge_from_dict(merged)
        cfg.merge_from_dict(options)
        cfg.work_dir = str(tmp_path / 'work')
        cfg.experiment_name = unique_name(tmp_path.name)
        cfg.launcher = 'none'
        return cfg

    return make


@pytest.fixture(autouse=True)
def _fresh_mmengine():
    """mmengine keeps loggers (with their files), scopes and hubs by name."""
    yield
    for manager in (MMLogger, Visualizer, MessageHub, DefaultScope):
        manager._instance_dict.clear()


@pytest.fixture(autouse=True, scope='session')
def _one_thread():
    """Two cores do not speed up such small tensors."""
    torch.set_num_threads(1)
