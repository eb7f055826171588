from __future__ import annotations

import pytest
import torch
from mmengine.model import BaseModule
from torch import nn

from mmremix.models import AVRecognizer, ModalityEncoder


def test_frames_are_averaged():
    encoder = ModalityEncoder(nn.Conv2d(3, 4, 3), out_channels=4).eval()
    frames = torch.randn(2, 5, 3, 8, 8)
    each = [encoder(frames[:, i]) for i in range(5)]
    torch.testing.assert_close(encoder(frames), torch.stack(each).mean(0))


def test_clips_and_plain_inputs():
    clips = ModalityEncoder(nn.Conv3d(3, 4, 3), out_channels=4)
    assert clips(torch.randn(2, 1, 3, 4, 8, 8)).shape == (2, 4)
    vector = ModalityEncoder(nn.Linear(6, 4), out_channels=4)
    assert vector(torch.randn(2, 6)).shape == (2, 4)


def test_last_of_several_outputs():
    class Pyramid(nn.Module):
        feat_dim = 2

        def forward(self, x):
            return x, x[:, :2, ::2, ::2]

    encoder = ModalityEncoder(Pyramid())
    assert encoder.out_channels == 2
    assert encoder(torch.randn(3, 4, 8, 8)).shape == (3, 2)


def test_unknown_size():
    with pytest.raises(ValueError, match="type='ModalityEncoder'"):
        ModalityEncoder(nn.Identity())


def test_pretrained_weights_are_asked_for():
    class Pretrained(BaseModule):
        out_channels = 4
        asked = 0

        def init_weights(self):
            self.asked += 1

    model = AVRecognizer(
        encoders={'video': {'type': Pretrained}},
        fusion={'type': 'ConcatFusionHead'},
        num_classes=3,
    )
    model.init_weights()
    assert model.encoders['video'].backbone.asked == 1
