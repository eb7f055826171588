from __future__ import annotations

import pytest

from mmremix.apis import build_runner


def refused(cfg, match, mode='train'):
    with pytest.raises(ValueError, match=match):
        getattr(build_runner(cfg), mode)()


def test_number_of_classes(tiny_config):
    cfg = tiny_config(**{'model.num_classes': 5})
    refused(cfg, r'train_dataloader has 6 classes.*num_classes=6')
    refused(cfg, r'test_dataloader has 6 classes', mode='test')


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
