from __future__ import annotations

import pytest
import torch
from mmaction.structures import ActionDataSample

from mmremix.models import AVDataPreprocessor
from mmremix.registry import TRANSFORMS
from mmremix.utils.errors import ConfigError


def samples(*active):
    found = []
    for names in active:
        sample = ActionDataSample()
        sample.set_metainfo({'active_modalities': names})
        found.append(sample)
    return found


def test_stacks_and_normalises_each_modality():
    preprocessor = AVDataPreprocessor(
        {
            'video': {'mean': [1, 2, 3], 'std': [2, 2, 4]},
            'audio': {'mean': -5.0, 'std': 4.0},
        }
    )
    frames = [torch.full((2, 3, 4, 4), v, dtype=torch.uint8) for v in (5, 7)]
    sound = [torch.zeros(1, 6, 5)] * 2
    data = preprocessor(
        {
            'inputs': {'video': frames, 'audio': sound},
            'data_samples': samples(*[('video', 'audio')] * 2),
        }
    )
    video, audio = data['inputs']['video'], data['inputs']['audio']
    assert video.shape == (2, 2, 3, 4, 4)
    assert video[0, 0, :, 0, 0].tolist() == [2.0, 1.5, 0.5]
    assert audio.shape == (2, 1, 6, 5)
    assert (audio == 1.25).all()
    clips = [torch.full((1, 3, 2, 4, 4), 5, dtype=torch.uint8)]
    data = preprocessor({'inputs': {'video': clips}})
    assert data['inputs']['video'][0, 0, :, 0, 0, 0].tolist() == [2, 1.5, 0.5]


def test_only_what_is_there():
    data = AVDataPreprocessor()(
        {
            'inputs': {'audio': [torch.zeros(1, 6, 5)]},
            'data_samples': samples(('audio',)),
        }
    )
    assert list(data['inputs']) == ['audio']


def test_mixed_batch_is_refused():
    with pytest.raises(ValueError, match=r"batch_sampler=dict\(type='Remix"):
        AVDataPreprocessor()(
            {
                'inputs': {'audio': [torch.zeros(1)] * 2},
                'data_samples': samples(('audio',), ('video', 'audio')),
            }
        )


def test_spectrograms_on_the_device_are_those_of_the_pipeline():
    options = {'type': 'LogSTFT', 'n_fft': 64, 'hop_length': 20, 'mean': -4.0}
    statistics = {'audio': {'mean': 1.0, 'std': 2.0}}
    generator = torch.Generator().manual_seed(0)
    waveforms = [*torch.randn(3, 500, generator=generator)]
    transform = TRANSFORMS.build(dict(options))
    single = [
        transform.transform({'waveform': x.numpy()})['spectrogram']
        for x in waveforms
    ]
    assert single[0].shape == (1, 33, 26)
    apart = AVDataPreprocessor(statistics)({'inputs': {'audio': single}})
    there = AVDataPreprocessor(statistics, on_device={'audio': [options]})(
        {'inputs': {'audio': waveforms}}
    )
    torch.testing.assert_close(
        there['inputs']['audio'], apart['inputs']['audio'], rtol=0, atol=0
    )


def test_what_cannot_be_done_on_the_device():
    with pytest.raises(ConfigError, match='DecodeAudio of audio works on'):
        AVDataPreprocessor(on_device={'audio': [{'type': 'DecodeAudio'}]})
    preprocessor = AVDataPreprocessor(
        on_device={'audio': [{'type': 'LogSTFT'}]}
    )
    with pytest.raises(ValueError, match=r'at least 512 samples, got \(1, 9'):
        preprocessor({'inputs': {'audio': [torch.zeros(9)]}})
