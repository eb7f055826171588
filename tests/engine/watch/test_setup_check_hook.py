from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook

from mmremix.apis import build_runner
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT, unique_name


def refused(cfg, match, mode='train'):
    with pytest.raises(ValueError, match=match):
        getattr(build_runner(cfg), mode)()


def test_number_of_classes(tiny_config):
    cfg = tiny_config(**{'model.num_classes': 5})
    refused(cfg, r'train_dataloader has 6 classes.*num_classes=6')
    refused(cfg, r'test_dataloader has 6 classes', mode='test')


def test_labels_that_begin_at_1(tmp_path):
    path = tmp_path / 'own.npz'
    labels = np.arange(12) % 3 + 1
    arrays = {'x': np.ones((12, 3)), 'y': np.ones((12, 2))}
    np.savez(path, label=labels, **arrays)
    cfg = Config.fromfile(ROOT / 'configs/joint_handwritten_concat.py')
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].dataset.update(
            data_root=str(tmp_path),
            ann_file='own.npz',
            modalities=['x', 'y'],
            filter_cfg=None,
        )
    cfg.model.num_classes = 3
    cfg.model.encoders = {
        name: {'type': 'MLP', 'in_channels': size}
        for name, size in (('x', 3), ('y', 2))
    }
    cfg.work_dir = str(tmp_path / 'work')
    cfg.experiment_name = unique_name('from_1')
    refused(cfg, r'(?s)classes count from 0.*begin at 1.*label - 1')
    np.savez(path, label=labels - 1, **arrays)
    cfg.model.num_classes = 2
    with pytest.raises(ConfigError) as error:
        build_runner(cfg).train()
    assert 'begin at' not in str(error.value)


def test_class_names(tiny_config):
    cfg = tiny_config()
    names = [f'class {i}' for i in range(6)]
    cfg.val_dataloader.dataset.ann_file = 'indexed.csv'
    cfg.val_dataloader.dataset.classes = names
    root = cfg.val_dataloader.dataset.data_root
    with open(f'{root}/indexed.csv', 'w') as stream:
        stream.write('clip,label\nclips/test_00000.mp4,0\n')
    refused(cfg, r'(?s)train_dataloader and val_dataloader differ.*class 5')


def test_modalities(tiny_config):
    cfg = tiny_config()
    cfg.train_dataloader.dataset.modalities = ['audio', 'depth']
    refused(cfg, r"in every data set: modalities=\['video', 'audio'\]")


def test_another_order_of_modalities(tiny_config):
    """It trains; the weights cannot be loaded into the other order."""
    cfg = tiny_config(epochs=1, warmup=0)
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].dataset.modalities = ['audio', 'video']
    runner = build_runner(cfg)
    runner.train()
    cfg.load_from = f'{runner.work_dir}/epoch_1.pth'
    build_runner(cfg, training=False).test()
    encoders = cfg.model.encoders
    cfg.model.encoders = {n: encoders[n] for n in ('audio', 'video')}
    refused(cfg, r"order \['video', 'audio'\], this model", mode='test')


def test_an_epoch_without_a_step(tiny_config):
    cfg = tiny_config()
    cfg.train_dataloader.batch_size = 64
    cfg.train_dataloader.batch_sampler.tail = 'drop'
    refused(cfg, r"(?s)26 samples make no whole batch of 64.*tail='fixed'")
    assert not list(Path(cfg.work_dir).glob('*.pth'))


def test_an_epoch_without_a_step_after_the_warm_up(tiny_config):
    """26 samples make a joint batch of 20, but no share of a modality does."""
    cfg = tiny_config(epochs=3, warmup=1)
    cfg.train_dataloader.batch_size = 20
    cfg.train_dataloader.batch_sampler.tail = 'drop'
    cfg.method_remix.plan.rule = 'round_robin'
    refused(cfg, r'Epoch 2 had no step. 26 samples make no whole batch of 20')
    names = [path.name for path in Path(cfg.work_dir).glob('epoch_*.pth')]
    assert names == ['epoch_1.pth']


def test_one_class(tiny_config):
    cfg = tiny_config(**{'model.num_classes': 1})
    root = cfg.train_dataloader.dataset.data_root
    with open(f'{root}/one.csv', 'w') as stream:
        stream.write('clip,label\nclips/test_00000.mp4,a\n')
    cfg.train_dataloader.dataset.update(ann_file='one.csv', classes=['a'])
    refused(cfg, r"train_dataloader has one class, \['a'\]")


class StopAfterOne(Hook):
    """Stops in the warm-up, before anything was scored."""

    def before_train_epoch(self, runner):
        if runner.epoch == 1:
            raise KeyboardInterrupt


def test_a_file_that_is_no_checkpoint(tiny_config, tmp_path):
    torch.save([1, 2], tmp_path / 'list.pth')
    cfg = tiny_config(load_from=str(tmp_path / 'list.pth'))
    refused(cfg, 'list.pth is no checkpoint: it holds a list', mode='test')


def test_refused_before_weights_are_loaded(tiny_config):
    """Also in the warm-up; but other data are welcome for a new run."""

    def config(**more):
        cfg = tiny_config(epochs=3, warmup=2, **more)
        cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
        cfg.default_hooks.checkpoint.save_best = None
        return cfg

    runner = build_runner(config())
    runner.register_hook(StopAfterOne())
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    cfg = config(resume=True, **{'model.encoders.video': None})
    cfg.train_dataloader.dataset.modalities = ['audio']
    message = (
        r"modalities: \['video', 'audio'\] in the .*\['audio'\] in train_data"
    )
    with pytest.raises(ValueError, match=message):
        build_runner(cfg).train()
    cfg.resume, cfg.load_from = False, f'{runner.work_dir}/epoch_1.pth'
    runner = build_runner(cfg)
    runner.register_hook(StopAfterOne())
    with pytest.raises(KeyboardInterrupt):
        runner.train()
