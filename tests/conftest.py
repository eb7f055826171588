"""Demo clips and a tiny run, shared by the end-to-end tests."""

from __future__ import annotations

import functools
import gc

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import runner as mmengine_runner

from mmremix.demo import make_demo
from tests.demo_run import (
    NUM_TEST,
    NUM_TRAIN,
    ROOT,
    tiny_options,
    unique_name,
)
from tests.tool_run import forget_runs


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
    """What a test leaves is no other test's."""
    yield
    forget_runs()


@pytest.fixture(autouse=True, scope='session')
def _one_thread():
    """Two cores do not speed up such small tensors."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope='module')
def _modules_are_no_garbage():
    """mmengine's data sets collect garbage when they are built.

    That looks through every object of every package, unless these are set
    aside: a fifth of the time of a short run.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope='session')
def _one_look_at_the_machine():
    """mmengine starts compilers, to log their versions, in every run."""
    once = functools.cache(mmengine_runner.collect_env)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mmengine_runner, 'collect_env', lambda: dict(once()))
        yield
