"""Every config of the repository loads, builds and is small."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config

from mmremix.registry import MODELS, TRANSFORMS
from tests.demo_run import ROOT

CONFIGS = sorted((ROOT / 'configs').glob('*.py'))


def test_there_are_the_named_ones():
    names = {path.stem for path in CONFIGS}
    assert names >= {
        f'{method}_{data}_concat'
        for method in ('remix', 'joint')
        for data in ('demo', 'cremad', 'ks', 'grid')
    }


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_builds(path):
    cfg = Config.fromfile(path)
    model = MODELS.build(cfg.model)
    loaders = (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader)
    for loader in loaders:
        for transform in loader.dataset.pipeline:
            TRANSFORMS.build(transform)
    assert loaders[1].dataset.test_mode and loaders[2].dataset.test_mode
    hooks = [hook.type for hook in cfg.get('custom_hooks', [])]
    assert ('KLScoreHook' in hooks) == path.stem.startswith('remix_')
    assert set(model.modalities) == {
        t['modality']
        for t in cfg.train_dataloader.dataset.pipeline
        if t.type == 'ForModality'
    }
    assert len(path.read_text().splitlines()) <= 25


def test_recipe_of_the_paper():
    for data in ('cremad', 'ks'):
        cfg = Config.fromfile(ROOT / 'configs' / f'remix_{data}_concat.py')
        optimizer = cfg.optim_wrapper.optimizer
        assert optimizer == {'type': 'Adam', 'lr': 5e-5, 'weight_decay': 1e-4}
        assert cfg.train_dataloader.batch_size == 64
        assert cfg.train_cfg.max_epochs == 60
        assert cfg.param_scheduler.step_size == 30
        assert cfg.custom_hooks[0].warmup_epochs == 10
        weights = MODELS.build(cfg.model).loss_weights
        assert weights['joint'] == {'fusion': 1.0, 'video': 0.5, 'audio': 0.5}
        assert set(weights['remix'].values()) == {1.0}


def test_ours_and_the_joint_baseline_differ_in_the_hook_alone():
    for data in ('demo', 'cremad', 'ks', 'grid'):
        remix, joint = (
            Config.fromfile(ROOT / 'configs' / f'{m}_{data}_concat.py')
            for m in ('remix', 'joint')
        )
        ours = remix.to_dict()
        assert [h['type'] for h in ours.pop('custom_hooks')] == ['KLScoreHook']
        assert ours == joint.to_dict()


def test_full_width_is_resnet18():
    cfg = Config.fromfile(ROOT / 'configs' / 'remix_cremad_concat.py')
    model = MODELS.build(cfg.model)
    with torch.no_grad():
        model.eval()
        logits = model(
            {
                'video': torch.zeros(1, 2, 3, 224, 224),
                'audio': torch.zeros(1, 1, 257, 188),
            }
        )
    assert logits['fusion'].shape == (1, 6)
    assert model.encoders['video'].out_channels == 512
