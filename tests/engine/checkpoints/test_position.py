"""Runs that are stopped within an epoch and go on at the very batch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmremix.apis import build_runner
from tests.engine.method_run import Stop, tensors

EVERY = {
    'default_hooks.checkpoint.by_epoch': False,
    'default_hooks.checkpoint.interval': 1,
}
ACCUMULATION = {
    'optim_wrapper.accumulative_counts': 2,
    'train_dataloader.batch_sampler.accumulation': 2,
}
WORKERS = {
    'train_dataloader.num_workers': 2,
    'train_dataloader.persistent_workers': True,
}


class Clips(Hook):
    """Notes which sample came when."""

    def __init__(self):
        self.seen = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        for sample in data_batch['data_samples']:
            place = (runner.epoch, batch_idx, runner.iter)
            kept = sample.active_modalities
            self.seen.append((*place, sample.sample_idx, kept))


def trained(cfg, *hooks, stops=False):
    runner, clips = build_runner(cfg), Clips()
    for hook in (clips, *hooks):
        runner.register_hook(hook)
    if stops:
        with pytest.raises(KeyboardInterrupt):
            runner.train()
    else:
        runner.train()
    return runner, clips.seen


def final(runner, parts=('state_dict', 'optimizer', 'plan')):
    """Tensors of the newest checkpoint."""
    name = Path(runner.work_dir, 'last_checkpoint').read_text()
    checkpoint = torch.load(name, weights_only=True)
    assert checkpoint['meta']['epoch'] == runner.max_epochs
    return tensors({part: checkpoint[part] for part in parts})


def assert_equal(one, other):
    assert one.keys() == other.keys() and one
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


@pytest.mark.parametrize(
    ('stopped_in', 'options', 'then'),
    [(0, {}, {}), (1, WORKERS, {}), (2, ACCUMULATION, WORKERS)],
    ids=['joint', 'remix, workers', 'accumulation'],
)
def test_goes_on_at_the_very_batch(tiny_config, stopped_in, options, then):
    def config(name, **more):
        cfg = tiny_config(
            epochs=3, warmup=1, **{**EVERY, **options, **more}
        )
        cfg.work_dir += name
        return cfg

    whole, seen = trained(config('a'))
    _, before = trained(config('b'), Stop(stopped_in), stops=True)
    resumed, after = trained(config('b', resume=True, **then))
    # Stop comes before the checkpoint of the third batch.
    done = 2
    first = next(i for i, s in enumerate(seen) if s[:2] == (stopped_in, done))
    assert after == seen[first:]
    assert_equal(final(whole), final(resumed))
