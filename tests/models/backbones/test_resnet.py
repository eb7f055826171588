from __future__ import annotations

import pytest
import torch

from mmremix.models import ResNet


def test_shapes_and_width():
    model = ResNet(in_channels=1, base_channels=8)
    assert model.stage_channels == (8, 16, 32, 64)
    assert model(torch.randn(2, 1, 257, 188)).shape == (2, 64, 9, 6)


def test_resnet18_has_the_usual_size():
    count = sum(p.numel() for p in ResNet(in_channels=3).parameters())
    # ImageNet's 11,689,512 less the classifier's 513,000.
    assert count == 11_176_512
    assert len(ResNet(34).stages[2]) == 6


def test_initialisation():
    torch.manual_seed(0)
    model = ResNet()
    conv = model.stages[3][1].conv1.weight
    assert conv.std().item() == pytest.approx((2 / (512 * 9)) ** 0.5, rel=0.02)
    weights = torch.cat(
        [
            m.weight
            for m in model.modules()
            if isinstance(m, torch.nn.BatchNorm2d)
        ]
    )
    assert weights.mean().item() == pytest.approx(1, abs=0.002)
    assert weights.std().item() == pytest.approx(0.02, rel=0.1)


def test_other_depths_point_to_mmaction():
    with pytest.raises(ValueError, match=r'mmaction\.ResNet'):
        ResNet(50)
