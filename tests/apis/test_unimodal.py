"""Configs that follow from a joint one, and what a joint run starts from."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config

from mmremix.apis.config_text import config_text
from mmremix.apis.unimodal import (
    gather_encoders,
    joint_config,
    last_epoch,
    modalities_of,
    unimodal_config,
)
from mmremix.registry import MODELS
from tests.demo_run import ROOT


@pytest.fixture
def cfg():
    cfg = Config.fromfile(ROOT / 'configs/remix_demo_concat.py')
    cfg.model.fusion = {'type': 'MMTM'}
    for name in ('video', 'audio'):
        cfg.model.encoders[name].base_channels = 4
    return cfg


def test_one_modality_without_methods(cfg):
    cfg.model.loss_weights = {'all_active': {'fusion': 0.0, 'video': 2.0}}
    before = cfg.pretty_text
    alone = unimodal_config(cfg, 'audio')
    assert cfg.pretty_text == before
    assert modalities_of(alone) == ('audio',)
    assert not [key for key in alone if key.startswith('method_')]
    for part in ('train', 'val', 'test'):
        assert alone[f'{part}_dataloader'].dataset.modalities == ['audio']
    model = MODELS.build(alone.model)
    assert model.modalities == ('audio',) and not model.heads
    # A fused loss, whatever the joint model has.
    assert model.loss_weights['all_active']['fusion'] == 1.0


def test_data_sets_in_wrappers_are_restricted_too(cfg):
    inner = cfg.train_dataloader.dataset
    cfg.train_dataloader.dataset = {
        'type': 'RepeatDataset',
        'times': 2,
        'dataset': {'type': 'ConcatDataset', 'datasets': [inner, inner]},
    }
    alone = unimodal_config(cfg, 'video')
    wrapped = alone.train_dataloader.dataset
    assert 'modalities' not in wrapped and 'modalities' not in wrapped.dataset
    for dataset in wrapped.dataset.datasets:
        assert dataset.modalities == ['video']


def test_plans_among_the_custom_hooks_are_left_out(cfg):
    cfg.custom_hooks = [{'type': 'KLScoreHook'}, {'type': 'EMAHook'}]
    (hook,) = unimodal_config(cfg, 'video').custom_hooks
    assert hook.type == 'EMAHook'


def test_written_configs_keep_the_order_of_the_modalities(cfg, tmp_path):
    cfg.model.encoders = {
        name: cfg.model.encoders[name] for name in ('video', 'audio')
    }
    path = tmp_path / 'config.py'
    path.write_text(config_text(cfg))
    read = Config.fromfile(path)
    assert list(read.model.encoders) == ['video', 'audio']
    assert read.to_dict() == cfg.to_dict()


def test_an_unknown_modality(cfg):
    with pytest.raises(ValueError, match="no 'touch'"):
        unimodal_config(cfg, 'touch')


def test_gathered_encoders_are_those_of_the_checkpoints(cfg, tmp_path):
    paths, models = {}, {}
    for name in ('video', 'audio'):
        models[name] = MODELS.build(unimodal_config(cfg, name).model)
        paths[name] = tmp_path / f'{name}.pth'
        torch.save({'state_dict': models[name].state_dict()}, paths[name])
    target = tmp_path / 'encoders.pth'
    gather_encoders(paths, target)
    joint = joint_config(cfg, target)
    assert joint.load_from == str(target) and not cfg.get('load_from')
    joint.model.pop('methods', None)
    model = MODELS.build(joint.model)
    state = torch.load(target, weights_only=True)['state_dict']
    missing, unknown = model.load_state_dict(state, strict=False)
    assert not unknown
    assert {key.split('.')[0] for key in missing} == {'fusion', 'heads'}
    for name, alone in models.items():
        for key, value in alone.encoders[name].state_dict().items():
            found = model.encoders[name].state_dict()[key]
            assert torch.equal(found, value)
    with pytest.raises(ValueError, match=r'no weights encoders\.audio'):
        gather_encoders({'audio': paths['video']}, target)


def test_the_last_undamaged_epoch(tmp_path):
    assert last_epoch(tmp_path) is None
    for number in (1, 2, 10):
        torch.save({}, tmp_path / f'epoch_{number}.pth')
    assert last_epoch(tmp_path)[0] == 10
    (tmp_path / 'epoch_10.pth').write_bytes(b'PK\x03\x04cut off')
    assert last_epoch(tmp_path) == (2, tmp_path / 'epoch_2.pth')
