from __future__ import annotations

import numpy as np
import pytest

from mmremix.datasets.transforms import AddNoise
from mmremix.registry import TRANSFORMS
from tests.datasets.media_files import chirp

WAVE = chirp(np.arange(16000) / 16000)


def noise_of(transform, wave=WAVE):
    results = transform.transform({'waveform': wave.copy()})
    return results['waveform'].astype(np.float64) - wave


def snr(wave, noise):
    return 10 * np.log10(np.mean(wave.astype(float) ** 2) / np.mean(noise**2))


@pytest.mark.parametrize('kind', ['white', 'pink'])
@pytest.mark.parametrize('snr_db', [-10, 0, 12.5, 30])
@pytest.mark.parametrize('gain', [1.0, 0.01])
def test_ratio(kind, snr_db, gain):
    np.random.seed(0)
    wave = (gain * WAVE).astype(np.float32)
    noise = noise_of(AddNoise(snr_db, kind), wave)
    assert snr(wave, noise) == pytest.approx(snr_db, abs=0.01)


def test_ratio_of_short_waveforms():
    np.random.seed(0)
    for length in (20, 301):
        noise = noise_of(AddNoise(5.0), WAVE[-length:])
        assert snr(WAVE[-length:], noise) == pytest.approx(5, abs=0.3)


def test_ratio_is_drawn_evenly():
    np.random.seed(0)
    transform = AddNoise((0, 20))
    drawn = []
    for _ in range(200):
        results = transform.transform({'waveform': WAVE})
        drawn.append(results['snr_db'])
        noise = results['waveform'].astype(float) - WAVE
        assert snr(WAVE, noise) == pytest.approx(drawn[-1], abs=0.01)
    assert min(drawn) >= 0 and max(drawn) <= 20
    assert np.mean(drawn) == pytest.approx(10, abs=1.5)
    assert np.std(drawn) == pytest.approx(20 / 12**0.5, abs=1)


@pytest.mark.parametrize('kind, slope', [('white', 0.0), ('pink', -1.0)])
def test_colour(kind, slope):
    np.random.seed(0)
    transform = AddNoise(0, kind)
    spectra = [np.abs(np.fft.rfft(noise_of(transform))) for _ in range(40)]
    power = np.mean(np.square(spectra), axis=0)
    frequency = np.arange(len(power))
    bands = [(10, 40), (40, 160), (160, 640), (640, 2560), (2560, 7900)]
    x = [np.log(frequency[low:high].mean()) for low, high in bands]
    y = [
        np.log((power[low:high] * frequency[low:high] ** -slope).mean())
        for low, high in bands
    ]
    # With the slope taken out, the spectrum is flat.
    assert np.polyfit(x, y, 1)[0] == pytest.approx(0, abs=0.05)


def test_noise_is_gaussian():
    np.random.seed(0)
    noise = noise_of(AddNoise(0))
    z = (noise - noise.mean()) / noise.std()
    assert np.mean(z**3) == pytest.approx(0, abs=0.1)
    assert np.mean(z**4) == pytest.approx(3, abs=0.2)


def test_digital_silence_stays():
    silence = np.zeros(100, np.float32)
    results = AddNoise(0).transform({'waveform': silence})
    assert not results['waveform'].any()
    assert 'snr_db' not in results


def test_input_is_not_changed_in_place():
    wave = WAVE.copy()
    results = AddNoise(0).transform({'waveform': wave})
    assert np.array_equal(wave, WAVE)
    assert results['waveform'].dtype == np.float32


def test_follows_the_global_seed():
    noises = []
    for seed in (1, 1, 2):
        np.random.seed(seed)
        noises.append(noise_of(AddNoise((0, 9), 'pink')))
    assert np.array_equal(noises[0], noises[1])
    assert not np.array_equal(noises[0], noises[2])


@pytest.mark.parametrize(
    'options',
    [
        {'snr_db': (10, 0)},
        {'snr_db': (1, 2, 3)},
        {'snr_db': float('nan')},
        {'snr_db': float('inf')},
        {'snr_db': 0, 'kind': 'brown'},
    ],
)
def test_wrong_arguments(options):
    with pytest.raises(ValueError, match=r'snr_db=|kind='):
        AddNoise(**options)


def test_config_with_a_list():
    transform = TRANSFORMS.build(dict(type='AddNoise', snr_db=[0, 20]))
    assert repr(transform) == "AddNoise(snr_db=(0.0, 20.0), kind='white')"
