"""Runs that are stopped within an epoch and go on at the very batch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from mmremix.engine.checkpoints.position import Position
from tests.engine.checkpoints import parts
from tests.engine.checkpoints.parts import EVERY, assert_equal, final, trained
from tests.engine.method_run import Stop

ACCUMULATION = {
    'optim_wrapper.accumulative_counts': 2,
    'train_dataloader.batch_sampler.accumulation': 2,
}
WORKERS = {
    'train_dataloader.num_workers': 2,
    'train_dataloader.persistent_workers': True,
}
BY_ITERATION = {
    'param_scheduler': {
        'type': 'LinearLR',
        'start_factor': 0.1,
        'by_epoch': False,
        'end': 12,
    },
    'train_dataloader.batch_sampler.tail': 'fixed',
}


@pytest.mark.parametrize(
    ('stopped_in', 'options', 'then'),
    [(0, BY_ITERATION, {}), (1, {}, WORKERS), (1, ACCUMULATION, {})],
    ids=['joint', 'remix, workers', 'accumulation'],
)
def test_goes_on_at_the_very_batch(tiny_config, stopped_in, options, then):
    def config(name, **more):
        cfg = tiny_config(epochs=2, warmup=1, **EVERY, **options, **more)
        cfg.work_dir += name
        return parts.pooled(cfg, dropout=0.3) if stopped_in else cfg

    whole, seen = trained(config('a'))
    # Before the checkpoint of the third batch.
    trained(config('b'), Stop(stopped_in))
    resumed, after = trained(config('b', resume=True, **then))
    first = next(i for i, s in enumerate(seen) if s[:2] == (stopped_in, 2))
    assert after == seen[first:]
    assert_equal(final(whole.work_dir), final(resumed.work_dir))
    assert resumed.iter == whole.iter


def test_a_finished_epoch_that_is_not_closed(tiny_config, monkeypatch):
    """Killed between the last batch's checkpoint and the epoch's end."""

    def config(name, **more):
        cfg = tiny_config(epochs=2, warmup=1, **EVERY, **more)
        cfg.work_dir += name
        return parts.pooled(cfg)

    class StopAtTheEnd(Stop):
        priority = 'HIGHEST'

        def after_train_iter(self, *args, **kwargs):
            pass

        def after_train_epoch(self, runner):
            raise KeyboardInterrupt

    whole, seen = trained(config('a'))
    with pytest.raises(KeyboardInterrupt):
        trained(config('b'), StopAtTheEnd(0))
    resumed, after = trained(config('b', resume=True))
    assert after == [entry for entry in seen if entry[0] == 1]
    assert_equal(final(whole.work_dir), final(resumed.work_dir))


def test_a_step_of_the_optimiser_is_not_cut(tiny_config):
    """Due after three batches, saved after the step's fourth."""
    options = {**ACCUMULATION, **EVERY, 'default_hooks.checkpoint.interval': 3}
    keep = {'default_hooks.checkpoint.max_keep_ckpts': -1}
    cfg = parts.pooled(tiny_config(epochs=2, **options, **keep))
    runner, _ = trained(cfg)
    saved = [
        torch.load(path, weights_only=True)['position']['done']
        for path in Path(runner.work_dir).glob('iter_*.pth')
    ]
    assert 4 in saved and not any(done % 2 for done in saved)


def test_a_signal_saves_where_the_run_is(tiny_config):
    """With checkpoints of epochs too; a step that is not cut."""

    def config(name, **more):
        cfg = tiny_config(epochs=2, warmup=1, **ACCUMULATION, **more)
        cfg.work_dir += name
        return parts.pooled(cfg, dropout=0.3)

    whole, seen = trained(config('a'))
    stopped, before = trained(config('b'), parts.Signal(1, 2))
    assert before[-1][:2] == (1, 3)
    folder = Path(stopped.work_dir)
    last = (folder / 'last_checkpoint').read_text()
    assert last == str(folder / 'within_epoch.pth')
    _, after = trained(config('b', resume=True))
    assert after[0][:2] == (1, 4)
    assert after == [s for s in seen if s[:2] >= (1, 4)]
    assert_equal(final(whole.work_dir), final(folder))
    names = [n for n in os.listdir(folder) if n.endswith('.pth')]
    assert 'within_epoch.pth' not in names
    assert sorted(names) == sorted(
        n for n in os.listdir(whole.work_dir) if n.endswith('.pth')
    )


def test_other_batches(tiny_config):
    """Numbers and the lines to write; within an epoch it begins anew."""

    def config(**more):
        return parts.pooled(tiny_config(epochs=2, warmup=1, **EVERY, **more))

    trained(config(), Stop(1))
    more = {'resume': True, 'train_dataloader.batch_size': 6}
    runner, after = trained(config(**more))
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    assert '1 rank(s) x batch_size=4 = 4 samples a step' in log
    assert '1 rank(s) x batch_size=6 = 6 samples a step' in log
    assert 'train_dataloader=dict(batch_size=4)' in log
    assert 'after 2 batches of epoch 2. With other batches' in log
    assert after[0][:2] == (1, 0) and len(after) == 26


def test_lines():
    def position(world, batch, counts=1, done=0):
        return Position(done, world, batch, counts, [])

    assert position(2, 4).same_batches(position(1, 8))
    assert not position(2, 4).same_batches(position(1, 4, 2))
    assert str(position(2, 4, 2)) == (
        '2 rank(s) x batch_size=4 x accumulative_counts=2 = 16 samples a step'
    )
