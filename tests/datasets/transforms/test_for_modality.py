from __future__ import annotations

import pytest

from mmremix.datasets.transforms.for_modality import ForModality


def test_runs_only_if_active_and_returns_the_output_alone():
    calls = []

    def decode(results):
        calls.append(results['clip'])
        results['imgs'] = results['clip'] + ' decoded'
        results['scratch'] = 1
        return results

    transform = ForModality('video', [decode], output='imgs')
    sample = {'clip': 'a', 'loaded_modalities': ('audio',)}
    assert transform(sample) == sample
    assert calls == []

    sample = {'clip': 'a', 'loaded_modalities': ('video', 'audio')}
    both = ForModality('audio', [decode], output='imgs')(transform(sample))
    assert both == {
        **sample,
        'inputs': {'video': 'a decoded', 'audio': 'a decoded'},
    }
    assert 'inputs' not in sample


def test_missing_output_is_named():
    transform = ForModality('video', [dict], output='imgs')
    with pytest.raises(KeyError, match="no key 'imgs'"):
        transform({'loaded_modalities': ('video',)})


def test_sub_pipeline_may_give_up():
    transform = ForModality('video', [lambda results: None], output='imgs')
    assert transform({'loaded_modalities': ('video',)}) is None


def test_row_of_an_array_under_the_name_that_transforms_read():
    transform = ForModality(
        'audio', [lambda r: {**r, 'x': r['waveform'] + 1}], 'x', 'waveform'
    )
    sample = {'loaded_modalities': ('audio',), 'audio': 1}
    assert transform(sample)['inputs'] == {'audio': 2}
    with pytest.raises(KeyError, match=r"has no row 'audio'.*leave it out"):
        transform({'loaded_modalities': ('audio',)})
