from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.transforms import LogSTFT
from mmremix.registry import TRANSFORMS
from tests.datasets.media_files import chirp


def sample(length, rate=22050):
    wave = chirp(np.arange(length) / rate)
    return {'waveform': wave, 'sample_rate': rate}


def by_numpy(wave, n_fft, hop, eps):
    """The same by definition, frame by frame."""
    padded = np.pad(wave.astype(np.float64), n_fft // 2, mode='reflect')
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    columns = [
        np.abs(np.fft.rfft(window * padded[start : start + n_fft]))
        for start in range(0, len(padded) - n_fft + 1, hop)
    ]
    return np.log(np.stack(columns, axis=1) + eps)


def test_format_of_ogm_ge():
    # Noise has energy in all rows.
    wave = np.random.default_rng(0).normal(0, 0.2, 66150).astype(np.float32)
    results = {'waveform': wave, 'sample_rate': 22050}
    results = LogSTFT().transform(results)
    spectrogram = results['spectrogram']
    assert spectrogram.shape == (1, 257, 188)
    assert spectrogram.dtype == torch.float32
    expected = by_numpy(results['waveform'], 512, 353, 1e-7)
    assert np.abs(spectrogram[0].numpy() - expected).max() < 0.01


def test_other_sizes():
    transform = LogSTFT(n_fft=256, hop_length=100, eps=1e-3)
    results = transform.transform(sample(3001))
    assert results['spectrogram'].shape == (1, 129, 31)
    expected = by_numpy(results['waveform'], 256, 100, 1e-3)
    error = np.abs(results['spectrogram'][0].numpy() - expected)
    assert error.max() < 0.01


def test_silence_is_the_floor():
    silence = {'waveform': np.zeros(2000, np.float32), 'sample_rate': 8000}
    spectrogram = LogSTFT().transform(silence)['spectrogram']
    assert torch.allclose(spectrogram, torch.tensor(1e-7).log())


def test_tone_is_in_its_row():
    times = np.arange(22050) / 22050
    wave = np.sin(2 * np.pi * 2000 * times).astype(np.float32)
    results = {'waveform': wave, 'sample_rate': 22050}
    rows = LogSTFT().transform(results)['spectrogram'][0].argmax(dim=0)
    assert (rows[1:-1] == round(2000 * 512 / 22050)).all()


def test_normalisation():
    plain = LogSTFT().transform(sample(4000))['spectrogram']
    transform = LogSTFT(mean=-5.0, std=4.0)
    normalised = transform.transform(sample(4000))['spectrogram']
    assert torch.allclose(normalised, (plain + 5) / 4)


def test_waveform_stays():
    given = sample(4000)
    before = given['waveform'].copy()
    assert np.array_equal(LogSTFT().transform(given)['waveform'], before)


def test_too_short():
    LogSTFT().transform(sample(512))
    with pytest.raises(
        BrokenMediaError, match=r'^a\.wav: 511 samples at 22050 Hz, LogSTFT'
    ):
        LogSTFT().transform({**sample(511), 'audio': 'a.wav'})
    with pytest.raises(
        BrokenMediaError, match=r"(?s)^a\.mp4: .*'DecodeAudio'"
    ):
        LogSTFT().transform({**sample(0), 'clip': 'a.mp4', 'audio': None})


@pytest.mark.parametrize(
    'options',
    [{'n_fft': 0}, {'hop_length': -1}, {'eps': 0.0}, {'std': 0.0}],
)
def test_wrong_arguments(options):
    with pytest.raises(ValueError, match='must be positive'):
        LogSTFT(**options)


def test_torchaudio_that_does_not_load(monkeypatch):
    import mmremix.datasets.transforms.log_stft as module

    def fail():
        raise ImportError('torchaudio cannot be imported')

    monkeypatch.setattr(module, 'torchaudio_or_raise', fail)
    # When the pipeline is built, not while data are loaded.
    with pytest.raises(ImportError, match='torchaudio'):
        TRANSFORMS.build(dict(type='LogSTFT'))


def test_goes_to_a_worker():
    transform = TRANSFORMS.build(dict(type='LogSTFT', n_fft=256))
    again = pickle.loads(pickle.dumps(transform))
    assert repr(again) == repr(transform)
    one = transform.transform(sample(2000))['spectrogram']
    assert torch.equal(one, again.transform(sample(2000))['spectrogram'])
