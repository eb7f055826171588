from __future__ import annotations

import pytest
import torch
from mmaction.structures import ActionDataSample
from torch.nn import functional as F

from mmremix.models import AVRecognizer


def recognizer(**kwargs):
    torch.manual_seed(0)
    return AVRecognizer(
        **{
            'encoders': {
                'video': {'type': 'ResNet', 'base_channels': 4},
                'audio': {
                    'type': 'ResNet',
                    'base_channels': 8,
                    'in_channels': 1,
                },
            },
            'fusion': {'type': 'ConcatFusionHead'},
            'num_classes': 5,
            **kwargs,
        }
    )


def batch(names=('video', 'audio'), size=4):
    torch.manual_seed(1)
    inputs = {
        'video': torch.randn(size, 2, 3, 32, 32),
        'audio': torch.randn(size, 1, 33, 20),
    }
    samples = []
    for label in range(size):
        sample = ActionDataSample()
        sample.set_gt_label(label)
        samples.append(sample)
    return {name: inputs[name] for name in names}, samples


def test_logits_of_what_is_there():
    model = recognizer().eval()
    inputs, _ = batch()
    logits = model(inputs)
    assert list(logits) == ['fusion', 'video', 'audio']
    assert all(value.shape == (4, 5) for value in logits.values())
    alone = model({'audio': inputs['audio']})
    assert list(alone) == ['fusion', 'audio']
    torch.testing.assert_close(alone['audio'], logits['audio'])


def test_absent_modality_is_a_zero_feature():
    model = recognizer().eval()
    inputs, _ = batch()
    z = model.encoders['audio'](inputs['audio'])
    zeros = torch.zeros(4, model.encoders['video'].out_channels)
    expected = model.fusion.fc(torch.cat([zeros, z], 1))
    torch.testing.assert_close(
        model({'audio': inputs['audio']})['fusion'], expected
    )


@pytest.mark.parametrize(
    ('active', 'masked'), [('audio', 'video'), ('video', 'audio')]
)
def test_masked_encoder_does_not_run_and_stays_as_it_is(active, masked):
    model = recognizer().train()
    optimizer = torch.optim.Adam(model.parameters(), 0.1, weight_decay=0.1)
    joint_inputs, samples = batch()
    # Fills Adam's moments, which would move parameters on zero gradients.
    sum(model.loss(joint_inputs, samples).values()).backward()
    optimizer.step()
    optimizer.zero_grad()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    calls = []
    model.encoders[masked].register_forward_hook(lambda *_: calls.append(1))
    inputs, samples = batch((active,))
    sum(model.loss(inputs, samples).values()).backward()
    optimizer.step()
    assert calls == []
    for name, value in model.state_dict().items():
        own = f'encoders.{masked}.', f'heads.{masked}.'
        if name.startswith(own):
            assert torch.equal(value, before[name]), name
    assert all(p.grad is None for p in model.encoders[masked].parameters())
    moved = model.encoders[active].backbone.stem[0].weight
    assert not torch.equal(
        moved, before[f'encoders.{active}.backbone.stem.0.weight']
    )


def test_losses_in_both_phases():
    model = recognizer(
        loss_weights={
            'all_active': {'video': 0.25},
            'some_active': {'fusion': 2.0, 'unimodal': 3.0},
        }
    ).eval()
    inputs, samples = batch()
    labels = torch.arange(4)
    logits = model(inputs)
    losses = model(inputs, samples, mode='loss')
    assert list(losses) == ['loss_fusion', 'loss_video', 'loss_audio']
    for name, weight in (('fusion', 1.0), ('video', 0.25), ('audio', 0.5)):
        torch.testing.assert_close(
            losses[f'loss_{name}'],
            weight * F.cross_entropy(logits[name], labels),
        )
    only = {'audio': inputs['audio']}
    logits, losses = model(only), model(only, samples, mode='loss')
    assert list(losses) == ['loss_fusion', 'loss_audio']
    for name, weight in (('fusion', 2.0), ('audio', 3.0)):
        torch.testing.assert_close(
            losses[f'loss_{name}'],
            weight * F.cross_entropy(logits[name], labels),
        )


def test_zero_weight_leaves_the_loss_out():
    model = recognizer(loss_weights={'all_active': {'unimodal': 0.0}})
    assert list(model.loss(*batch())) == ['loss_fusion']


def test_predict_gives_probabilities():
    model = recognizer().eval()
    inputs, samples = batch()
    logits = model(inputs)
    predicted = model(inputs, samples, mode='predict')
    for i, sample in enumerate(predicted):
        assert list(sample.pred_score) == [
            'fusion',
            'video',
            'audio',
            'heads',
        ]
        torch.testing.assert_close(
            sample.pred_score['video'], logits['video'][i].softmax(0)
        )
        assert sample.pred_label == logits['fusion'][i].argmax()


def test_sum_of_the_heads_is_a_product_of_probabilities():
    model = recognizer().eval()
    inputs, samples = batch()
    for sample in model.predict(inputs, samples):
        scores = sample.pred_score
        product = scores['video'] * scores['audio']
        torch.testing.assert_close(scores['heads'], product / product.sum())


def test_without_several_heads_there_is_no_sum():
    inputs, samples = batch()
    for sample in recognizer(unimodal='fusion').predict(inputs, samples):
        assert list(sample.pred_score) == ['fusion', 'video', 'audio']
    alone = recognizer(
        encoders={'video': {'type': 'ResNet', 'base_channels': 4}}
    )
    del inputs['audio']
    for sample in samples:
        sample.set_metainfo({'active_modalities': ('video',)})
    for sample in alone.predict(inputs, samples):
        assert list(sample.pred_score) == ['fusion', 'video']


@pytest.mark.parametrize('name', ['fusion', 'heads'])
def test_names_of_predictions_are_no_modalities(name):
    with pytest.raises(ValueError, match=f'cannot be called {name!r}'):
        recognizer(encoders={name: {'type': 'ResNet', 'depth': 18}})


def test_three_modalities_and_a_vector_input():
    class Tabular(torch.nn.Module):
        out_channels = 7

        def __init__(self):
            super().__init__()
            self.fc = torch.nn.Linear(11, 7)

        def forward(self, x):
            return self.fc(x)

    model = AVRecognizer(
        encoders={
            'video': {'type': 'ResNet', 'base_channels': 4},
            'audio': {'type': 'ResNet', 'base_channels': 4, 'in_channels': 1},
            'sensor': {'type': Tabular},
        },
        fusion={'type': 'ConcatFusionHead'},
        num_classes=5,
    )
    inputs, samples = batch()
    inputs['sensor'] = torch.randn(4, 11)
    assert list(model.loss(inputs, samples)) == [
        'loss_fusion',
        'loss_video',
        'loss_audio',
        'loss_sensor',
    ]
    two = {k: inputs[k] for k in ('sensor', 'video')}
    assert list(model(two)) == ['fusion', 'video', 'sensor']


def test_backbones_of_mmaction():
    model = recognizer(
        encoders={
            'video': {'type': 'ResNet', 'base_channels': 4},
            'audio': {
                'type': 'mmaction.ResNet',
                'depth': 18,
                'in_channels': 1,
            },
        }
    )
    inputs, samples = batch()
    assert model.encoders['audio'].out_channels == 512
    assert model(inputs)['audio'].shape == (4, 5)
    sum(model.loss(inputs, samples).values()).backward()


def test_errors():
    model = recognizer()
    inputs, samples = batch()
    with pytest.raises(ValueError, match=r"modalities=\['video', 'audio'\]"):
        model({'sound': inputs['audio']})
    with pytest.raises(ValueError, match='the batch holds'):
        model({})
    with pytest.raises(ValueError, match="'tensor', 'loss' or 'predict'"):
        model(inputs, samples, mode='train')
    with pytest.raises(ValueError, match=r'loss_weights has warmup='):
        recognizer(loss_weights={'warmup': {'fusion': 1.0}})
    with pytest.raises(ValueError, match=r'loss_weights has all_active='):
        recognizer(loss_weights={'all_active': {'text': 1.0}})
    for wrong in ({'fusion': -1.0}, {'unimodal': float('nan')}):
        with pytest.raises(ValueError, match='all_active comes to'):
            recognizer(loss_weights={'all_active': wrong})
