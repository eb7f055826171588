"""Whole runs of UMT and Greedy, stopped between two epochs and resumed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmremix.apis import build_runner
from mmremix.registry import MODELS
from tests.demo_run import ROOT, unique_name


def with_method(cfg, name, **options):
    """Add a method's config base, as ``_base_`` would."""
    base = Config.fromfile(ROOT / f'configs/_base_/methods/{name}.py')
    cfg.merge_from_dict(base.to_dict())
    cfg.merge_from_dict({f'method_{name}.step': options})
    cfg.default_hooks.checkpoint.max_keep_ckpts = -1
    return cfg


@pytest.fixture
def make(tiny_config, tmp_path):
    def make_config(name, folder):
        cfg = tiny_config('joint_demo_concat', epochs=2)
        if name == 'umt':
            path = tmp_path / 'teacher.pth'
            if not path.is_file():
                state = MODELS.build(cfg.model).state_dict()
                torch.save({'state_dict': state}, path)
            options = {'teachers': {'video': str(path), 'audio': str(path)}}
        else:
            options = {'start_epoch': 0, 'eps': 0.0, 'curation_steps': 3}
        cfg = with_method(cfg, name, **options)
        cfg.work_dir = str(tmp_path / folder)
        return cfg

    return make_config


@pytest.mark.parametrize('name', ['umt', 'greedy'])
def test_resumed_runs_end_alike(make, name, tmp_path):
    build_runner(make(name, 'whole')).train()
    second = make(name, 'resumed')
    second.experiment_name = unique_name('resumed')
    second.resume = True
    second.load_from = str(tmp_path / 'whole/epoch_1.pth')
    build_runner(second).train()
    one, other = (
        torch.load(tmp_path / folder / 'epoch_2.pth', weights_only=True)
        for folder in ('whole', 'resumed')
    )
    assert one['state_dict'].keys() == other['state_dict'].keys()
    for key, value in one['state_dict'].items():
        assert torch.equal(value, other['state_dict'][key]), key
        assert 'methods.umt' not in key
    (scalars,) = (tmp_path / 'whole').glob('*/vis_data/scalars.json')
    logged = [json.loads(line) for line in scalars.read_text().splitlines()]
    if name == 'umt':
        assert any(entry.get('umt/distance', 0) > 0 for entry in logged)
    else:
        assert any(entry.get('greedy/curating', 0) > 0 for entry in logged)
        # The fused head is not trained, so it does not choose.
        best = list(Path(tmp_path, 'whole').glob('best_*'))
        assert [path.name[:19] for path in best] == ['best_acc_heads_top1']
