from __future__ import annotations

import pytest
import torch

from mmremix.models import FiLMFusionHead

SIZES = {'video': 3, 'audio': 2}


def test_second_modulates_first_by_default():
    head = FiLMFusionHead(SIZES, 4)
    video, audio = torch.randn(5, 3), torch.randn(5, 2)
    weight, bias = head.film.weight, head.film.bias
    gamma = audio @ weight[:3].T + bias[:3]
    beta = audio @ weight[3:].T + bias[3:]
    expected = head.fc(gamma * video + beta)
    out = head({'audio': audio, 'video': video})
    torch.testing.assert_close(out, expected)


def test_conditioned_by_name():
    torch.manual_seed(0)
    head = FiLMFusionHead(SIZES, 4, conditioned='audio')
    torch.manual_seed(0)
    swapped = FiLMFusionHead({'audio': 2, 'video': 3}, 4)
    features = {'video': torch.randn(5, 3), 'audio': torch.randn(5, 2)}
    assert torch.equal(head(features), swapped(features))
    assert head.fc.in_features == 2


def test_without_condition_a_linear_classifier():
    head = FiLMFusionHead(SIZES, 4)
    video = torch.randn(5, 3)
    gamma, beta = head.film.bias.chunk(2)
    weight = head.fc.weight * gamma
    expected = video @ weight.T + head.fc.weight @ beta + head.fc.bias
    torch.testing.assert_close(head({'video': video}), expected)


def test_without_conditioned_only_the_shift_is_left():
    head = FiLMFusionHead(SIZES, 4)
    audio = torch.randn(5, 2)
    out = head({'audio': audio})
    torch.testing.assert_close(out, head.fc(head.film(audio)[:, 3:]))
    out.sum().backward()
    assert not head.film.weight.grad[:3].any()
    assert not head.film.bias.grad[:3].any()
    assert head.film.weight.grad[3:].all()


def test_unknown_modality():
    with pytest.raises(ValueError, match="conditioned='vdeo'") as error:
        FiLMFusionHead(SIZES, 4, conditioned='vdeo')
    fix = "fusion=dict(type='FiLMFusionHead', conditioned='video')"
    assert str(error.value).endswith(fix)
