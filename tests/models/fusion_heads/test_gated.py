from __future__ import annotations

import pytest
import torch

from mmremix.models import GatedFusionHead

SIZES = {'video': 3, 'audio': 2}


def test_second_gates_first_by_default():
    head = GatedFusionHead(SIZES, 4)
    video, audio = torch.randn(5, 3), torch.randn(5, 2)
    gate = 1 / (1 + torch.exp(-head.fc_gate(audio)))
    expected = head.fc(gate * head.fc_gated(video))
    out = head({'audio': audio, 'video': video})
    torch.testing.assert_close(out, expected)
    assert head.fc.in_features == 3


def test_gated_by_name_and_width():
    head = GatedFusionHead(SIZES, 4, gated='audio', width=7)
    assert (head.fc_gate.in_features, head.fc_gate.out_features) == (3, 7)
    assert (head.fc_gated.in_features, head.fc.in_features) == (2, 7)
    video, audio = torch.randn(5, 3), torch.randn(5, 2)
    expected = head.fc(head.fc_gate(video).sigmoid() * head.fc_gated(audio))
    out = head({'video': video, 'audio': audio})
    torch.testing.assert_close(out, expected)


def test_without_gating_a_constant_gate():
    head = GatedFusionHead(SIZES, 4)
    video = torch.randn(5, 3)
    gate = head.fc_gate.bias.sigmoid()
    expected = head.fc(gate * head.fc_gated(video))
    torch.testing.assert_close(head({'video': video}), expected)


def test_without_gated_a_constant_is_gated():
    head = GatedFusionHead(SIZES, 4)
    audio = torch.randn(5, 2)
    gate = head.fc_gate(audio).sigmoid()
    expected = head.fc(gate * head.fc_gated.bias)
    torch.testing.assert_close(head({'audio': audio}), expected)


def test_unknown_modality():
    with pytest.raises(ValueError, match="gated='text'") as error:
        GatedFusionHead(SIZES, 4, gated='text')
    fix = "fusion=dict(type='GatedFusionHead', gated='video')"
    assert str(error.value).endswith(fix)
