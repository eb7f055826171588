"""Samples that lack a modality, of several lengths, on two ranks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from tests.datasets.table_files import write_table
from tests.demo_run import ROOT, unique_name
from tests.engine.checkpoints import parts

GAPS = [(0, 'photo'), (3, 'photo'), (4, 'sensor'), (4, 'sentence')]
METHODS = {
    'joint': None,
    'remix': {'plan': {'type': 'KLScoreHook', 'warmup_epochs': 1}},
}


def table_config(root, work_dir, method):
    cfg = Config.fromfile(ROOT / 'configs/_base_/default_runtime.py')
    loaders = Config.fromfile(ROOT / 'configs/_base_/loaders.py')
    cfg.train_dataloader = loaders.train_dataloader
    for hook in ('contribution', 'gradient_conflict'):
        cfg.default_hooks[hook] = None
    cfg.train_dataloader.merge(
        {
            'batch_size': 2,
            'num_workers': 0,
            'persistent_workers': False,
            'batch_sampler': {
                'type': 'RemixSampler',
                'order': 'shuffled',
                'bucket': 4,
            },
            'dataset': {
                'type': 'TableDataset',
                'data_root': str(root),
                'ann_file': 'samples.csv',
                'missing': 'allow',
                'modalities': {
                    'sensor': {'reader': 'npy', 'length': None},
                    'photo': {'reader': 'image', 'size': (8, 8)},
                    'words': {
                        'reader': 'bag_of_words',
                        'column': 'sentence',
                        'size': 16,
                    },
                },
            },
        }
    )
    cfg.merge_from_dict(
        {
            'model': {
                'type': 'AVRecognizer',
                'num_classes': 3,
                'encoders': {
                    'sensor': {
                        'type': 'GRU',
                        'in_channels': 4,
                        'hidden_channels': 4,
                    },
                    'photo': {'type': 'PooledEncoder', 'in_channels': 3},
                    'words': {
                        'type': 'MLP',
                        'in_channels': 16,
                        'channels': [4],
                    },
                },
                'fusion': {'type': 'ConcatFusionHead'},
            },
            'optim_wrapper': {
                'type': 'OptimWrapper',
                'optimizer': {'type': 'SGD', 'lr': 0.1},
            },
            'train_cfg': {'by_epoch': True, 'max_epochs': 2},
        }
    )
    if method is not None:
        cfg.method_run = method
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = unique_name(Path(work_dir).name)
    cfg.launcher = 'pytorch'
    return cfg


def rank_main(rank, folder):
    parts.join(rank, 2, folder)
    for name, method in METHODS.items():
        cfg = table_config(f'{folder}/table', f'{folder}/{name}', method)
        runner, seen = parts.trained(cfg)
        torch.save(
            {
                'state': runner.model.module.state_dict(),
                'seen': [list(map(str, entry)) for entry in seen],
                'steps': [
                    [*map(int, (epoch, batch)), '+'.join(kept)]
                    for epoch, batch, _, _, kept in seen
                ],
            },
            f'{folder}/{name}_{rank}.pt',
        )
    torch.distributed.destroy_process_group()


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    """What each rank saw and ended with, in both runs."""
    folder = tmp_path_factory.mktemp('ranks')
    write_table(folder / 'table', 13, GAPS)
    parts.start(rank_main, 2, str(folder))
    return {
        name: [torch.load(folder / f'{name}_{rank}.pt') for rank in range(2)]
        for name in METHODS
    }


@pytest.mark.parametrize('name', METHODS)
def test_the_same_sets_at_each_step_and_equal_weights(ranks, name):
    one, other = ranks[name]
    steps = [{tuple(step) for step in rank['steps']} for rank in (one, other)]
    assert steps[0] == steps[1]
    kept = {}
    for epoch, batch, names in steps[0]:
        # One set a batch.
        assert kept.setdefault((epoch, batch), names) == names
    found = set(kept.values())
    assert {'sensor+photo+words', 'sensor+words', 'photo'} <= found
    if name == 'remix':
        alone = {n for (epoch, _), n in kept.items() if epoch == 1}
        assert alone <= {'sensor', 'photo', 'words'} and len(alone) > 1
    assert one['seen'] != other['seen']
    parts.assert_equal(one['state'], other['state'])
