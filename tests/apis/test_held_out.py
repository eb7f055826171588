"""``held_out`` of a config: train on the rest, validate on the part."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from mmremix.apis import build_runner, load_config
from mmremix.apis.held_out import apply_held_out
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT

JOINT = str(ROOT / 'configs' / 'joint_demo_concat.py')


def load(**options):
    return load_config(JOINT, cfg_options=options)


def test_one_key_makes_both_data_sets():
    plain = load()
    cfg = load(**{'held_out.folds': 4, 'held_out.fold': 1})
    train, val = cfg.train_dataloader.dataset, cfg.val_dataloader.dataset
    assert train.part == {'keep': 'train', 'folds': 4, 'fold': 1}
    assert val.part == {'keep': 'held_out', 'folds': 4, 'fold': 1}
    assert val.ann_file == train.ann_file == 'train.csv'
    assert val.pipeline == plain.val_dataloader.dataset.pipeline
    assert val.test_mode and not train.get('test_mode')
    assert cfg.test_dataloader == plain.test_dataloader
    assert cfg.val_dataloader.sampler == plain.val_dataloader.sampler
    # What a run leaves in its work directory is a plain config.
    again = Config.fromstring(cfg.dump(), '.py')
    apply_held_out(again)
    assert again.val_dataloader == cfg.val_dataloader


def test_without_validation_it_gets_one():
    cfg = Config.fromfile(JOINT)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.held_out = {'share': 0.25}
    apply_held_out(cfg)
    assert cfg.val_dataloader.dataset.part.keep == 'held_out'
    assert cfg.val_cfg == {} and cfg.val_evaluator == cfg.test_evaluator


@pytest.mark.parametrize(
    ('options', 'says'),
    [
        ({'held_out.column': 'subject'}, 'held_out is a dict of'),
        ({'held_out.fold': 7}, 'folds at least 2'),
        (
            {
                'held_out.fold': 1,
                'train_dataloader.dataset.part.keep': 'train',
            },
            'has a part already',
        ),
        (
            {
                'held_out.fold': 1,
                'train_dataloader.dataset.dataset.type': 'AVDataset',
            },
            'without wrapper',
        ),
    ],
)
def test_what_cannot_be_split_is_refused(options, says):
    with pytest.raises(ConfigError, match=says):
        load(**options)


def test_a_run_trains_validates_and_resumes_with_one_split(tiny_config):
    cfg = tiny_config('joint_demo_concat', epochs=1)
    cfg.held_out = {'folds': 3, 'fold': 0}
    runner = build_runner(cfg)
    train = runner.train_dataloader.dataset
    val = runner.val_dataloader.dataset
    assert len(train) + len(val) == 26
    clips = [[d.row(i).clip for i in range(len(d))] for d in (train, val)]
    assert not set(clips[0]) & set(clips[1])
    runner.train()
    other = tiny_config('joint_demo_concat', epochs=2)
    other.held_out = {'folds': 3, 'fold': 1}
    other.load_from, other.resume = f'{cfg.work_dir}/epoch_1.pth', True
    with pytest.raises(ValueError, match='Cannot resume, the training set'):
        build_runner(other).train()
