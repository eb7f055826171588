"""A run of milliseconds with the default hooks, for tests of hooks."""

from __future__ import annotations

import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from torch import nn

from mmremix.registry import DATASETS, METRICS, MODELS
from tests.demo_run import ROOT, unique_name


@DATASETS.register_module()
class ToyData(torch.utils.data.Dataset):
    metainfo = {'classes': ('a', 'b')}  # noqa: RUF012

    def __len__(self):
        return 28

    def __getitem__(self, index):
        clip = BaseDataElement(metainfo={'clip': f'{index}.mp4'})
        return {'inputs': torch.ones(3) * index / 28, 'data_samples': clip}


@MODELS.register_module()
class ToyModel(BaseModel):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)
        self.dropout = nn.Dropout(0.2)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        out = self.linear(self.dropout(torch.stack(inputs)))
        if mode == 'loss':
            return {'loss': (out - 1).square().mean()}
        for sample, value in zip(data_samples, out, strict=True):
            sample.set_field(float(value), 'pred')
        return data_samples


@METRICS.register_module()
class ToyMetric(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [(sample['pred'] - 1) ** 2 for sample in data_samples]

    def compute_metrics(self, results):
        return {'acc/fusion_top1': -sum(results) / len(results)}


def toy_config(work_dir, epochs=3, **options):
    """Config of such a run; 7 iterations an epoch."""
    cfg = Config.fromfile(ROOT / 'configs/_base_/default_runtime.py')

    def loader(shuffle):
        return {
            'batch_size': 4,
            'num_workers': 0,
            'sampler': {'type': 'DefaultSampler', 'shuffle': shuffle},
            'dataset': {'type': 'ToyData'},
        }

    cfg.merge_from_dict(
        {
            'model': {'type': 'ToyModel'},
            'optim_wrapper': {'optimizer': {'type': 'Adam', 'lr': 0.01}},
            'param_scheduler': [{'type': 'ExponentialLR', 'gamma': 0.9}],
            'train_cfg': {'by_epoch': True, 'max_epochs': epochs},
            'train_dataloader': loader(True),
            'val_cfg': {},
            'val_dataloader': loader(False),
            'val_evaluator': {'type': 'ToyMetric'},
            'launcher': 'none',
        }
    )
    cfg.merge_from_dict(options)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = unique_name(work_dir.parent.name)
    return cfg
