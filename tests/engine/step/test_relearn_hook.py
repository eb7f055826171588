"""Whole runs: when encoders go back, how far, and to what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmremix.apis import build_runner
from mmremix.engine import RelearnHook
from mmremix.engine.step import relearn_hook
from tests.demo_run import NUM_TRAIN
from tests.engine.method_run import (
    assert_resumes,
    last_checkpoint,
    method_config,
    run,
    tensors,
)

OFTEN = {'method_dnr.hook.interval': 1, 'method_dnr.hook.times': 2}


@pytest.fixture
def memorising(monkeypatch):
    """Training samples are purer, by how much follows from the features.

    So few held-out samples as the demo's always look pure.
    """

    def purity(features, labels, num_clusters, seed):
        assert features.shape == (len(labels), 32) and num_clusters == 6
        noise = 0.1 * float(features.double().mean().sigmoid())
        return (0.9 if len(labels) == NUM_TRAIN else 0.6) - noise

    monkeypatch.setattr(relearn_hook, 'cluster_purity', purity)


class Before(Hook):
    """What the model and the optimiser were before and after the hook."""

    def __init__(self):
        self.states = {}

    def note(self, runner):
        self.states[runner.epoch].append(
            {
                **{f'm.{k}': v for k, v in runner.model.state_dict().items()},
                **{
                    f'o{k}': v
                    for k, v in tensors(
                        runner.optim_wrapper.state_dict()
                    ).items()
                },
            }
        )
        last = self.states[runner.epoch][-1]
        self.states[runner.epoch][-1] = {k: v.clone() for k, v in last.items()}

    def before_train_epoch(self, runner):
        self.states.setdefault(runner.epoch, [])
        self.note(runner)


class After(Before):
    priority = 'LOW'


def logged(runner):
    (file,) = Path(runner.work_dir).glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return {x['step']: x for x in lines if 'dnr/weight_video' in x}


def test_encoders_go_back_some_way_and_nothing_else_moves(
    tiny_config, memorising
):
    before, after = Before(), After()
    runner = build_runner(method_config(tiny_config, 'dnr', epochs=4, **OFTEN))
    runner.register_hook(before, priority='VERY_HIGH')
    runner.register_hook(after)
    runner.train()
    weights = logged(runner)
    # Epochs 2 and 3 of the log; at most two times.
    assert sorted(weights) == [2, 3]
    initial = after.states[0][0]
    assert min(w['dnr/weight_video'] for w in weights.values()) > 0
    parameters = {f'm.{n}' for n, _ in runner.model.named_parameters()}
    for epoch in range(4):
        (old,), (new,) = before.states[epoch], after.states[epoch]
        for name, value in old.items():
            expected = value
            found = weights.get(epoch + 1)
            if found and name in parameters and 'encoders' in name:
                w = found[f'dnr/weight_{name.split(".")[2]}']
                expected = w * initial[name] + (1 - w) * value
            torch.testing.assert_close(new[name], expected, msg=name)


def test_weight_follows_from_the_logged_purities(tiny_config):
    runner = run(method_config(tiny_config, 'dnr', epochs=2, **OFTEN))
    (found,) = logged(runner).values()
    for name in ('video', 'audio'):
        train, held_out = (
            found[f'dnr/purity_{part}_{name}']
            for part in ('train', 'held_out')
        )
        # A cluster a class: at least the commonest class of all, 2 of 12.
        assert 1 / 6 <= held_out <= 1 and 1 / 6 <= train <= 1
        gap = torch.tensor(max(train - held_out, 0.0))
        assert found[f'dnr/weight_{name}'] == pytest.approx(
            torch.tanh(3 * gap).item(), abs=1e-5
        )


@pytest.mark.parametrize('stopped_in', [1, 2])
def test_resumed_run_ends_the_same(tiny_config, memorising, stopped_in):
    """Also from a checkpoint after the first time."""
    assert_resumes(
        lambda: method_config(tiny_config, 'dnr', **OFTEN),
        stopped_in,
        parts=('state_dict', 'optimizer', 'dnr'),
    )


def test_initial_weights_are_in_the_checkpoint(tiny_config):
    cfg = method_config(tiny_config, 'dnr', epochs=1, **OFTEN)
    runner = build_runner(cfg)
    noted = After()
    runner.register_hook(noted)
    runner.train()
    (start,) = noted.states[0]
    stored = last_checkpoint(runner)['dnr']['initial']
    assert stored
    for name, value in stored.items():
        assert torch.equal(value, start[f'm.encoders.{name}'])


def test_a_run_without_the_hook_cannot_be_resumed_with_it(tiny_config):
    run(tiny_config('joint_demo_concat', epochs=1))
    cfg = method_config(tiny_config, 'dnr', epochs=2, resume=True, **OFTEN)
    with pytest.raises(ValueError, match='initial weights'):
        run(cfg)


def test_without_held_out_samples_it_is_refused(tiny_config):
    cfg = method_config(tiny_config, 'dnr', **OFTEN)
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    cfg.default_hooks.checkpoint.save_best = None
    with pytest.raises(ValueError, match='held_out=dict'):
        run(cfg)


@pytest.mark.parametrize(
    'wrong', [{'interval': 0}, {'times': 0}, {'strength': -1}]
)
def test_options(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RelearnHook(**wrong)
