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


def test_tokens_of_a_map():
    torch.manual_seed(0)
    backbone = nn.Conv2d(3, 4, 3)
    frames = torch.randn(2, 5, 3, 8, 8)
    encoder = ModalityEncoder(backbone, out_channels=4)
    vector, tokens = encoder.encode(frames)
    assert tokens.shape == (2, 5 * 6 * 6, 4) and tokens.mask.all()
    assert torch.equal(vector, encoder(frames))
    torch.testing.assert_close(tokens.values.mean(1), vector)
    # Frame 2, row 1, column 3.
    place = 2 * 36 + 1 * 6 + 3
    torch.testing.assert_close(
        tokens.values[1, place], backbone(frames[1])[2, :, 1, 3]
    )
    by_frame = ModalityEncoder(backbone, out_channels=4, tokens='frames')
    _, tokens = by_frame.encode(frames)
    torch.testing.assert_close(
        tokens.values,
        backbone(frames.flatten(0, 1)).mean((2, 3)).view(2, 5, 4),
    )
    one = ModalityEncoder(backbone, out_channels=4, tokens='one')
    vector, tokens = one.encode(frames)
    assert torch.equal(tokens.values, vector[:, None])


def test_vector_is_one_token():
    encoder = ModalityEncoder(nn.Linear(6, 4), out_channels=4)
    vector, tokens = encoder.encode(torch.randn(2, 6))
    assert torch.equal(tokens.values, vector[:, None])


def test_attention_pooling_by_hand():
    torch.manual_seed(0)
    encoder = ModalityEncoder(
        nn.Conv1d(2, 4, 1), out_channels=4, pooling='attention'
    )
    x = torch.randn(3, 2, 5)
    values = encoder.backbone(x).transpose(1, 2)
    weights = (values @ encoder.weigh.weight[0]).softmax(dim=1)
    expected = torch.einsum('bt,btd->bd', weights, values)
    torch.testing.assert_close(encoder(x), expected)
    encoder(x).square().sum().backward()
    assert encoder.weigh.weight.grad.any()


@pytest.mark.parametrize('option', ['tokens', 'pooling'])
def test_unknown_choices(option):
    with pytest.raises(ValueError, match=f'{option} must be one of'):
        ModalityEncoder(nn.Linear(6, 4), 4, **{option: 'none'})
