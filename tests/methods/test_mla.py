"""MLA: the projection, and what it does to the shared head."""

from __future__ import annotations

import pytest
import torch

from mmremix.apis import build_runner
from mmremix.methods.mla import MLA, absorb
from tests.methods import kit
from tests.methods.cases.mla import CASES, MODEL, NAMES

WEIGHT = 'fusion.fc.weight'


def without_method(case):
    return {**case, 'methods': {}}


def test_absorb_by_hand():
    p = absorb(torch.eye(2), torch.tensor([1.0, 0.0]), 0.25)
    # q = P h / (0.25 + 1) = [0.8, 0].
    torch.testing.assert_close(p, torch.tensor([[0.2, 0.0], [0.0, 1.0]]))
    p = absorb(p, torch.tensor([1.0, 1.0]), 0.3)
    # q = [0.2, 1] / (0.3 + 1.2); P - q [0.2, 1].
    expected = torch.tensor(
        [[0.2 - 0.04 / 1.5, -0.2 / 1.5], [-0.2 / 1.5, 1 - 1 / 1.5]]
    )
    torch.testing.assert_close(p, expected)


def test_absorb_is_the_inverse_of_the_sum_of_squares():
    """P = (I + sum h h^T / alpha)^-1, by Woodbury."""
    torch.manual_seed(0)
    p, inverse = torch.eye(6).double(), torch.eye(6).double()
    for _ in range(4):
        h, alpha = torch.randn(6).double(), 0.05
        p = absorb(p, h, alpha)
        inverse += torch.outer(h, h) / alpha
    torch.testing.assert_close(p, inverse.inverse())


def test_off_is_alternating_training_exactly():
    case = CASES['mla_off']
    one, _ = kit.train(case)
    other, _ = kit.train(without_method(case))
    kit.assert_same(kit.weights(one), kit.weights(other))


def test_identity_is_alternating_training_exactly(monkeypatch):
    monkeypatch.setattr('mmremix.methods.mla.absorb', lambda p, h, alpha: p)
    case = CASES['mla']
    one, logs = kit.train(case)
    other, _ = kit.train(without_method(case))
    kit.assert_same(kit.weights(one), kit.weights(other))
    assert {log['mla/kept'] for log in logs} == {1.0}


def test_one_step_by_hand():
    """The head's step times P of the step's mean feature; the rest as is."""
    case = CASES['mla']
    plain, _ = kit.train(without_method(case), steps=1)
    model, _ = kit.train(case, steps=1)
    start = kit.make_model(case)
    batch = kit.make_batch(0, ('video',))
    with torch.no_grad():
        z = start.encoders['video'](torch.stack(batch['inputs']['video']))
    p = absorb(torch.eye(5), z.mean(0), 0.1)
    one, other = kit.weights(plain), kit.weights(model)
    step = one[WEIGHT] - kit.weights(start)[WEIGHT]
    torch.testing.assert_close(
        other[WEIGHT] - kit.weights(start)[WEIGHT], step @ p
    )
    torch.testing.assert_close(other['methods.mla.projector'], p)
    for key in one:
        assert (key == WEIGHT) != torch.equal(one[key], other[key]), key


def test_the_mean_is_of_what_the_head_gets():
    """Of the smaller feature, after the layer that fits it."""
    case = CASES['mla_sizes']
    start = kit.make_model(case)
    batch = kit.make_batch(0, ('video',))
    with torch.no_grad():
        z = start.encoders['video'](torch.stack(batch['inputs']['video']))
        h = start.fusion.fit['video'](z).mean(0)
    model, _ = kit.train(case, steps=1)
    torch.testing.assert_close(
        model.methods['mla'].projector, absorb(torch.eye(5), h, 0.1)
    )


def test_after_the_first_step_is_plain():
    case = {
        **CASES['mla'],
        'methods': {'mla': {'type': 'MLA', 'absorb': 'after'}},
    }
    one, _ = kit.train(case, steps=1)
    other, _ = kit.train(without_method(case), steps=1)
    kit.assert_same(kit.weights(one), kit.weights(other))
    one, _ = kit.train(case, steps=2)
    other, _ = kit.train(without_method(case), steps=2)
    assert not torch.equal(
        kit.weights(one)[WEIGHT], kit.weights(other)[WEIGHT]
    )


def test_normalized_projection_has_length_one():
    model, _ = kit.train(CASES['mla_normalized'])
    assert model.methods['mla'].projector.norm() == pytest.approx(1)


def test_alpha_falls_within_an_epoch():
    case = CASES['mla']

    def kept(progress):
        model = kit.make_model(case).train()
        method = model.methods['mla']
        method.set_clock(kit.Clock(0, 1, 0, 0, progress))
        wrapper = kit.make_wrapper(model)
        wrapper.attach(model)
        model.train_step(kit.make_batch(0, ('video',)), wrapper)
        return method.projector

    start = kit.make_model(case)
    batch = kit.make_batch(0, ('video',))
    with torch.no_grad():
        z = start.encoders['video'](torch.stack(batch['inputs']['video']))
    torch.testing.assert_close(
        kept(0.5), absorb(torch.eye(5), z.mean(0), 0.1**1.5)
    )


def test_joint_batches_are_left_alone():
    case = {**CASES['mla'], 'active': lambda i: NAMES}
    one, logs = kit.train(case)
    other, _ = kit.train(without_method(case))
    kit.assert_same(kit.weights(one), kit.weights(other))
    assert torch.equal(one.methods['mla'].projector, torch.eye(5))
    assert not any('mla/kept' in log for log in logs)


def test_accumulated_batches_are_one():
    """P absorbs the mean over all of a step's batches, once."""
    case = {**CASES['mla'], 'active': lambda i: ('video',)}
    model, _ = kit.train(case, steps=2, accumulative_counts=2)
    start = kit.make_model(case)
    with torch.no_grad():
        z = [
            start.encoders['video'](
                torch.stack(kit.make_batch(i, ('video',))['inputs']['video'])
            )
            for i in range(2)
        ]
    torch.testing.assert_close(
        model.methods['mla'].projector,
        absorb(torch.eye(5), torch.cat(z).mean(0), 0.1),
    )


def test_an_overflow_leaves_the_projection():
    model = kit.make_model(CASES['mla']).train()
    method = model.methods['mla']
    method.set_clock(kit.Clock(0, 1, 0, 0))
    output = model.run({'video': torch.full((2, 6), float('inf'))})
    method.losses(model, output, {})
    model.fusion.fc.weight.grad = torch.ones(3, 5)
    with torch.no_grad():
        method.edit_gradients(model)
    assert torch.equal(method.projector, torch.eye(5))


def test_other_fusions_are_refused():
    case = {'methods': {'mla': {'type': 'MLA'}}, 'model': MODEL}
    with pytest.raises(ValueError, match="type='SharedHeadFusion'"):
        kit.make_model(case)


@pytest.mark.parametrize(
    'model', [{'unimodal': 'heads'}, {'mask': 'feature'}, {'mask': 'input'}]
)
def test_models_with_more_before_the_head_are_refused(model):
    case = {**CASES['mla'], 'model': {**MODEL, **model}}
    with pytest.raises(ValueError, match="mask='skip', unimodal='fusion'"):
        kit.train(case)


@pytest.mark.parametrize('option', ['projection', 'absorb'])
def test_unknown_options_are_refused(option):
    with pytest.raises(ValueError, match=f'MLA: {option} must be one of'):
        MLA(**{option: 'no'})


def use(cfg, name):
    """Add a method's base file to a config."""
    from mmengine.config import Config

    from tests.demo_run import ROOT

    base = Config.fromfile(ROOT / f'configs/_base_/methods/{name}.py')
    cfg.merge_from_dict(base.to_dict())
    return cfg


def final(runner):
    return {k: v.clone() for k, v in runner.model.state_dict().items()}


@pytest.mark.parametrize('name', ['mla', 'mla_remix'])
def test_run_on_clips_resumes_bit_identical(tiny_config, tmp_path, name):
    def make(folder):
        cfg = use(tiny_config('joint_demo_concat', epochs=3), name)
        if name == 'mla_remix':
            cfg.method_mla_remix.plan.warmup_epochs = 1
        cfg.work_dir = str(tmp_path / folder)
        return cfg

    runner = build_runner(make('whole'))
    runner.train()
    if name == 'mla':
        assert runner.iter == 3 * 2 * 7  # 26 samples in fours, twice
        assert runner.model.methods['mla'].clock.progress == 13 / 14
    hub = runner.message_hub
    assert 0 < float(hub.get_scalar(f'train/{name}/kept').current()) < 1.01
    whole = final(runner)
    moved = whole[f'methods.{name}.projector'] - torch.eye(
        len(whole[f'methods.{name}.projector'])
    )
    assert moved.any()

    class Stop(Exception):
        pass

    cfg = make('stopped')
    first = build_runner(cfg)
    train_epoch = first.train_loop.run_epoch

    def run_epoch():
        if first.epoch == 2:
            raise Stop
        train_epoch()

    first.train_loop.run_epoch = run_epoch
    with pytest.raises(Stop):
        first.train()
    cfg = make('stopped')
    cfg.resume = True
    second = build_runner(cfg)
    second.train()
    kit.assert_same(whole, final(second), ignore=None)


def test_without_pure_batches_it_is_refused(tiny_config):
    cfg = use(tiny_config('joint_demo_concat', epochs=1), 'mla')
    cfg.method_mla.plan = None
    with pytest.raises(ValueError, match="plan=dict\\(type='EveryModality"):
        build_runner(cfg).train()
