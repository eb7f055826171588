"""Encoders of torchvision and timm, by name and from files."""

from __future__ import annotations

import logging

import pytest
import timm
import torch
from mmengine.model import BaseModule
from torch import nn
from torchvision import models as torchvision_models

from mmremix.models import AVRecognizer
from mmremix.models.backbones.probe import output_size
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError
from tests.models.backbones.files import save_random

SMALL = 'test_resnet'  # of timm, for tests


def recognizer(**encoders):
    return AVRecognizer(
        encoders=encoders, fusion={'type': 'ConcatFusionHead'}, num_classes=3
    )


@pytest.fixture(scope='module')
def resnet18(tmp_path_factory):
    model = torchvision_models.resnet18(weights=None)
    path = tmp_path_factory.mktemp('files') / 'resnet18.pth'
    save_random(model, path)
    return model.eval(), str(path)


@pytest.mark.parametrize(
    'kind', ['torchvision.resnet18', 'timm.resnet18', 'ResNet']
)
def test_weights_of_a_file_are_those_of_the_encoder(resnet18, kind):
    model, path = resnet18
    model.fc = nn.Identity()
    init_cfg = {'type': 'Pretrained', 'checkpoint': path}
    ours = recognizer(video={'type': kind, 'init_cfg': init_cfg})
    assert ours.encoders['video'].out_channels == 512
    frames = torch.rand(2, 3, 3, 32, 32)
    ours.eval()
    with torch.no_grad():
        before = ours.encoders['video'](frames)
        ours.init_weights()
        found = ours.encoders['video'](frames)
        wanted = model(frames.flatten(0, 1)).view(2, 3, 512).mean(1)
    assert not torch.allclose(before, wanted)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    'cfg',
    [
        {'type': 'ResNet'},
        {'type': 'torchvision.resnet18'},
        {'type': 'timm.resnet18'},
    ],
    ids=lambda cfg: cfg['type'],
)
def test_other_number_of_channels(resnet18, cfg):
    model, path = resnet18
    cfg = {**cfg, 'in_channels': 1, 'pretrained': path}
    with pytest.raises(ConfigError, match=r"stem='average'"):
        recognizer(audio=cfg).init_weights()
    ours = MODELS.build({**cfg, 'stem': 'average'})
    ours.init_weights()
    stem = next(m for m in ours.modules() if isinstance(m, nn.Conv2d))
    grey = torch.rand(2, 1, 16, 16)
    torch.testing.assert_close(
        stem(grey), model.conv1(grey.expand(-1, 3, -1, -1))
    )


@pytest.mark.parametrize(
    ('cfg', 'said'),
    [
        ({'depth': 34}, 'is missing'),
        ({'base_channels': 4}, r'is \(64, 3, 7, 7\), not \(4, 3, 7, 7\)'),
        ({'stem': 'sum'}, "stem='average'"),
        ({'pretrained': True}, 'nothing is downloaded'),
        ({'init_cfg': {'type': 'Kaiming'}}, "type='Pretrained'"),
    ],
)
def test_weights_that_do_not_fit(resnet18, cfg, said):
    cfg = {'type': 'ResNet', 'pretrained': resnet18[1], **cfg}
    with pytest.raises(ConfigError, match=said):
        recognizer(video=cfg).init_weights()


def test_files_without_the_weights(tmp_path):
    path = str(tmp_path / 'a.pth')
    for content, prefix, said in (
        ([1], '', 'holds no weights'),
        ({'state_dict': {'a.b': torch.ones(1)}}, 'x', 'begin with a.b'),
        ({'a.b': torch.ones(1)}, '', r'none of its \d+ weights is there'),
    ):
        torch.save(content, path)
        cfg = {'type': 'Pretrained', 'checkpoint': path, 'prefix': prefix}
        model = recognizer(video={'type': 'ResNet', 'init_cfg': cfg})
        with pytest.raises(ConfigError, match=said):
            model.init_weights()


def test_prefix_takes_the_encoder_of_a_run(tmp_path):
    kind = {'type': 'ResNet', 'base_channels': 4}
    first = recognizer(video=kind)
    torch.save({'state_dict': first.state_dict()}, tmp_path / 'run.pth')
    cfg = {
        'type': 'Pretrained',
        'checkpoint': str(tmp_path / 'run.pth'),
        'prefix': 'encoders.video.backbone.',
    }
    second = recognizer(lips={**kind, 'init_cfg': cfg})
    second.init_weights()
    wanted = first.encoders['video'].backbone.state_dict()
    for key, value in second.encoders['lips'].backbone.state_dict().items():
        assert torch.equal(value, wanted[key])


def test_safetensors(tmp_path):
    from safetensors.torch import save_file

    first = timm.create_model(SMALL, pretrained=False)
    save_file(first.state_dict(), tmp_path / 'a.safetensors')
    ours = MODELS.build(
        {
            'type': f'timm.{SMALL}',
            'pretrained': str(tmp_path / 'a.safetensors'),
        }
    )
    ours.init_weights()
    wanted = first.state_dict()
    for key, value in ours.model.state_dict().items():
        assert torch.equal(value, wanted[key])


@pytest.mark.parametrize(
    ('kind', 'options', 'shape', 'size'),
    [
        ('torchvision.mobilenet_v3_small', {}, (3, 64, 64), 1024),
        ('torchvision.squeezenet1_1', {}, (3, 64, 64), 512),
        ('torchvision.r3d_18', {'in_channels': 2}, (1, 2, 4, 32, 32), 512),
        (f'timm.{SMALL}', {'in_channels': 1}, (1, 64, 48), 96),
        ('timm.test_vit', {'img_size': 64}, (3, 64, 64), 64),
        ('timm.test_vit', {'global_pool': ''}, (3, 160, 160), 64),
        ('mmaction.ResNet', {'depth': 18}, (3, 64, 64), 512),
    ],
)
def test_size_is_found(kind, options, shape, size):
    model = recognizer(video={'type': kind, **options}).eval()
    encoder = model.encoders['video']
    assert encoder.out_channels == size
    with torch.no_grad():
        assert encoder(torch.rand(2, *shape)).shape == (2, size)


def test_size_of_a_module_of_ones_own():
    def counted(module):
        before = [p.clone() for p in module.parameters()]
        size = output_size(module)
        after = list(module.parameters())
        assert all(map(torch.equal, before, after)) and module.training
        return size

    norm = nn.BatchNorm2d(5)
    assert counted(nn.Sequential(nn.Conv2d(2, 5, 3), norm)) == 5
    assert norm.num_batches_tracked == 0
    assert counted(nn.Linear(3, 4)) == 4
    with pytest.raises(ConfigError, match='no convolution or linear'):
        output_size(nn.Flatten())


@pytest.mark.parametrize(
    ('kind', 'said'),
    [
        ('torchvision.resnet19', 'Did you mean .*resnet1'),
        ('timm.resnet1888', "type='timm.resnet18"),
    ],
)
def test_unknown_model(kind, said):
    with pytest.raises(ConfigError, match=said):
        MODELS.build({'type': kind})


@MODELS.register_module()
class LenientBackbone(BaseModule):
    """Takes of a file what fits, as those of mmaction2 do."""

    out_channels = 4

    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.first, self.second = nn.Linear(3, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.second(self.first(x))


def test_weights_that_are_silently_ignored(tmp_path, caplog, monkeypatch):
    """mmengine only logs names that it does not know."""
    logger = logging.getLogger('seen')
    monkeypatch.setattr(
        'mmremix.models.backbones.weights.print_log',
        lambda text, _, level: logger.log(level, text),
    )
    path = str(tmp_path / 'a.pth')
    cfg = {'type': 'Pretrained', 'checkpoint': path}
    weights = LenientBackbone().state_dict()
    torch.save({f'backbone.{k}': v for k, v in weights.items()}, path)
    kind = {'type': 'LenientBackbone', 'init_cfg': cfg}
    with pytest.raises(ConfigError, match='4 of 4 parameters'):
        recognizer(video=kind).init_weights()
    torch.save({k: v for k, v in weights.items() if 'second' in k}, path)
    recognizer(video=kind).init_weights()
    assert '2 of 4 parameters' in caplog.text
    caplog.clear()
    torch.save(weights, path)
    recognizer(video=kind).init_weights()
    assert not caplog.text
