"""Encoders of sequences: padding changes nothing, and no step is no NaN."""

from __future__ import annotations

import pytest
import torch

from mmremix.models import ModalityEncoder, WaveformCNN
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded

SERIES = [
    {'type': 'GRU', 'in_channels': 3, 'hidden_channels': 8},
    {
        'type': 'GRU',
        'in_channels': 3,
        'hidden_channels': 4,
        'num_layers': 2,
        'bidirectional': True,
    },
    {'type': 'TemporalCNN', 'in_channels': 3, 'channels': (6, 6, 8)},
]
TEXT = [
    {'type': 'TextEmbedding', 'vocabulary': 9, 'channels': 8},
    {'type': 'TextTransformer', 'vocabulary': 9, 'width': 8},
]
LENGTHS = (7, 4, 5)


def build(cfg, **options):
    torch.manual_seed(0)
    return ModalityEncoder(MODELS.build(dict(cfg)), **options)


def samples(cfg):
    torch.manual_seed(1)
    if cfg in TEXT:  # float32, as AVDataPreprocessor makes everything
        return [torch.randint(1, 10, (n,)).float() for n in LENGTHS]
    return [torch.randn(n, 3) for n in LENGTHS]


@pytest.mark.parametrize('pooling', ['mean', 'attention'])
@pytest.mark.parametrize('cfg', SERIES + TEXT, ids=str)
def test_padded_is_each_by_itself(cfg, pooling):
    encoder = build(cfg, pooling=pooling).eval()
    each = samples(cfg)
    batch = Padded.stack([Padded.whole(x) for x in each])
    # What padding holds must not matter.
    outside = ~batch.mask.view(*batch.mask.shape, *(1,) * (each[0].dim() - 1))
    junk = Padded(batch.values.masked_fill(outside, 5), batch.mask)
    vectors, tokens = encoder.encode(junk)
    assert vectors.shape == (3, 8) == (3, encoder.out_channels)
    torch.testing.assert_close(encoder(batch), vectors)
    for row, x in enumerate(each):
        alone, own = encoder.encode(x[None])
        torch.testing.assert_close(vectors[row : row + 1], alone)
        torch.testing.assert_close(
            tokens.values[row][tokens.mask[row]], own.values[0]
        )


@pytest.mark.parametrize('cfg', SERIES + TEXT, ids=str)
def test_sample_without_a_step_is_zeros(cfg):
    encoder = build(cfg).train()
    batch = Padded.stack([Padded.whole(x) for x in samples(cfg)])
    batch.mask[1] = False
    vectors = encoder(batch)
    assert vectors[0].any() and not vectors[1].any()
    vectors.square().sum().backward()
    assert all(p.grad.isfinite().all() for p in encoder.parameters())


@pytest.mark.parametrize('cfg', TEXT, ids=str)
def test_zero_is_padding(cfg):
    encoder = build(cfg).eval()
    short = torch.tensor([[3, 1, 2]])
    torch.testing.assert_close(
        encoder(torch.tensor([[3, 1, 2, 0, 0]])), encoder(short)
    )
    assert not encoder(torch.zeros(1, 4)).any()


def test_order_of_words_matters_to_the_transformer_alone():
    there, back = torch.tensor([[3, 1, 2]]), torch.tensor([[2, 1, 3]])
    bag, transformer = (build(cfg).eval() for cfg in TEXT)
    torch.testing.assert_close(bag(there), bag(back))
    assert not torch.allclose(transformer(there), transformer(back))
    by_hand = bag.backbone.embedding.weight[[1, 2, 3]].mean(0)
    torch.testing.assert_close(bag(there)[0], by_hand)


@pytest.mark.parametrize('cfg', TEXT, ids=str)
def test_unknown_token_is_refused(cfg):
    with pytest.raises(ConfigError, match='vocabulary=9 has no token 12'):
        build(cfg)(torch.tensor([[1, 12]]))


def test_batch_norm_counts_the_steps_that_are_there():
    cfg = SERIES[-1]
    padded, plain = build(cfg).train(), build(cfg).train()
    x = torch.randn(4, 6, 3)
    plain(x)
    longer = torch.cat([x, torch.full((4, 5, 3), 9.0)], dim=1)
    mask = torch.arange(11).expand(4, 11) < 6
    padded(Padded(longer, mask))
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(padded.state_dict()[name], value, msg=name)


def test_encoder_without_mask_refuses_sequences():
    encoder = build({'type': 'MLP', 'in_channels': 3, 'channels': (4,)})
    with pytest.raises(ConfigError, match='MLP got sequences of different'):
        encoder(Padded.stack([Padded.whole(torch.ones(2, 3))]))


def test_a_mask_with_a_hole_is_refused():
    encoder = MODELS.build({'type': 'GRU', 'in_channels': 3})
    mask = torch.ones(3, 4, dtype=torch.bool)
    mask[1, 2] = False
    with pytest.raises(ConfigError, match=r'hole in 1 of 3 .* in row 1 of'):
        encoder(torch.ones(3, 4, 3), mask)


def test_waveform():
    torch.manual_seed(0)
    encoder = ModalityEncoder(WaveformCNN((4, 8)))
    vector, tokens = encoder.encode(torch.randn(2, 1600))
    assert vector.shape == (2, 8) and tokens.shape == (2, 25, 8)
    torch.testing.assert_close(tokens.values.mean(1), vector)
    assert encoder(torch.randn(2, 1, 1600)).shape == (2, 8)
    assert encoder(torch.randn(2, 64)).shape == (2, 8)
    with pytest.raises(ConfigError, match='63 samples are too few'):
        encoder(torch.randn(2, 63))
    with pytest.raises(ConfigError, match='no layer'):
        WaveformCNN(())
