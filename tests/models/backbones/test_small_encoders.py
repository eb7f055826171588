"""Encoders of features, series and small pictures."""

from __future__ import annotations

import pytest
import torch

from mmremix.models import GRU, MLP, ModalityEncoder, SmallCNN, TemporalCNN

CASES = [
    (dict(type='MLP', in_channels=12), (12,), 64),
    (dict(type='MLP', in_channels=12, channels=(8,)), (3, 4), 8),
    (dict(type='MLP', in_channels=12, dropout=0.5), (12,), 64),
    (dict(type='TemporalCNN', in_channels=6), (20, 6), 128),
    (dict(type='TemporalCNN', in_channels=6, dropout=0.2), (7, 6), 128),
    (dict(type='GRU', in_channels=6), (20, 6), 64),
    (dict(type='GRU', in_channels=6, bidirectional=True), (20, 6), 128),
    (dict(type='SmallCNN'), (1, 28, 28), 64),
    (dict(type='SmallCNN', in_channels=12, dropout=0.1), (12, 30, 40), 64),
    (dict(type='SmallCNN', in_channels=3), (2, 3, 16, 16), 64),
]


@pytest.mark.parametrize(('cfg', 'shape', 'channels'), CASES)
def test_gives_a_vector_of_out_channels(cfg, shape, channels):
    torch.manual_seed(0)
    encoder = ModalityEncoder(cfg).eval()
    x = torch.randn(4, *shape)
    features = encoder(x)
    assert encoder.out_channels == channels
    assert features.shape == (4, channels)
    # Each sample by itself: nothing is pooled over the batch.
    for i in range(4):
        torch.testing.assert_close(encoder(x[i : i + 1])[0], features[i])
    # A batch of Remix may be one sample.
    encoder.train()(x[:1]).sum().backward()
    assert all(p.grad is not None for p in encoder.parameters())


@pytest.mark.parametrize('cls', [TemporalCNN, GRU])
def test_series_are_read_along_time(cls):
    torch.manual_seed(0)
    model = ModalityEncoder(cls(in_channels=3)).eval()
    x = torch.randn(2, 16, 3)
    assert not torch.allclose(model(x), model(x.flip(1)))
    # And the last dimension is that of the channels.
    with pytest.raises(RuntimeError):
        model(x.transpose(1, 2))


@pytest.mark.parametrize('cls', [MLP, TemporalCNN, SmallCNN])
def test_refuses_no_layers(cls):
    with pytest.raises(ValueError, match=r'channels=\('):
        cls(in_channels=2, channels=())


def test_refuses_an_even_kernel():
    with pytest.raises(ValueError, match='odd'):
        TemporalCNN(in_channels=2, kernel_size=4)
