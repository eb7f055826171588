from __future__ import annotations

import pytest
import torch
from mmengine.optim import build_optim_wrapper

from mmremix.models import AVRecognizer
from mmremix.utils.errors import ConfigError


def build_model(kind):
    torch.manual_seed(0)
    return AVRecognizer(
        encoders={
            'video': dict(kind),
            'audio': {'type': 'ResNet', 'base_channels': 4},
        },
        fusion={'type': 'ConcatFusionHead'},
        num_classes=3,
    )


def rates(model, paramwise, **options):
    wrapper = build_optim_wrapper(
        model,
        {
            'type': 'mmremix.OptimWrapper',
            'constructor': 'mmremix.LayerDecayConstructor',
            'optimizer': {'type': 'SGD', 'lr': 0.1, 'weight_decay': 0.01},
            'paramwise_cfg': paramwise,
            **options,
        },
    )
    found = {
        id(parameter): group['lr']
        for group in wrapper.optimizer.param_groups
        for parameter in group['params']
    }
    return {n: found[id(p)] for n, p in model.named_parameters()}


def close(value):
    return pytest.approx(value, rel=1e-6)


def test_stages_of_a_resnet():
    model = build_model({'type': 'torchvision.resnet18'})
    found = rates(model, {'layer_decay': 0.5})
    video = 'encoders.video.backbone.model.'
    assert found[f'{video}conv1.weight'] == close(0.1 * 0.5**5)
    assert found[f'{video}bn1.bias'] == close(0.1 * 0.5**5)
    assert found[f'{video}layer1.0.conv1.weight'] == close(0.1 * 0.5**4)
    assert found[f'{video}layer4.1.bn2.weight'] == close(0.1 * 0.5)
    audio = 'encoders.audio.backbone.'
    assert found[f'{audio}stem.0.weight'] == close(0.1 * 0.5**5)
    rest = [v for k, v in found.items() if not k.startswith('encoders')]
    assert rest and all(value == close(0.1) for value in rest)


def test_blocks_of_a_transformer_and_one_modality():
    model = build_model({'type': 'timm.test_vit'})
    paramwise = {
        'layer_decay': {'video': 0.5},
        'norm_decay_mult': 0.0,
        'custom_keys': {'patch_embed': {'lr_mult': 0.1}},
    }
    found = rates(model, paramwise)
    video = 'encoders.video.backbone.model.'
    assert found[f'{video}cls_token'] == close(0.1 * 0.5**7)
    assert found[f'{video}patch_embed.proj.weight'] == close(0.01 * 0.5**7)
    assert found[f'{video}blocks.0.attn.qkv.weight'] == close(0.1 * 0.5**6)
    assert found[f'{video}blocks.5.mlp.fc2.bias'] == close(0.1 * 0.5)
    assert found[f'{video}norm.weight'] == close(0.1)
    audio = [v for k, v in found.items() if 'audio' in k]
    assert all(value == close(0.1) for value in audio)


@pytest.mark.parametrize(
    'paramwise',
    [{}, {'layer_decay': 1.5}, {'layer_decay': {'vidoe': 0.5}}],
)
def test_what_is_refused(paramwise):
    model = build_model({'type': 'ResNet', 'base_channels': 4})
    with pytest.raises(ConfigError, match=r'layer_decay=0\.75'):
        rates(model, paramwise)
