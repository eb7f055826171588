"""A model with a chosen read-out, and its checkpoints."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.runner import load_state_dict
from mmengine.runner.checkpoint import get_state_dict

from mmremix.evaluation.readouts import Readout, apply
from mmremix.models import AVRecognizer, ReadoutHead
from mmremix.utils.errors import ConfigError

NAMES = ('video', 'audio', 'depth')


def build(fusion='ConcatFusionHead', **kwargs):
    torch.manual_seed(0)
    return AVRecognizer(
        encoders={
            name: {'type': 'ResNet', 'in_channels': 1, 'base_channels': 2}
            for name in NAMES
        },
        fusion={'type': fusion},
        num_classes=4,
        **kwargs,
    ).eval()


def images(names=NAMES, count=3):
    generator = torch.Generator().manual_seed(1)
    return {
        n: torch.randn(count, 1, 16, 16, generator=generator) for n in names
    }


def predict(model, inputs):
    count = len(next(iter(inputs.values())))
    samples = [ActionDataSample() for _ in range(count)]
    with torch.no_grad():
        return model.predict(inputs, samples)


def test_nothing_chosen_changes_nothing():
    model = build()
    assert not [k for k in model.state_dict() if 'readout' in k]
    found = predict(model, images())[0]
    assert list(found.pred_score) == ['fusion', *NAMES, 'heads']
    assert model.read_modalities == NAMES


@pytest.mark.parametrize(
    ('given', 'weights'),
    [
        ('fusion', {'fusion': 1.0}),
        ('heads', dict.fromkeys(NAMES, 1.0)),
        (['audio', 'depth'], {'audio': 1.0, 'depth': 1.0}),
        (
            {'weights': {'fusion': 0.3, 'audio': 2.0, 'video': 0.0}},
            {'fusion': 0.3, 'audio': 2.0},
        ),
    ],
)
def test_the_config_says_who_answers(given, weights):
    model = build(readout=given)
    assert model.readout.weights == weights
    found = predict(model, images())
    log_probs = {
        name: torch.stack([s.pred_score[name] for s in found]).log().numpy()
        for name in ('fusion', *NAMES)
    }
    wanted = apply(Readout('any', weights), log_probs)
    for sample, probabilities in zip(found, wanted, strict=True):
        np.testing.assert_allclose(
            sample.pred_score['readout'], probabilities, rtol=1e-4
        )
        assert sample.pred_label.item() == probabilities.argmax()


@pytest.mark.parametrize(
    'given',
    [
        'audio', ['smell'], [], {'audio': 1.0}, {'weights': {'audio': 0}},
        {'weights': {'audio': -1.0}}, {'weights': [1.0]},
    ],
)  # fmt: skip
def test_a_read_out_that_is_none_is_refused(given):
    with pytest.raises(ConfigError, match='readout='):
        build(readout=given)


def test_a_modality_cannot_be_called_so():
    with pytest.raises(ConfigError, match='readout'):
        AVRecognizer(
            encoders={'readout': {'type': 'ResNet'}},
            fusion={'type': 'ConcatFusionHead'},
            num_classes=2,
        )


@pytest.mark.parametrize('load', ['torch', 'mmengine'])
def test_it_goes_with_the_weights(load):
    model = build()
    model.readout.set({'audio': 0.1, 'fusion': 1 / 3})
    state = get_state_dict(model)
    assert state['readout.weight_audio'].item() == 0.1
    other = build()
    if load == 'torch':
        other.load_state_dict(state)
    else:
        load_state_dict(other, state, strict=True)
    assert other.readout.weights == {'audio': 0.1, 'fusion': 1 / 3}
    # And weights from before there was one leave none behind.
    other.load_state_dict(build().state_dict())
    assert other.readout.weights == {}
    assert not [k for k in other.state_dict() if 'readout' in k]


def test_the_config_wins_over_the_checkpoint():
    model = build(readout='heads')
    other = build(readout=['audio'])
    other.load_state_dict(model.state_dict())
    assert other.readout.weights == {'audio': 1.0}


def test_what_it_leaves_out_is_not_needed():
    model = build(readout=['audio'])
    assert model.read_modalities == ('audio',)
    ran = []
    for name, encoder in model.encoders.items():
        encoder.register_forward_hook(lambda *_, name=name: ran.append(name))
    found = predict(model, images(['audio']))[0]
    assert ran == ['audio']
    assert list(found.pred_score) == ['audio', 'readout']
    torch.testing.assert_close(
        found.pred_score['readout'], found.pred_score['audio']
    )


def test_heads_that_have_seen_the_others_need_them():
    model = build('MMTM', readout=['audio'])
    assert model.read_modalities == NAMES


def test_a_sample_without_what_it_listens_to_is_answered_by_the_rest():
    model = build(readout=['audio'])
    found = predict(model, images(['depth']))[0]
    torch.testing.assert_close(
        found.pred_score['readout'], found.pred_score['fusion']
    )


def test_weights_of_another_model_are_refused():
    head = ReadoutHead(('video',))
    with pytest.raises(ConfigError, match='smell'):
        head.load_state_dict({'weight_smell': torch.tensor(1.0)})
