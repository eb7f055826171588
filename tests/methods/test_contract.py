"""The four places: a method that does nothing changes nothing."""

from __future__ import annotations

from unittest.mock import patch

import pytest
import torch

from tests.methods import kit, toys

NOTHING = {'methods': {'nothing': {'type': 'DoNothing'}}}
SUM = {'methods': {'sum': {'type': 'SumOfTerms'}}}
OPTIONS = [
    {},
    {'clip_grad': {'max_norm': 0.05}},
    {'accumulative_counts': 2},
    {'wrapper': 'BFloat16OptimWrapper'},
    {
        'wrapper': 'BFloat16OptimWrapper',
        'accumulative_counts': 3,
        'clip_grad': {'max_norm': 0.05},
    },
]


@pytest.mark.parametrize('options', OPTIONS)
def test_nothing_done_is_bit_identical(options):
    plain, logs = kit.train(steps=20, **options)
    other, same = kit.train(NOTHING, steps=20, **options)
    kit.assert_same(kit.weights(plain), kit.weights(other))
    assert logs == same


@pytest.mark.parametrize('options', OPTIONS)
def test_terms_apart_add_up_to_the_whole(options):
    plain, _ = kit.train(steps=8, **options)
    apart, _ = kit.train(SUM, steps=8, **options)
    one, other = kit.weights(plain), kit.weights(apart)
    if 'wrapper' not in options:
        kit.assert_same(one, other, exact=False)
    else:  # each term is rounded to bfloat16 by itself
        for name, value in one.items():
            torch.testing.assert_close(
                other[name], value, rtol=0.05, atol=0.02, msg=name
            )


def test_float16_wrapper_shows_unscaled_gradients_and_clips_after_the_edit():
    """mmengine's refuses CPUs; its scaler and its steps run on them."""
    seen = []

    def look(method, model):
        gradient = model.fusion.fc.weight.grad
        seen.append(gradient.abs().max().item())
        gradient.mul_(1000)

    def scaler(**options):
        return torch.amp.GradScaler('cpu', **options)

    plain, _ = kit.train(steps=1)
    with (
        patch(
            'mmengine.optim.optimizer.amp_optimizer_wrapper.is_cuda_available',
            return_value=True,
        ),
        patch(
            'mmengine.optim.optimizer.amp_optimizer_wrapper.GradScaler', scaler
        ),
        patch.object(toys.DoNothing, 'edit_gradients', look),
    ):
        model, _ = kit.train(
            NOTHING,
            steps=1,
            wrapper='AmpOptimWrapper',
            loss_scale=1024.0,
            clip_grad={'max_norm': 0.5},
        )
        apart, _ = kit.train(
            SUM, steps=1, wrapper='AmpOptimWrapper', loss_scale=1024.0
        )
    start = kit.weights(kit.make_model())['fusion.fc.weight']
    step = kit.weights(plain)['fusion.fc.weight'] - start
    assert seen == [pytest.approx(step.abs().max().item() / 0.1, rel=0.02)]
    # The edit was clipped: all that moved is 0.1 * 0.5 long.
    before = kit.weights(kit.make_model())
    moved = [
        (value - before[name]).flatten()
        for name, value in kit.weights(model).items()
    ]
    assert torch.cat(moved).norm() == pytest.approx(0.05, rel=1e-3)
    # The scale is gone; autocast (bfloat16 on a CPU) leaves its rounding.
    for name, value in kit.weights(plain).items():
        other = kit.weights(apart)[name]
        torch.testing.assert_close(other, value, rtol=0.02, atol=0.005)


def test_two_that_combine_terms_are_refused():
    case = {
        'methods': {
            'one': {'type': 'SumOfTerms'},
            'two': {'type': 'SumOfTerms'},
        }
    }
    with pytest.raises(ValueError, match='method_two = None'):
        kit.train(case)


def test_records_are_taken_once():
    model, logs = kit.train({'methods': {'m': {'type': 'RunningMean'}}})
    assert all(log['m/mean'] > 0 for log in logs)
    assert model.methods['m'].take_records() == {}


def test_records_are_copies():
    method = toys.RunningMean()
    method.record('mean', method.mean)
    method.mean.zero_()
    assert method.take_records()['mean'] == 1


def test_without_a_clock_the_error_says_what_keeps_it():
    method = toys.RunningMean()
    with pytest.raises(RuntimeError, match="type='MethodHook'"):
        method.generator()


def test_random_numbers_are_of_the_step_alone():
    from mmremix.methods import Clock

    def draw(iteration, seed=3):
        method = toys.RunningMean()
        method.set_clock(Clock(0, 1, iteration, seed))
        return torch.rand(3, generator=method.generator())

    assert torch.equal(draw(4), draw(4))
    assert not torch.equal(draw(4), draw(5))
    assert not torch.equal(draw(4), draw(4, seed=4))


def test_compiled_encoders_train_with_every_place():
    case = {
        'methods': {
            'mean': {'type': 'RunningMean'},
            'sum': {'type': 'SumOfTerms'},
        },
        'model': {'compile': {'backend': 'eager'}},
    }
    plain = {**case, 'model': {}}
    one, _ = kit.train(plain, steps=3)
    other, _ = kit.train(case, steps=3)
    kit.assert_same(kit.weights(one), kit.weights(other), exact=False)


def test_parameter_groups_keep_their_own_rates():
    """Frozen by a rate of 0: the places do not move what the groups hold."""
    model = kit.make_model(SUM).train()
    groups = [
        {'params': model.encoders.parameters(), 'lr': 0.0},
        {'params': [*model.fusion.parameters(), *model.heads.parameters()]},
    ]
    from mmremix.engine import OptimWrapper

    wrapper = OptimWrapper(torch.optim.SGD(groups, lr=0.1))
    wrapper.attach(model)
    before = kit.weights(model)
    model.train_step(kit.make_batch(0, model.modalities), wrapper)
    after = kit.weights(model)
    for name, value in before.items():
        assert torch.equal(value, after[name]) == name.startswith('encoders')
