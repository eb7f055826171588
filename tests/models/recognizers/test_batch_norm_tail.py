"""What the message for a last batch of one sample proposes, run."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config

from mmremix.apis import build_runner
from mmremix.utils.errors import ConfigError
from tests.demo_run import NUM_TRAIN


@pytest.mark.parametrize('kind', ['RemixSampler', None])
def test_what_it_says_works(tiny_config, monkeypatch, kind):
    def one_value(self, x):
        # As an encoder does whose maps are of one pixel at the end.
        if self.training:
            norm = torch.nn.functional.batch_norm
            norm(x.mean((2, 3), keepdim=True), None, None, training=True)
        return forward(self, x)

    def config(**options):
        cfg = tiny_config(
            'joint_demo_concat',
            epochs=1,
            **{'train_dataloader.batch_size': NUM_TRAIN - 1, **options},
        )
        if kind is None:
            cfg.train_dataloader.batch_sampler = None
        return cfg

    model = build_runner(config()).model
    cls = type(model.encoders['audio'].backbone)
    forward = cls.forward
    monkeypatch.setattr(cls, 'forward', one_value)
    with pytest.raises(ConfigError, match='Batch norm needs') as error:
        build_runner(config()).train()
    drop = "batch_sampler=dict(tail='drop')" if kind else 'drop_last=True'
    line = f'train_dataloader = dict({drop})\n'
    assert line in str(error.value)
    cfg = config()
    cfg.merge_from_dict(Config.fromstring(line, '.py').to_dict())
    build_runner(cfg).train()
