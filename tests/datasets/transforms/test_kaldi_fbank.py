from __future__ import annotations

import numpy as np
import pytest
import torch

from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.transforms import KaldiFbank
from mmremix.registry import TRANSFORMS
from tests.datasets.media_files import chirp

PLAIN = {'mean': 0.0, 'std': 0.5}  # (x - 0) / (2 * 0.5) is x


def sample(length, rate=16000, offset=0.0):
    wave = (chirp(np.arange(length) / rate) + offset).astype(np.float32)
    return {'waveform': wave, 'sample_rate': rate}


def by_numpy(wave, rate, bins):
    """Kaldi's filter bank by its definition, in double precision."""
    length, shift = rate * 25 // 1000, rate * 10 // 1000
    size = 1 << (length - 1).bit_length()
    wave = wave.astype(np.float64)
    wave -= wave.mean()
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / (length - 1))
    edges = np.linspace(_mel(20), _mel(rate / 2), bins + 2)
    mels = _mel(np.arange(size // 2) * rate / size)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (mels - left) / (centre - left)
    falling = (right - mels) / (right - centre)
    filters = np.maximum(0, np.minimum(rising, falling))
    rows = []
    for start in range(0, len(wave) - length + 1, shift):
        frame = wave[start : start + length]
        frame = frame - frame.mean()
        frame = frame - 0.97 * np.concatenate([frame[:1], frame[:-1]])
        power = np.abs(np.fft.rfft(window * frame, size)) ** 2
        rows.append(np.log(np.maximum(filters @ power[:-1], 1.1920929e-07)))
    return np.stack(rows)


def _mel(hertz):
    return 1127 * np.log(1 + np.asarray(hertz) / 700)


@pytest.mark.parametrize('rate, bins', [(16000, 128), (22050, 64), (8000, 40)])
def test_against_the_definition(rate, bins):
    # Noise has energy in all bands.
    wave = np.random.default_rng(0).normal(0.1, 0.2, rate).astype(np.float32)
    results = {'waveform': wave, 'sample_rate': rate}
    transform = KaldiFbank(num_mel_bins=bins, num_frames=98, **PLAIN)
    spectrogram = transform.transform(results)['spectrogram']
    assert spectrogram.shape == (1, 98, bins)
    assert spectrogram.dtype == torch.float32
    expected = by_numpy(results['waveform'], rate, bins)
    assert expected.shape == (98, bins)
    off = np.abs(spectrogram[0].numpy() - expected)
    assert off.max() < 0.01


def test_padding_comes_before_normalisation():
    spectrogram = KaldiFbank().transform(sample(16000))['spectrogram']
    assert spectrogram.shape == (1, 1024, 128)
    assert not torch.allclose(spectrogram[0, :98], torch.tensor(0.438))
    padded = 4.503877 / (2 * 5.141276)
    assert padded == pytest.approx(0.438, abs=1e-3)
    assert torch.allclose(spectrogram[0, 98:], torch.tensor(padded))


def test_normalisation():
    plain = KaldiFbank(num_frames=98, **PLAIN).transform(sample(16000))
    usual = KaldiFbank(num_frames=98).transform(sample(16000))
    expected = (plain['spectrogram'] + 4.503877) / (2 * 5.141276)
    assert torch.allclose(usual['spectrogram'], expected)


def test_longer_sound_is_cut():
    whole = KaldiFbank(num_frames=98).transform(sample(16000))
    part = KaldiFbank(num_frames=40).transform(sample(16000))
    assert part['spectrogram'].shape == (1, 40, 128)
    assert torch.equal(part['spectrogram'], whole['spectrogram'][:, :40])


def test_offset_of_the_waveform_does_not_matter():
    transform = KaldiFbank(num_frames=98, **PLAIN)
    one = transform.transform(sample(16000))['spectrogram']
    two = transform.transform(sample(16000, offset=0.3))['spectrogram']
    assert (one - two).abs()[one > -8].max() < 0.05


def test_no_dither():
    transform = KaldiFbank()
    one = transform.transform(sample(8000))['spectrogram']
    assert torch.equal(one, transform.transform(sample(8000))['spectrogram'])


def test_too_short():
    one = KaldiFbank(num_frames=3).transform(sample(400))['spectrogram']
    assert torch.isfinite(one).all()
    with pytest.raises(
        BrokenMediaError, match=r'^a\.wav: 399 samples at 16000 Hz, KaldiFbank'
    ):
        KaldiFbank().transform({**sample(399), 'audio': 'a.wav'})


@pytest.mark.parametrize(
    'options', [{'num_mel_bins': 0}, {'num_frames': 0}, {'std': 0.0}]
)
def test_wrong_arguments(options):
    with pytest.raises(ValueError, match='must be positive'):
        KaldiFbank(**options)


def test_torchaudio_that_does_not_load(monkeypatch):
    import mmremix.datasets.transforms.kaldi_fbank as module

    def fail():
        raise ImportError('torchaudio cannot be imported')

    monkeypatch.setattr(module, 'torchaudio_or_raise', fail)
    with pytest.raises(ImportError, match='torchaudio'):
        TRANSFORMS.build(dict(type='KaldiFbank'))


def test_repr_is_its_config():
    assert repr(TRANSFORMS.build(dict(type='KaldiFbank'))) == (
        'KaldiFbank(num_mel_bins=128, num_frames=1024, mean=-4.503877, '
        'std=5.141276)'
    )


@pytest.mark.parametrize('rate', [16000, 22050, 44100])
def test_frames_beyond_the_last_change_nothing(rate):
    """The same frames whether or not more of them follow."""
    generator = np.random.default_rng(0)
    waveform = generator.normal(size=rate).astype(np.float32)
    short, long = (
        KaldiFbank(num_frames=n).transform(
            {'waveform': waveform, 'sample_rate': rate}
        )['spectrogram']
        for n in (40, 98)
    )
    assert torch.equal(short, long[:, :40])
