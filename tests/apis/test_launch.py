from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmremix.apis import build_runner, train
from mmremix.utils.process_group import group_timeout
from tests.engine.toy_run import toy_config
from tests.tool_run import START, free_port


@pytest.mark.parametrize(
    ('key', 'value', 'message'),
    [
        (
            'model_wrapper_cfg',
            {'type': 'MMFullyShardedDataParallel'},
            r"shards the parameters.*type='MMDistributedDataParallel'",
        ),
        ('runner_type', 'FlexibleRunner', r'Remove runner_type and strategy'),
        (
            'strategy',
            {'type': 'DDPStrategy'},
            r'writes its checkpoints',
        ),
    ],
)
def test_what_remix_does_not_work_with(tiny_config, key, value, message):
    cfg = tiny_config()
    cfg[key] = value
    with pytest.raises(ValueError, match=f'(?s){message}'):
        build_runner(cfg)


class Hang(Hook):
    """Never comes back from a point of the run."""

    priority = 'HIGHEST'

    def __init__(self, point):
        self.point = point

    def before_train_epoch(self, runner):
        if self.point == 'epoch':
            time.sleep(3600)

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if batch_idx == self.point:
            time.sleep(3600)


def hang_main(rank, work_dir, port, point):
    """One of two ranks, of which the second hangs."""
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE='2',
        LOCAL_WORLD_SIZE='2',
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT=str(port),
    )
    options = {'launcher': 'pytorch', 'env_cfg.dist_cfg.timeout': 10}
    cfg = toy_config(work_dir, **options)
    runner = build_runner(cfg)
    if rank == 1:
        runner.register_hook(Hang(point))
    train(runner)


@pytest.mark.parametrize('point', ['epoch', 2])
def test_nobody_waits_longer_than_the_timeout(tmp_path, point):
    """Where ranks ask each other for signals, and for gradients."""
    context = torch.multiprocessing.start_processes(
        hang_main,
        args=(tmp_path / 'work', free_port(), point),
        nprocs=2,
        start_method=START,
        join=False,
    )
    waits, hangs = context.processes
    try:
        waits.join(timeout=120)
        assert waits.exitcode == 1
        assert hangs.exitcode is None
    finally:
        hangs.kill()
        waits.kill()
    error = Path(context.error_files[0]).read_bytes()
    assert re.search(rb'timed out|timeout', error, re.IGNORECASE)


def test_timeouts_that_are_none():
    assert group_timeout({'backend': 'nccl'}) is None
    assert group_timeout({'timeout': 90}).total_seconds() == 90
    for wrong in (0, -1, '30'):
        with pytest.raises(ValueError, match=f'seconds, got {wrong!r}'):
            group_timeout({'timeout': wrong})
