from __future__ import annotations

import pytest
from mmengine.hooks import Hook

from mmremix.apis import build_runner


def refused(cfg, match, mode='train'):
    with pytest.raises(ValueError, match=match):
        getattr(build_runner(cfg), mode)()


def test_number_of_classes(tiny_config):
    cfg = tiny_config(**{'model.num_classes': 5})
    refused(cfg, r'train_dataloader has 6 classes.*num_classes=6')
    refused(cfg, r'test_dataloader has 6 classes', mode='test')


def test_one_class(tiny_config):
    cfg = tiny_config(**{'model.num_classes': 1})
    root = cfg.train_dataloader.dataset.data_root
    with open(f'{root}/one.csv', 'w') as stream:
        stream.write('clip,label\nclips/test_00000.mp4,a\n')
    cfg.train_dataloader.dataset.update(ann_file='one.csv', classes=['a'])
    refused(cfg, r"train_dataloader has one class, \['a'\]")


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
    cfg.train_dataloader.dataset.modalities = ['audio', 'video']
    refused(cfg, r"in this order: modalities=\['video', 'audio'\]")


class StopAfterOne(Hook):
    """Stops in the warm-up, before anything was scored."""

    def before_train_epoch(self, runner):
        if runner.epoch == 1:
            raise KeyboardInterrupt


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
