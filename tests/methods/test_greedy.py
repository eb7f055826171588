from __future__ import annotations

import pytest
import torch
from torch import nn

from mmremix.methods import Clock
from mmremix.methods.greedy import learning_speed, update_ratio
from tests.methods import kit
from tests.methods.cases.greedy import case


def test_update_ratio_by_hand():
    one = nn.Parameter(torch.tensor([1.0, 2.0]))
    two = nn.Parameter(torch.tensor([[2.0]]))
    free = nn.Parameter(torch.tensor([1.0]))
    one.grad = torch.tensor([3.0, 0.0])
    two.grad = torch.tensor([[1.0]])
    # (9 + 1 + 0) / (5 + 4 + 1)
    assert update_ratio([one, two, free]) == 1.0


def test_learning_speed_by_hand():
    speed = learning_speed(torch.tensor([1.0, 20.0]), torch.tensor([10.0, 2]))
    assert speed.tolist() == [-1.0, 1.0]


def test_without_a_difference_that_counts_nothing_changes():
    plain = {**case(), 'methods': {}}
    one, _ = kit.train(plain, steps=8)
    other, logs = kit.train(case(eps=1e9, start_epoch=0), steps=8)
    kit.assert_same(
        {k: v for k, v in kit.weights(one).items() if 'gate_' not in k},
        {k: v for k, v in kit.weights(other).items() if 'gate_' not in k},
    )
    assert not any(log['greedy/curating'] for log in logs)


def test_speeds_are_those_of_the_gradients():
    """Against the gradients of a model without the method."""
    plain = {**case(), 'methods': {}}
    model = kit.make_model(plain).train()
    wrapper = kit.make_wrapper(model)
    wrapper.attach(model)
    model.train_step(kit.make_batch(0, model.modalities), wrapper)
    start = kit.make_model(plain)
    # SGD's first step is 0.1 times the gradient.
    moved = dict(model.named_parameters())
    _, logs = kit.train(case(), steps=1)
    for name in model.modalities:
        sums = {'main': [0.0, 0.0], 'bypass': [0.0, 0.0]}
        for key, weight in start.named_parameters():
            part = None
            if key.startswith((f'encoders.{name}.', f'heads.{name}.')):
                part = 'main'
            elif key.startswith('fusion.excite.') and f'.{name}.' in key:
                part = 'bypass'
            if part:
                gradient = (weight - moved[key]) / 0.1
                sums[part][0] += gradient.square().sum().item()
                sums[part][1] += weight.square().sum().item()
        ratios = {k: gradient / size for k, (gradient, size) in sums.items()}
        expected = torch.tensor(ratios['bypass'] / ratios['main']).log10()
        found = logs[0][f'greedy/speed_{name}']
        assert found == pytest.approx(expected.item(), rel=1e-3)


def test_curation_lasts_as_long_as_it_should_and_begins_in_its_epoch():
    """Two steps an epoch; epoch 1 decides first at the end of step 2."""
    _, logs = kit.train(
        case(eps=0.0, curation_steps=2, start_epoch=1), steps=9
    )
    seen = [int(log['greedy/curating']) for log in logs]
    # Decided after steps 2, 5 and 8: a step between two curations measures.
    assert seen == [0, 0, 0, 1, 1, 0, 1, 1, 0]
    speeds = [log['greedy/speed_video'] for log in logs]
    assert speeds[3] == speeds[4] == speeds[2] != speeds[5]


def hold(model, number):
    method = model.methods['greedy']
    method.steps_left.fill_(1)
    method.cared.fill_(number)
    for name in model.modalities:
        for stage in (1, 2):
            mean, seen = model.fusion.gate_mean(stage, name)
            mean.fill_(0.5)
            seen.fill_(True)


@pytest.mark.parametrize('number', [0, 1])
def test_the_one_cared_for_hears_nothing_of_the_other(number):
    model = kit.make_model(case()).train()
    method = model.methods['greedy']
    method.check(model)
    method.set_clock(Clock(0, 1, 0, 0))
    hold(model, number)
    cared, other = model.modalities[number], model.modalities[1 - number]
    batch = model.data_preprocessor(kit.make_batch(0, model.modalities), True)
    inputs = batch['inputs']
    before = model.run(inputs, labels=torch.zeros(8)).scores
    changed = {**inputs, other: torch.randn_like(inputs[other])}
    after = model.run(changed, labels=torch.zeros(8)).scores
    assert torch.equal(before[cared], after[cared])
    assert not torch.equal(before[other], after[other])
    # Its gate is the mean, and the mean stays.
    encoder = model.encoders[cared]
    maps = encoder.stem(inputs[cared])
    for stage in (1, 2):
        maps = 0.5 * encoder.stage(stage - 1, maps)
    expected = model.heads[cared](encoder.pool(maps, 8))
    torch.testing.assert_close(before[cared], expected)
    assert (model.fusion.gate_mean(1, cared)[0] == 0.5).all()
    assert (model.fusion.gate_mean(1, other)[0] != 0.5).any()
    # The other one learns as ever: no evaluation is touched.
    model.eval()
    free = model.run(inputs).scores[cared]
    assert not torch.equal(free, before[cared])


def test_the_higher_speed_is_cared_for():
    """It learns from the other modality more than from its own."""
    model, _ = kit.train(case(eps=0.0, start_epoch=0), steps=1)
    method = model.methods['greedy']
    speeds = learning_speed(method.bypass, method.main)
    assert method.steps_left == 5
    assert method.cared == speeds.argmax()


def test_a_step_that_overflowed_does_not_count():
    model, _ = kit.train(case(), steps=2)
    method = model.methods['greedy']
    main, bypass = method.main.clone(), method.bypass.clone()
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, torch.inf)
    method.edit_gradients(model)
    assert torch.equal(method.main, main) and main.isfinite().all()
    assert torch.equal(method.bypass, bypass)


def test_running_means_are_those_of_the_gates():
    model, _ = kit.train(case(), steps=1)
    start = kit.make_model(case()).train()
    seen = {}
    start.fusion.edit_gates = lambda stage, gates: (
        seen.update({(stage, name): gate for name, gate in gates.items()})
        or gates
    )
    batch = start.data_preprocessor(kit.make_batch(0, start.modalities), True)
    start.run(batch['inputs'])
    for (stage, name), gate in seen.items():
        mean, _ = model.fusion.gate_mean(stage, name)
        torch.testing.assert_close(mean, gate.mean(0))


@pytest.mark.parametrize(
    'change',
    [
        {'fusion': {'type': 'ConcatFusionHead'}},
        {'fusion': {'type': 'MMTM', 'stages': (1, 2)}},
    ],
)
def test_another_fusion_is_refused(change):
    with pytest.raises(ValueError, match='track_gates=True'):
        kit.train({**case(), **change})


@pytest.mark.parametrize(
    'options', [{'curation_steps': 0}, {'start_epoch': -1}, {'momentum': 0.0}]
)
def test_arguments_out_of_range(options):
    with pytest.raises(ValueError, match='curation_steps=5'):
        kit.make_model(case(**options))
