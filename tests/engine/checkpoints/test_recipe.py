from __future__ import annotations

import pytest

from mmremix.engine.checkpoints.recipe import (
    describe_recipe,
    recipe_differences,
)


def config(duration=3.0, sampling='middle', **model):
    steps = [
        {'type': 'DecodeAudio', 'duration': duration, 'sampling': sampling},
        {'type': 'LogSTFT'},
    ]
    return {
        'model': {
            'type': 'AVRecognizer',
            'encoders': {'audio': {'type': 'ResNet', 'in_channels': 1}},
            'fusion': {'type': 'ConcatFusionHead'},
            'num_classes': 3,
            **model,
        },
        'test_dataloader': {
            'dataset': {
                'pipeline': [
                    {
                        'type': 'ForModality',
                        'modality': 'audio',
                        'output': 'spectrogram',
                        'transforms': steps,
                    }
                ]
            }
        },
    }


def differences(there, here):
    return recipe_differences(describe_recipe(there), here)


def test_only_what_decides_a_prediction_counts():
    here = config(
        loss={'type': 'FocalLoss'},
        methods={'a': None},
        channels_last=True,
        encoders={
            'audio': {'type': 'mmremix.ResNet', 'in_channels': 1},
            'video': None,
        },
    )
    assert differences(config(), here) == []


def test_defaults_need_not_be_written():
    """The same number, as another type, is the same too."""
    here = config(duration=3)
    steps = here['test_dataloader']['dataset']['pipeline'][0]['transforms']
    steps[1].update(n_fft=512, mean=None)
    assert differences(config(), here) == []
    assert differences(here, config()) == []


def test_an_argument_of_a_later_release():
    stored = describe_recipe(config())
    del stored['test pipeline']['audio.transforms.LogSTFT.eps']
    assert recipe_differences(stored, config()) == []


@pytest.mark.parametrize(
    ('change', 'line'),
    [
        (
            {'fusion': {'type': 'SumFusionHead'}},
            'model, fusion: SumFusionHead, trained with ConcatFusionHead',
        ),
        ({'mask': 'input'}, 'model, mask: input, trained with skip'),
        (
            {'duration': 2.5},
            'test pipeline, audio.DecodeAudio.duration: 2.5, trained with 3',
        ),
    ],
)
def test_each_difference_is_one_line(change, line):
    assert differences(config(), config(**change)) == [line]


def test_another_transform_is_named_once():
    here = config()
    steps = here['test_dataloader']['dataset']['pipeline'][0]['transforms']
    steps[1] = {'type': 'KaldiFbank', 'num_frames': 300}
    assert differences(config(), here) == [
        'test pipeline, audio: [DecodeAudio, KaldiFbank], trained with '
        '[DecodeAudio, LogSTFT]'
    ]


def test_a_margin_around_segments():
    here = config()
    here['test_dataloader']['dataset']['margin'] = 0.5
    assert differences(config(), here) == [
        'test pipeline, margin: 0.5, trained with 0'
    ]


def test_what_is_not_known_is_not_compared():
    assert recipe_differences({'version': 9}, config()) == []
    assert differences(config(), {}) == []
