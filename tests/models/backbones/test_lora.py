"""Low-rank adapters beside the layers of an encoder."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import ConfigDict

from mmremix.apis import build_runner, export_model, train
from mmremix.apis.load_model import load_model
from mmremix.models import AVRecognizer
from mmremix.models.backbones.lora import merge_lora
from mmremix.utils.errors import ConfigError
from tests.models.backbones.files import save_random

pytest.importorskip('peft')
import timm

LORA = {'r': 2, 'target_modules': ['qkv'], 'lora_alpha': 8}
VIT = {'type': 'timm.test_vit', 'img_size': 32, 'patch_size': 16}


def build(lora=LORA, kind=VIT, **options):
    return AVRecognizer(
        encoders={'video': {**kind, 'lora': lora, **options}},
        fusion={'type': 'ConcatFusionHead'},
        num_classes=3,
    )


def test_adapters_alone_train(tmp_path):
    theirs = timm.create_model('test_vit', img_size=32, patch_size=16)
    path = save_random(theirs, tmp_path / 'vit.pth')
    model = build(pretrained=path)
    model.init_weights()
    plain = build(lora=None, pretrained=path)
    plain.init_weights()
    backbone = model.encoders['video'].backbone
    frames = torch.rand(4, 3, 32, 32)
    with torch.no_grad():  # B is zero at the start
        torch.testing.assert_close(
            model.encoders['video'](frames), plain.encoders['video'](frames)
        )
    assert {
        n for n, p in backbone.named_parameters() if not p.requires_grad
    } == {n for n, _ in backbone.named_parameters() if '.lora_' not in n}
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(2):
        output = model.run({'video': frames}, labels=torch.arange(4) % 3)
        sum(model.losses(output).values()).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        found = model.encoders['video'](frames)
        assert not torch.allclose(found, plain.encoders['video'](frames))
        merge_lora(model)
        torch.testing.assert_close(model.encoders['video'](frames), found)
    assert model.state_dict().keys() == plain.state_dict().keys()


def test_statistics_stay(tmp_path):
    lora = {'r': 2, 'target_modules': ['conv1']}
    model = build(lora, {'type': 'ResNet', 'base_channels': 4})
    norm = model.encoders['video'].backbone.stem[1]
    model.train()({'video': torch.rand(2, 3, 32, 32)})
    assert norm.num_batches_tracked == 0
    assert not norm.training


@pytest.mark.parametrize(
    ('lora', 'options', 'said'),
    [
        ({'r': 2}, {}, r"target_modules=\['qkv'"),
        ({'r': 2, 'target_modules': ['query']}, {}, r"target_modules=\['qkv'"),
        (LORA, {'frozen': True}, 'frozen=False'),
        ({**LORA, 'rank': 2}, {}, 'rank'),
    ],
)
def test_what_is_refused(lora, options, said):
    with pytest.raises(ConfigError, match=said):
        build(lora, **options)


def test_a_run_resumes_loads_and_is_exported(tiny_config, tmp_path):
    def config(epochs, **options):
        cfg = tiny_config(epochs=epochs, **options)
        lora = {'r': 2, 'target_modules': ['conv1', 'conv2']}
        cfg.model.encoders.audio.lora = ConfigDict(lora)
        return cfg

    train(build_runner(config(2)))
    cfg = config(3, resume=True)
    runner = build_runner(cfg)
    train(runner)
    assert runner.epoch == 3
    path = str(tmp_path / 'work' / 'epoch_3.pth')
    model, _ = load_model(config(3).model, path)
    state = model.state_dict()
    assert any('lora_B' in key and value.any() for key, value in state.items())
    report = export_model(config(3), path, tmp_path / 'a.pt2')
    assert max(report.differences.values()) < 1e-4
