"""The config of docs/data/own_table.md on a tiny table with empty cells."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config

from mmremix.apis import build_runner, train
from mmremix.apis.launch import test as run_test
from mmremix.records import read_records
from tests.datasets.table_files import write_table
from tests.demo_run import ROOT, unique_name
from tests.docs.pages import blocks

QUICK = {
    'train_cfg.max_epochs': 2,
    'default_hooks.contribution': None,
    'default_hooks.gradient_conflict': None,
}
GAPS = [(1, 'photo'), (4, 'sensor'), (4, 'sentence'), (9, 'sensor')]


@pytest.fixture
def config(tmp_path):
    """The config of the page; a function of further options."""
    page = ROOT / 'docs/data/own_table.md'
    code = next(
        b.code for b in blocks(page) if b.file_name == 'configs/table.py'
    )
    path = tmp_path / 'table.py'
    path.write_text(
        code.replace("'_base_/", f"'{(ROOT / 'configs').as_posix()}/_base_/")
    )
    write_table(tmp_path / 'data', 15, GAPS)

    def make(**options):
        cfg = Config.fromfile(path)
        cfg.merge_from_dict(
            {
                'train_cfg.max_epochs': 3,
                'method_remix.plan.warmup_epochs': 1,
                'train_dataloader.batch_size': 4,
                **{
                    f'{name}_dataloader.{key}': value
                    for name in ('train', 'val', 'test')
                    for key, value in (
                        ('num_workers', 0),
                        ('persistent_workers', False),
                        ('dataset.data_root', str(tmp_path / 'data')),
                    )
                },
                **options,
            }
        )
        cfg.work_dir = str(tmp_path / 'work')
        cfg.experiment_name = unique_name(tmp_path.name)
        cfg.launcher = 'none'
        return cfg

    return make


def test_trains_scores_validates_and_tests(config):
    cfg = config()
    runner = build_runner(cfg)
    train(runner)
    hook = next(h for h in runner.hooks if hasattr(h, 'latest'))
    assignments, scores = hook.latest.assignments, hook.latest.table.scores
    presence = torch.from_numpy(runner.train_dataloader.dataset.presence())
    assert presence.sum() == 8 * 3 - 3
    assert presence[torch.arange(8), assignments.long()].all()
    assert torch.equal(torch.isnan(scores), ~presence)
    records = read_records(cfg.work_dir)
    assert records.assignments.shape[1] == 8
    cfg.load_from = f'{cfg.work_dir}/epoch_3.pth'
    metrics = run_test(build_runner(cfg, training=False))
    assert 0 <= metrics['acc/sensor_top1'] <= 1


@pytest.mark.parametrize(
    'options',
    [
        {'model.mask': 'feature', 'method_remix.plan.bn_recalibration': True},
        {
            'train_dataloader.batch_sampler.reassemble': False,
            'method_remix.plan.rule': 'random',
        },
        {
            'train_dataloader.batch_sampler.joint_share': 0.5,
            'method_remix.plan.cache': {},
            'method_remix.plan.subset': 2,
        },
        {
            'model.mask': 'input',
            'train_dataloader.batch_sampler.decouple': False,
        },
    ],
    ids=str,
)
def test_options_with_what_is_missing(config, options):
    train(build_runner(config(**QUICK, **options)))


@pytest.mark.parametrize(
    'plan',
    [
        {'type': 'ModalityDropoutHook', 'p': 0.7},
        {'type': 'EveryModalityHook'},
        {'type': 'ResampleHook'},
    ],
    ids=str,
)
def test_other_plans(config, plan):
    cfg = config(**QUICK)
    cfg.method_remix = {'plan': {'warmup_epochs': 1, **plan}}
    train(build_runner(cfg))


def test_sequences_of_their_own_length(config):
    kept = {'reader': 'npy', 'length': None}
    cfg = config(
        **QUICK,
        **{
            f'{name}_dataloader.dataset.modalities.sensor': {
                '_delete_': True,
                **kept,
            }
            for name in ('train', 'val', 'test')
        },
        **{
            'model.encoders.sensor': {
                '_delete_': True,
                'type': 'GRU',
                'in_channels': 4,
                'hidden_channels': 8,
            },
            'model.mask': 'input',
        },
    )
    train(build_runner(cfg))
