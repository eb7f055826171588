"""Runs on several ranks: resumed within an epoch, with more or fewer ranks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from tests.engine.checkpoints import parts
from tests.engine.checkpoints.parts import EVERY, assert_equal, final, trained
from tests.engine.method_run import Stop

# Full batches, so that the same samples make a step with one rank and two;
# no Adam, which makes much of a last bit.
SUMS = {
    **EVERY,
    'train_dataloader.batch_sampler.tail': 'pad',
    'optim_wrapper.optimizer': {
        '_delete_': True,
        'type': 'SGD',
        'lr': 0.05,
        'momentum': 0.9,
    },
}
# State in buffers, one of them as large as the model.
METHOD = {'model.methods': {'inforeg': {'type': 'InfoReg'}}}


def comparable(demo_root, work_dir, batch, **more):
    options = {**SUMS, 'train_dataloader.batch_size': batch, **more}
    return parts.pooled(parts.rank_config(demo_root, work_dir, **options))


def rank_main(rank, folder, demo_root):
    """One of two ranks, through all runs."""
    parts.join(rank, 2, folder)

    def run(name, *hooks, make=parts.rank_config, **more):
        cfg = make(demo_root, Path(folder, name), **more)
        cfg.launcher = 'pytorch'
        trained(cfg, *hooks)

    def halves(demo_root, work_dir, **more):
        return comparable(demo_root, work_dir, batch=2, **more)

    own = {
        **METHOD,
        'default_hooks.signal.interval': 1,
        'train_dataloader.batch_size': 2,
    }
    run('whole', **own)
    # Only the second rank gets the signal.
    run('stopped', parts.Signal(0 if rank else 9, 1), **own)
    if rank == 0:
        shutil.copy(f'{folder}/stopped/within_epoch.pth', folder)
    run('stopped', Stop(1), resume=True, **own, **EVERY)
    run('stopped', resume=True, **own)
    run('two', make=halves)
    run('one_two', make=halves, resume=True)
    run('two_one', Stop(1), make=halves)
    torch.distributed.destroy_process_group()


@pytest.fixture(scope='module')
def runs(demo_root, tmp_path_factory):
    """The folders of all runs, on one rank and on two."""
    folder = tmp_path_factory.mktemp('runs')
    trained(comparable(demo_root, folder / 'one', 4))
    trained(comparable(demo_root, folder / 'one_two', 4), Stop(1))
    parts.start(rank_main, 2, str(folder), str(demo_root))
    trained(comparable(demo_root, folder / 'two_one', 4, resume=True))
    return folder


def test_each_rank_has_its_own_statistics(runs):
    path = runs / 'within_epoch.pth'
    position = torch.load(path, weights_only=True)['position']
    assert position['done'] == 2 and position['world_size'] == 2
    one, other = position['buffers']
    assert any(name.endswith('running_mean') for name in one)
    # What is equal on all ranks is there once, in the model's state.
    assert not any(name.startswith('methods.') for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one)


def test_two_ranks_end_bit_identical(runs):
    """Stopped by a signal in one epoch, killed in the next."""
    whole = final(runs / 'whole')
    assert '/state_dict/methods.inforeg.start_video' in whole
    assert_equal(whole, final(runs / 'stopped'))


@pytest.mark.parametrize('name', ['two', 'one_two', 'two_one'])
def test_another_number_of_ranks(runs, name):
    """Half the batch on two ranks: equal, but for the order of sums."""
    one, other = final(runs / 'one'), final(runs / name)
    assert one.keys() == other.keys()
    for key, tensor in one.items():
        torch.testing.assert_close(
            tensor, other[key], rtol=1e-4, atol=1e-6, msg=key
        )
    logs = '\n'.join(
        path.read_text() for path in (runs / name).glob('*/*.log')
    )
    resumed = 'the same samples in the same steps' in logs
    assert resumed == (name != 'two')
    assert ('Going on after 2 batches of epoch 2' in logs) == resumed
