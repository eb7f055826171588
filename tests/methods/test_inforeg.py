"""InfoReg: when it holds which encoder, and how."""

from __future__ import annotations

from collections import defaultdict

import pytest
import torch

from mmremix.apis import build_runner
from mmremix.methods.inforeg import InfoReg, dominant, is_rising
from tests.methods import kit
from tests.methods.cases.inforeg import NAMES


def case(**options):
    return {'methods': {'info': {'type': 'InfoReg', **options}}}


def test_window_by_hand():
    traces = torch.tensor([[1.0, 4.0], [2.0, 3.0], [1.5, 5.0]])
    # Windows of two: 1.5 then 1.75; 3.5 then 4.
    assert is_rising(traces, 2).tolist() == [True, True]
    assert is_rising(traces, 1).tolist() == [False, True]
    assert is_rising(traces, 3).tolist() == [True, True]  # too few
    assert is_rising(traces.flip(0), 2).tolist() == [False, False]


def test_dominant_is_the_surest():
    assert dominant(torch.tensor([0.2, 0.7, 0.3])).tolist() == [0, 1, 0]
    assert dominant(torch.tensor([0.5, 0.5])).tolist() == [0, 0]


def test_alpha_of_zero_is_plain_training_exactly():
    one, _ = kit.train(case(alpha=0.0), steps=8)
    other, _ = kit.train(steps=8)
    kit.assert_same(kit.weights(one), kit.weights(other))


def test_first_epoch_is_plain():
    one, logs = kit.train(case(alpha=5.0), steps=2)
    other, _ = kit.train(steps=2)
    kit.assert_same(kit.weights(one), kit.weights(other))
    assert {log['info/regulated_video'] for log in logs} == {0.0}


def test_later_epochs_against_plain_gradients():
    """Epochs of two steps: one encoder is held, as stated."""
    alpha, seen = 5.0, defaultdict(list)
    edit = InfoReg.edit_gradients

    class Watched(InfoReg):
        def edit_gradients(self, model):
            before = {k: p.grad.clone() for k, p in model.named_parameters()}
            edit(self, model)
            for k, p in model.named_parameters():
                seen[k].append((p.detach().clone(), before[k], p.grad.clone()))

    from mmremix.registry import MODELS

    MODELS.register_module('WatchedInfoReg', module=Watched)
    watched = {'m': {'type': 'WatchedInfoReg', 'alpha': alpha}}
    _, logs = kit.train({'methods': watched})
    MODELS.module_dict.pop('WatchedInfoReg')
    held = {
        name: [log[f'm/regulated_{name}'] for log in logs] for name in NAMES
    }
    both = [sum(at) for at in zip(*held.values(), strict=True)]
    assert both == [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    for key, steps in seen.items():
        for i, (theta, before, after) in enumerate(steps):
            start = steps[i - i % 2][0]
            moved = alpha * (theta - start)
            kind, name = key.split('.')[:2]
            if kind == 'encoders' and held[name][i]:
                torch.testing.assert_close(after, before + moved)
                # At an epoch's first step nothing has moved.
                assert moved.any() == (i % 2)
            else:
                assert torch.equal(after, before)


def test_statistics_are_those_of_the_epoch_before():
    _, logs = kit.train(case(alpha=0.0), steps=3)
    plain = kit.make_model().train()
    wrapper = kit.make_wrapper(plain)
    traces, scores = [], []
    for i in range(2):
        batch = kit.make_batch(i, NAMES)
        data = plain.data_preprocessor(batch, True)
        labels = torch.cat([s.gt_label for s in data['data_samples']])
        output = plain.run(data['inputs'], (), labels)
        p = output.scores['video'].softmax(1)
        scores.append(p[torch.arange(8), labels].mean().item())
        sum(plain.losses(output).values()).backward()
        traces.append(
            sum(
                q.grad.square().sum().item()
                for q in plain.encoders['video'].parameters()
            )
        )
        wrapper.step()
        wrapper.zero_grad()
    assert logs[2]['info/trace_video'] == pytest.approx(
        sum(traces) / 2, rel=1e-4
    )
    assert logs[2]['info/score_video'] == pytest.approx(
        sum(scores) / 2, rel=1e-4
    )


def test_a_period_that_ended_does_not_come_back():
    model = kit.make_model(case(window=1))
    method = model.methods['info']
    held = []
    for epoch, trace in enumerate((1.0, 2.0, 1.0, 3.0, 0.0)):
        method.set_clock(kit.Clock(epoch, 9, epoch, 0))
        with torch.no_grad():
            method.edit_gradients(model)
            method.trace.copy_(torch.tensor([trace, 0.0]))
            method.score.copy_(torch.tensor([0.9, 0.1]))
            method.steps.fill_(1)
            method.samples.fill_(1)
        held.append(method.regulated.tolist())
    # The first epoch has none before it; the third's trace fell.
    assert [h[0] for h in held] == [0, 1, 1, 0, 0]
    assert not any(h[1] for h in held)


def test_batches_without_a_modality_are_left_alone():
    pure = {'active': lambda i: (NAMES[i % 2],)}
    one, logs = kit.train({**case(alpha=5.0), **pure})
    other, _ = kit.train(pure)
    kit.assert_same(kit.weights(one), kit.weights(other))
    assert one.methods['info'].steps == 0
    assert {log['info/regulated_video'] for log in logs} == {0.0}


@pytest.mark.parametrize('option', [{'alpha': -1.0}, {'window': 0}])
def test_options_out_of_range_are_refused(option):
    with pytest.raises(ValueError, match='alpha must not be negative'):
        InfoReg(**option)


def test_run_on_clips_resumes_bit_identical(tiny_config, tmp_path):
    def run(folder, epochs, resume=False):
        cfg = tiny_config('joint_demo_concat', epochs=epochs)
        cfg.method_inforeg = {'step': {'type': 'InfoReg', 'alpha': 5.0}}
        cfg.param_scheduler = None
        cfg.work_dir = str(tmp_path / folder)
        cfg.resume = resume
        runner = build_runner(cfg)
        runner.train()
        return runner.model

    whole = run('whole', 3)
    run('stopped', 2)
    resumed = run('stopped', 3, resume=True)
    kit.assert_same(kit.weights(whole), kit.weights(resumed), ignore=None)
    assert whole.methods['inforeg'].epoch == 2
    assert whole.methods['inforeg'].regulated.sum() <= 1
