"""DGL: which loss reaches which parameters."""

from __future__ import annotations

import pytest
import torch

from tests.methods import kit

DGL = {'methods': {'dgl': {'type': 'DGL'}}}


def with_model(**options):
    return {**DGL, 'model': options}


@pytest.mark.parametrize('modalities', [2, 3])
def test_each_part_learns_from_its_own_loss(modalities):
    model = kit.make_model({**DGL, 'modalities': modalities}).train()
    plain = kit.make_model({'modalities': modalities}).train()
    data = plain.data_preprocessor(kit.make_batch(0, plain.modalities), True)
    found, expected = model.loss(**data), plain.loss(**data)
    assert found == expected
    sum(found.values()).backward()
    fused = expected.pop('loss_fusion')
    reference = {}
    for loss, parts in (
        (fused, plain.fusion),
        (sum(expected.values()), plain.encoders),
        (sum(expected.values()), plain.heads),
    ):
        parameters = list(parts.parameters())
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True)
        reference |= dict(zip(parameters, gradients, strict=True))
    pairs = zip(model.parameters(), plain.parameters(), strict=True)
    for ours, theirs in pairs:
        torch.testing.assert_close(ours.grad, reference[theirs])


def test_encoders_are_those_of_training_without_a_fused_loss():
    weights = {'fusion': 0.0, 'unimodal': 0.5}
    alone = {'model': {'loss_weights': {'all_active': weights}}}
    plain, _ = kit.train(alone)
    ours, _ = kit.train(DGL)
    one, other = (
        {
            name: value
            for name, value in kit.weights(model).items()
            if not name.startswith('fusion')
        }
        for model in (plain, ours)
    )
    kit.assert_same(one, other)


@pytest.mark.parametrize(
    ('options', 'line'),
    [
        ({'unimodal': 'fusion'}, "unimodal='heads'"),
        (
            {'loss_weights': {'all_active': {'audio': 0.0}}},
            r'all_active=dict\(audio=1.0\)',
        ),
        (
            {'loss_weights': {'some_active': {'unimodal': 0.0}}},
            r'some_active=dict\(video=1.0\)',
        ),
    ],
)
def test_what_would_train_no_encoder_is_refused(options, line):
    with pytest.raises(ValueError, match=line):
        kit.train(with_model(**options), steps=1)
