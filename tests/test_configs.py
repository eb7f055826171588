"""Every config of the repository: complete, small, and it runs."""

from __future__ import annotations

import ast
import copy
import csv
import functools

import pytest
import torch
from mmengine.config import Config

from mmremix.apis import build_runner, load_config
from mmremix.engine import EveryModalityHook
from mmremix.registry import DATASETS, MODELS
from tests.array_sets import CLASSES, SETS, set_of, write_set
from tests.demo_run import ROOT, narrow

CONFIGS = sorted(
    path.relative_to(ROOT / 'configs').with_suffix('').as_posix()
    for path in (ROOT / 'configs').rglob('*.py')
    # Studies are no configs of runs: tests/study/test_plan.py.
    if not {'_base_', 'studies'} & set(path.parts)
)
METHODS = sorted(
    path.stem for path in (ROOT / 'configs/_base_/methods').glob('*.py')
)
PAPER = ('cremad', 'ks')
FUSIONS = ('concat', 'sum', 'decision', 'film', 'gated', 'mmtm', 'centralnet')
MORE = ('demo_flow_concat', 'demo_transformer', 'grid_concat')


@functools.cache
def _read(name):
    return Config.fromfile(ROOT / 'configs' / f'{name}.py')


def load(name):
    return copy.deepcopy(_read(name))


def test_there_are_the_named_ones():
    named = {
        f'{method}_{data}'
        for method in ('remix', 'joint')
        for data in (
            *MORE,
            *(f'{data}_concat' for data in SETS),
            # The demo's: each fusion can be tried without any data.
            *(
                f'{data}_{fusion}'
                for data in ('demo', *PAPER)
                for fusion in FUSIONS
            ),
        )
    }
    assert len(named) == 56
    others = [name for name in CONFIGS if name not in named]
    assert set(CONFIGS) > named
    # The others are examples, one of each kind: no file a combination.
    assert all(name.startswith('examples/') for name in others)


def test_configs_are_values_and_no_programs():
    for path in (ROOT / 'configs').rglob('*.py'):
        tree = ast.parse(path.read_text())
        assert all(isinstance(line, ast.Assign) for line in tree.body), path
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
        assert {ast.unparse(call.func) for call in calls} <= {'dict'}, path


@pytest.mark.parametrize('name', CONFIGS)
def test_loads_and_builds_its_model(name):
    cfg = load_config(str(ROOT / 'configs' / f'{name}.py'))
    model = MODELS.build(narrow(cfg).model)
    if set_of(name):
        assert model.num_classes == CLASSES[set_of(name)]
        return
    known = DATASETS.get(cfg.train_dataloader.dataset.type).METAINFO
    classes = known.get('classes', range(6))  # the demo's, in a file
    assert model.num_classes == len(classes)


@pytest.mark.parametrize('method', METHODS)
def test_every_method_goes_on_top_of_a_joint_config(method, tmp_path):
    base = ROOT / 'configs' / 'joint_demo_concat.py'
    path = ROOT / 'configs/_base_/methods' / f'{method}.py'
    keys = set(Config.fromfile(path).to_dict())
    assert all(key.startswith('method_') for key in keys), keys
    config = tmp_path / 'config.py'
    config.write_text(f'_base_ = [{str(base)!r}, {str(path)!r}]\n')
    cfg = load_config(str(config))
    assert {f'method_{name}' for name in cfg.methods} == keys
    assert MODELS.build(cfg.model).num_classes == 6


@pytest.fixture(scope='module')
def four_clips(demo_root):
    """An annotation that fits every config: clips of the demo, by index."""
    with (demo_root / 'four.csv').open('w', newline='') as stream:
        writer = csv.writer(stream)
        writer.writerow(['clip', 'label'])
        writer.writerows([f'clips/train_{i:05d}.mp4', i % 3] for i in range(4))
    # Two clips for each of three modalities.
    with (demo_root / 'six.csv').open('w', newline='') as stream:
        writer = csv.writer(stream)
        writer.writerow(['clip', 'label'])
        writer.writerows([f'clips/train_{i:05d}.mp4', i % 3] for i in range(6))
    return demo_root


def shrink(cfg, root, work_dir):
    """Two steps of two samples an epoch, one epoch warm-up, one remix."""
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.data_root = str(root)
        if loader.dataset.type == 'ArrayDataset':
            continue
        three = len(cfg.model.encoders) == 3
        loader.dataset.ann_file = 'six.csv' if three else 'four.csv'
        for step in loader.dataset.pipeline:
            for transform in step.get('transforms', []):
                if transform.type == 'CropBox':
                    # There is no face in a demo clip.
                    transform.box = (0.0, 0.0, 1.0, 1.0)
                # Those of the paper are large: most of the time of all.
                elif transform.type == 'mmaction.Resize':
                    transform.scale = (64, 64)
                elif transform.type == 'KaldiFbank':
                    transform.num_frames = 128
                elif transform.get('duration', 0) > 1:
                    transform.duration = 0.5
    narrow(cfg)
    cfg.train_cfg.max_epochs = 2
    # Whatever the encoders think, all modalities get as many samples.
    if 'method_remix' in cfg:
        cfg.method_remix.plan.warmup_epochs = 1
        cfg.method_remix.plan.min_share = 1 / len(cfg.model.encoders)
    cfg.default_hooks.checkpoint = None
    cfg.work_dir = str(work_dir)
    return cfg


@pytest.mark.parametrize('name', CONFIGS)
def test_trains_and_validates(name, four_clips, tmp_path):
    cfg = load(name)
    assert cfg.val_dataloader.dataset.test_mode
    assert cfg.test_dataloader.dataset.test_mode
    lines = (ROOT / 'configs' / f'{name}.py').read_text().splitlines()
    assert len(lines) <= 25
    remixes = 'method_remix' in cfg
    if '/' not in name:
        assert remixes == name.startswith('remix')
    arrays = set_of(name)
    # Two samples a modality.
    rows = 2 * len(SETS[arrays] if arrays else cfg.model.encoders)
    if arrays:
        write_set(tmp_path, arrays, rows=2 * rows)
    root = tmp_path if arrays else four_clips
    runner = build_runner(shrink(cfg, root, tmp_path))
    runner.train()
    passes = runner.train_dataloader.batch_sampler.passes
    items = runner.train_dataloader.batch_sampler.items
    if any(isinstance(h, EveryModalityHook) for h in runner.hooks):
        # Both epochs have each sample once a modality.
        assert runner.iter == 2 * rows
        assert items.counts().tolist() == [rows] * (rows // 2)
        return
    assert runner.iter == rows // 2 * (1 + passes)
    if remixes:
        assert items.counts().tolist() == [2] * (rows // 2)
    else:
        assert items is None
    loss = runner.message_hub.get_scalar('train/loss').current()
    assert 0 < loss < 100
    found = runner.message_hub.log_scalars
    for modality in ('fusion', *runner.model.modalities):
        assert f'val/acc/{modality}_top1' in found


def test_recipe_of_the_paper():
    for data in PAPER:
        cfg = load(f'remix_{data}_concat')
        optimizer = cfg.optim_wrapper.optimizer
        assert optimizer == {'type': 'Adam', 'lr': 5e-5, 'weight_decay': 1e-4}
        assert cfg.train_dataloader.batch_size == 64
        assert cfg.train_cfg.max_epochs == 60
        assert cfg.param_scheduler.step_size == 30
        assert cfg.method_remix.plan.warmup_epochs == 10
        weights = MODELS.build(cfg.model).loss_weights
        assert weights['all_active'] == {
            'fusion': 1.0,
            'video': 0.5,
            'audio': 0.5,
        }
        assert set(weights['some_active'].values()) == {1.0}


@pytest.mark.parametrize(
    'name', [n.removeprefix('remix_') for n in CONFIGS if n[:5] == 'remix']
)
def test_ours_and_the_joint_baseline_differ_in_the_method_alone(name):
    remix, joint = (load(f'{m}_{name}') for m in ('remix', 'joint'))
    ours = remix.to_dict()
    assert ours.pop('method_remix')['plan']['type'] == 'KLScoreHook'
    assert ours == joint.to_dict()


def test_full_width_is_resnet18():
    model = MODELS.build(load('remix_cremad_concat').model)
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
