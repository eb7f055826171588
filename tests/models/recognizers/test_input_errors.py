from __future__ import annotations

import pytest
import torch

from mmremix.models import AVRecognizer
from mmremix.utils.errors import ConfigError

FIXED = {'dynamic_img_size': False}


def build(kind, fusion='ConcatFusionHead', **options):
    return AVRecognizer(
        encoders={
            'audio': {'type': kind, **options},
            'video': {'type': 'ResNet', 'base_channels': 4},
        },
        fusion={'type': fusion},
        num_classes=3,
    ).eval()


@pytest.mark.parametrize('fusion', ['ConcatFusionHead', 'MMTM'])
def test_wrong_number_of_channels(fusion):
    model = build('ResNet', fusion, base_channels=4, in_channels=3)
    frames = torch.rand(2, 3, 64, 64)
    with pytest.raises(ConfigError) as error:
        model({'audio': torch.rand(2, 1, 64, 48), 'video': frames})
    text = str(error.value)
    assert 'model.encoders.audio: ResNet' in text
    assert '(2, 1, 64, 48)' in text
    assert 'model = dict(encoders=dict(audio=dict(in_channels=1)))' in text


@pytest.mark.parametrize(
    ('kind', 'shape', 'said', 'options'),
    [
        ('timm.test_vit', (2, 3, 64, 48), 'img_size', FIXED),
        ('torchvision.resnet18', (2, 700), '2 dimensions', {}),
    ],
)
def test_wrong_size(kind, shape, said, options):
    with pytest.raises(ConfigError, match=said) as error:
        build(kind, **options)({'audio': torch.rand(shape)})
    assert 'model.encoders.audio' in str(error.value)


def test_other_errors_keep_their_kind(monkeypatch):
    model = build('ResNet', base_channels=4)

    def fail(x):
        raise RuntimeError('CUDA out of memory')

    monkeypatch.setattr(model.encoders['audio'].backbone, 'forward', fail)
    with pytest.raises(RuntimeError, match='out of memory') as error:
        model({'audio': torch.rand(2, 3, 64, 48)})
    assert not isinstance(error.value, ConfigError)
