"""Every method's config base trains through tools/train.py."""

from __future__ import annotations

import json
import runpy
import sys

import pytest
import torch
from mmengine.config import Config

from mmremix.registry import MODELS
from tests.demo_run import ROOT, unique_name

BASES = sorted(
    path.stem
    for path in (ROOT / 'configs/_base_/methods').glob('*.py')
    if not path.stem.endswith('_fair')
)
# Those that need more than two epochs of demo clips to act: options that make
# them act at once.
SOONER: dict[str, str] = {
    'mla_remix': 'method_mla_remix = dict(plan=dict(warmup_epochs=1))',
    'greedy': 'method_greedy = dict(step=dict(start_epoch=0, eps=0.0))',
    'umt': (
        'method_umt = dict(step=dict('
        'teachers=dict(video=TEACHER, audio=TEACHER)))'
    ),
    **dict.fromkeys(
        ('resample', 'resample_modality', 'resample_remix'),
        'method_resample = dict(plan=dict(warmup_epochs=1))',
    ),
    'reconboost': (
        'method_reconboost = dict(plan=dict(stage_epochs=1, rectify_epochs=1))'
    ),
    'dnr': 'method_dnr = dict(hook=dict(interval=1))',
    'remix': 'method_remix = dict(plan=dict(warmup_epochs=1))',
    'reliability': 'method_reliability = dict(plan=dict(warmup_epochs=1))',
}
# Another config to add the method to.
JOINT: dict[str, str] = {}


@pytest.fixture(scope='module')
def teacher(tmp_path_factory):
    """A checkpoint with an encoder of each modality."""
    cfg = Config.fromfile(ROOT / 'configs/joint_demo_concat.py')
    for encoder in cfg.model.encoders.values():
        encoder.base_channels = 4
    path = tmp_path_factory.mktemp('teacher') / 'teacher.pth'
    torch.save({'state_dict': MODELS.build(cfg.model).state_dict()}, path)
    return str(path)


@pytest.mark.parametrize('name', BASES)
def test_trains_on_the_demo_clips(
    name, demo_root, teacher, tmp_path, monkeypatch
):
    config = tmp_path / 'config.py'
    base = ROOT / 'configs' / JOINT.get(name, 'joint_demo_concat.py')
    method = ROOT / 'configs/_base_/methods' / f'{name}.py'
    config.write_text(
        f'_base_ = [{str(base)!r}, {str(method)!r}]\n'
        'model = dict(encoders=dict(\n'
        '    video=dict(base_channels=4), audio=dict(base_channels=4)))\n'
        'train_cfg = dict(max_epochs=2)\n'
        f'experiment_name = {unique_name(name)!r}\n'
        + ''.join(
            f'{part}_dataloader = dict(\n'
            '    batch_size=8, num_workers=0, persistent_workers=False,\n'
            f'    dataset=dict(data_root={str(demo_root)!r},\n'
            f'                 indices={count}))\n'
            for part, count in (('train', 16), ('val', 6))
        )
        + 'test_dataloader = val_dataloader\n'
        + SOONER.get(name, '').replace('TEACHER', repr(teacher))
    )
    work_dir = tmp_path / 'work'
    # In this process: starting one would take longer than the training.
    arguments = ['train.py', str(config), '--work-dir', str(work_dir)]
    monkeypatch.setattr(sys, 'argv', arguments)
    monkeypatch.chdir(ROOT)
    runpy.run_path(str(ROOT / 'tools/train.py'), run_name='__main__')
    assert (work_dir / 'epoch_2.pth').is_file()
    (scalars,) = work_dir.glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in scalars.read_text().splitlines()]
    assert any('acc/fusion_top1' in line for line in lines)
