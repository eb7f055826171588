from __future__ import annotations

import pytest
import torch

from mmremix.methods.umt import distillation
from tests.methods import kit
from tests.methods.cases.umt import case, teacher

NAMES = ('video', 'audio')


def test_distance_by_hand():
    ours = {'video': torch.tensor([[1.0, 2.0]]), 'audio': torch.ones(1, 4)}
    theirs = {'video': torch.tensor([[0.0, 4.0]]), 'audio': torch.ones(1, 4)}
    # (1 + 4) / 2, and 0.
    assert distillation(ours, theirs) == 2.5
    assert distillation(ours, {'audio': torch.zeros(1, 4)}) == 1.0


def test_weight_zero_is_joint_training():
    plain, logs = kit.train(steps=8)
    other, same = kit.train(case(NAMES, weight=0.0), steps=8)
    kit.assert_same(kit.weights(plain), kit.weights(other))
    assert logs == same


def test_the_gradient_is_that_of_the_formula():
    """One step of a model whose only loss is the distillation."""
    given = case(NAMES, weight=3.0)
    given['model'] = {
        'loss_weights': {'all_active': {'fusion': 0.0, 'unimodal': 0.0}}
    }
    model, logs = kit.train(given, steps=1)
    start = kit.make_model()
    batch = start.data_preprocessor(kit.make_batch(0, NAMES), True)
    total = 0.0
    for name in NAMES:
        x = batch['inputs'][name]
        with torch.no_grad():
            target = model.methods['umt']._teachers[name](x)
        total += 3.0 * (start.encoders[name](x) - target).square().mean()
    total.backward()
    assert logs[0]['loss_umt'] == pytest.approx(total.item())
    for name, parameter in start.encoders.named_parameters():
        expected = parameter - 0.1 * parameter.grad
        found = dict(model.encoders.named_parameters())[name]
        torch.testing.assert_close(found, expected)


def test_teachers_stay_as_they_are_and_out_of_the_checkpoint():
    model, logs = kit.train(case(NAMES), steps=4)
    saved = torch.load(teacher(), weights_only=True)['state_dict']
    for name, module in model.methods['umt']._teachers.items():
        assert not module.training
        for key, value in module.state_dict().items():
            assert torch.equal(value, saved[f'encoders.{name}.{key}'])
        assert not any(p.requires_grad for p in module.parameters())
    assert not [key for key in model.state_dict() if 'methods' in key]
    assert all(log['umt/distance'] > 0 for log in logs)


def test_batch_norm_of_a_teacher_does_not_move(tmp_path):
    from mmremix.methods import UMT
    from mmremix.models import AVRecognizer

    encoder = {'type': 'ResNet', 'depth': 18, 'base_channels': 4}
    model = AVRecognizer(
        {'video': {**encoder, 'in_channels': 3}},
        {'type': 'ConcatFusionHead'},
        3,
    )
    path = tmp_path / 'teacher.pth'
    torch.save({'state_dict': model.state_dict()}, path)
    method = UMT({'video': str(path)})
    method.check(model)
    model.methods['umt'] = method
    model.train()
    before = {
        k: v.clone() for k, v in method._teachers['video'].state_dict().items()
    }
    output = model.run(
        {'video': torch.randn(4, 3, 32, 32)}, labels=torch.arange(4) % 3
    )
    model.losses(output)['loss_umt'].backward()
    for key, value in method._teachers['video'].state_dict().items():
        assert torch.equal(value, before[key])


def test_one_modality_may_do_without():
    given = case(NAMES)
    given['methods']['umt']['teachers']['audio'] = None
    model, _ = kit.train(given, steps=1)
    assert list(model.methods['umt']._teachers) == ['video']


@pytest.mark.parametrize(
    ('teachers', 'error', 'message'),
    [
        (None, ValueError, 'has no teachers'),
        ({'video': 'x.pth'}, ValueError, r"given for \['video'\]"),
        (
            {'video': '/gone.pth', 'audio': None},
            FileNotFoundError,
            "teacher of 'video' is gone",
        ),
    ],
)
def test_refusals_name_the_command(teachers, error, message):
    given = {'methods': {'umt': {'type': 'UMT', 'teachers': teachers}}}
    with pytest.raises(error, match=message) as raised:
        kit.train(given)
    assert 'python tools/unimodal.py' in str(raised.value)
    assert 'method_umt = dict(step=dict(teachers=' in str(raised.value)


def test_a_teacher_of_another_size(tmp_path):
    path = tmp_path / 'other.pth'
    state = kit.make_model().state_dict()
    state['encoders.video.backbone.layers.0.weight'] = torch.zeros(3, 3)
    torch.save({'state_dict': state}, path)
    given = case(NAMES)
    given['methods']['umt']['teachers'] = dict.fromkeys(NAMES, str(path))
    with pytest.raises(
        ValueError, match="does not fit the encoder of 'video'"
    ):
        kit.train(given)


def test_a_negative_weight():
    with pytest.raises(ValueError, match=r'weight=10\.0'):
        kit.train(case(NAMES, weight=-1.0))
