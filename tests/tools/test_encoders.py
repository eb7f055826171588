"""Runs from weights in a file, as tools/train.py makes them."""

from __future__ import annotations

import timm
import torch
from mmengine.config import ConfigDict

from mmremix.apis import build_runner, train
from mmremix.apis.load_model import load_model
from tests.models.backbones.files import save_random


def test_a_run_starts_from_the_file(tiny_config, tmp_path):
    """Frozen parts are the file's in the end, the others moved away."""
    path = tmp_path / 'timm.pth'
    save_random(timm.create_model('test_resnet', pretrained=False), path)
    weights = torch.load(path, weights_only=True)

    def config():
        cfg = tiny_config(epochs=2)
        for name, channels in (('video', 3), ('audio', 1)):
            cfg.model.encoders[name] = ConfigDict(
                {
                    'type': 'timm.test_resnet',
                    'in_channels': channels,
                    'stem': 'average',
                    'frozen': 1,
                    'init_cfg': {
                        'type': 'Pretrained',
                        'checkpoint': str(path),
                    },
                }
            )
        cfg.optim_wrapper.constructor = 'LayerDecayConstructor'
        cfg.optim_wrapper.paramwise_cfg = {'layer_decay': 0.5}
        return cfg

    runner = build_runner(config())
    start = []
    before = runner.call_hook

    def call_hook(name, **kwargs):
        if name == 'before_train_epoch' and not start:
            state = runner.model.state_dict()
            start.append({k: v.clone() for k, v in state.items()})
        before(name, **kwargs)

    runner.call_hook = call_hook
    train(runner)
    path.unlink()  # testing needs it no more
    checkpoint = tmp_path / 'work' / 'epoch_2.pth'
    model, _ = load_model(config().model, str(checkpoint))
    end, moved = model.state_dict(), set()
    for name in ('video', 'audio'):
        place = f'encoders.{name}.backbone.model.'
        for key, value in weights.items():
            if key.startswith('fc.'):
                continue
            if (name, key) == ('audio', 'conv1.0.weight'):
                value = value.sum(1, keepdim=True)
            torch.testing.assert_close(start[0][place + key], value)
            if not torch.equal(end[place + key], start[0][place + key]):
                moved.add(key)
    assert moved and not any(
        key.startswith(('conv1', 'bn1', 'layer1')) for key in moved
    )
    assert {key.split('.')[0] for key in moved} == {
        *('layer2', 'layer3', 'layer4'),
    }
