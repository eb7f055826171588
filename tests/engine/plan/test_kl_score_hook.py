"""What the hook refuses, logs, keeps and takes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmremix.apis import build_runner
from mmremix.engine import KLScoreHook
from mmremix.engine.plan import kl_score_hook, setup
from mmremix.engine.plan.plan_hook import plan_hook
from mmremix.engine.plan.state import PlanState


def refused(cfg, match):
    with pytest.raises(ValueError, match=match):
        build_runner(cfg).train()


def test_no_remix_sampler(tiny_config):
    cfg = tiny_config()
    del cfg.train_dataloader['batch_sampler']
    refused(cfg, r"batch_sampler=dict\(type='RemixSampler'\)")


def test_warm_up_longer_than_the_run(tiny_config):
    refused(
        tiny_config(epochs=3, warmup=3),
        r'(?s)every one would be joint.*warmup_epochs=0\).*max_epochs=18',
    )


def test_iteration_based_loop(tiny_config):
    cfg = tiny_config()
    cfg.train_cfg = {'by_epoch': False, 'max_iters': 10, 'val_interval': 10}
    # The sampler's indices cannot be infinite; the loop wants no epochs.
    cfg.param_scheduler = None
    refused(cfg, r'train_cfg = dict\(by_epoch=True')


def test_other_samples_to_score(tiny_config):
    cfg = tiny_config()
    other = dict(cfg.val_dataloader['dataset'])
    cfg.method_remix.plan['dataloader'] = {'dataset': other}
    refused(
        cfg,
        r'(?s)samples: 26 to train on, 12 to score.*dataloader=None',
    )


def test_same_number_of_other_samples(tiny_config):
    cfg = tiny_config()
    other = dict(cfg.train_dataloader['dataset'], test_mode=True)
    other['indices'] = list(range(25, -1, -1))
    cfg.method_remix.plan['dataloader'] = {'dataset': other}
    refused(cfg, r'(?s)would score another.*same order')


def test_no_evaluation_pipeline(tiny_config):
    cfg = tiny_config(val_cfg=None)
    for name in ('val', 'test'):
        for part in ('cfg', 'dataloader', 'evaluator'):
            cfg[f'{name}_{part}'] = None
    cfg.default_hooks.checkpoint.save_best = None
    refused(cfg, r'(?s)pipeline of val_dataloader.*dataset=dict')


@pytest.mark.parametrize('tail', ['keep', 'fixed'])
def test_what_counts_iterations_needs_a_fixed_tail(tiny_config, tail):
    cfg = tiny_config(**{'train_dataloader.batch_sampler.tail': tail})
    cfg.param_scheduler = {
        'type': 'LinearLR',
        'start_factor': 0.1,
        'end': 2,
        'by_epoch': True,
        'convert_to_iter_based': True,
    }
    if tail == 'keep':
        refused(cfg, r"(?s)LinearLR counts iterations.*tail='fixed'")
    else:
        runner = build_runner(cfg)
        runner.train()
        assert runner.iter == runner.max_iters == 3 * 7


def test_gradient_accumulation_must_match_the_sampler(tiny_config):
    cfg = tiny_config(**{'optim_wrapper.accumulative_counts': 2})
    refused(cfg, r'(?s)after 2 batches.*groups of 1 .*accumulation=2')


class RecordSteps(Hook):
    """Keeps what the batches of each optimiser step keep."""

    def __init__(self):
        self.steps = [[]]

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        active = {
            s.metainfo['active_modalities'] for s in data_batch['data_samples']
        }
        self.steps[-1].append(active)
        if runner.optim_wrapper.should_update():
            self.steps.append([])


@pytest.mark.parametrize('tail', ['keep', 'pad', 'drop', 'fixed'])
def test_accumulated_steps_hold_one_modality(tiny_config, tail):
    cfg = tiny_config(
        epochs=3,
        warmup=1,
        **{
            'optim_wrapper.accumulative_counts': 3,
            'train_dataloader.batch_size': 2,
            'train_dataloader.batch_sampler.accumulation': 3,
            'train_dataloader.batch_sampler.tail': tail,
            'train_dataloader.batch_sampler.order': 'shuffled',
        },
    )
    runner = build_runner(cfg)
    recorded = RecordSteps()
    runner.register_hook(recorded)
    runner.train()
    *steps, rest = recorded.steps
    assert rest == [] and len(steps) > 8
    for step in steps:
        assert len(step) == 3
        assert step[0] == step[1] == step[2] and len(step[0]) == 1


def test_mixed_batches_need_their_collate_function(tiny_config):
    cfg = tiny_config(
        **{
            'train_dataloader.batch_sampler.reassemble': False,
            'train_dataloader.collate_fn': {'type': 'pseudo_collate'},
        }
    )
    refused(cfg, r"(?s)pseudo_collate.*type='mmremix.multimodal_collate'")


def test_share_that_cannot_be(tiny_config):
    cfg = tiny_config()
    cfg.method_remix.plan['min_share'] = 0.6
    refused(cfg, r'2 modalities cannot have a share of at least 0\.6')


def test_least_share_and_warning(tiny_config):
    counts = {}
    for share in (0.0, 0.25):
        cfg = tiny_config(epochs=1, warmup=0)
        cfg.method_remix.plan['min_share'] = share
        cfg.work_dir += str(share)
        runner = build_runner(cfg)
        with torch.no_grad():
            runner.model.heads['audio'].weight.mul_(1000)
        runner.train()
        items = runner.train_dataloader.batch_sampler.items
        counts[share] = items.counts().tolist()
        (log,) = Path(runner.work_dir).glob('*/*.log')
        starves = 'of 26 samples keep audio in this epoch' in log.read_text()
        assert starves == (share == 0.0)
    assert counts == {0.0: [26, 0], 0.25: [20, 6]}


@pytest.mark.parametrize(
    'kwargs',
    [
        {'warmup_epochs': 1, 'rule': 'best'},
        {'warmup_epochs': 1, 'ties': 'video'},
        {'warmup_epochs': -1},
        {'warmup_epochs': 2.5},
        {'warmup_epochs': 1, 'interval': 0},
    ],
)
def test_bad_arguments(kwargs):
    with pytest.raises(ValueError, match=r'Write: method_\S+ = dict\(plan='):
        KLScoreHook(**kwargs)


def test_logs_checkpoint_and_resume(tiny_config):
    runner = build_runner(tiny_config(epochs=2, warmup=1))
    runner.train()
    files = list(Path(runner.work_dir).glob('*/vis_data/scalars.json'))
    lines = [json.loads(line) for line in files[0].read_text().splitlines()]
    remix = [line for line in lines if 'remix/flips' in line]
    assert [line['step'] for line in remix] == [2]
    assert remix[0]['remix/count_video'] + remix[0]['remix/count_audio'] == 26
    assert remix[0]['remix/share_video'] == pytest.approx(
        remix[0]['remix/count_video'] / 26
    )
    for name in ('fusion', 'video', 'audio'):
        assert 0 <= remix[0][f'remix/train_acc_{name}'] <= 1
    assert remix[0]['remix/unscored'] == 0
    assert remix[0]['remix/seconds'] > 0

    # Weights-only: what is stored are tensors, numbers and strings.
    path = Path(runner.work_dir, 'epoch_2.pth')
    checkpoint = torch.load(path, weights_only=True)
    state = PlanState.from_state_dict(checkpoint['plan'])
    assert state.epoch == 1
    assert state.modalities == ('video', 'audio')
    assert state.tensors['scores'].shape == (26, 2)
    assert torch.isfinite(state.tensors['scores']).all()

    # A resumed run goes on from there, and keeps assignments that are not
    # due.
    cfg = tiny_config(epochs=3, warmup=1, resume=True, load_from=str(path))
    cfg.method_remix.plan['interval'] = 5
    resumed = build_runner(cfg)
    resumed.train()
    assert resumed.epoch == 3
    kept = plan_hook(resumed).decision['assignments']
    assert torch.equal(kept, state.tensors['assignments'])


def test_load_from_starts_anew(tiny_config):
    runner = build_runner(tiny_config(epochs=2, warmup=1))
    runner.train()
    path = str(Path(runner.work_dir, 'epoch_2.pth'))
    cfg = tiny_config(epochs=2, warmup=1, load_from=path)
    cfg.method_remix.plan['interval'] = 5
    second = build_runner(cfg)
    states = []

    class Spy(Hook):
        def before_train(self, runner):
            hook = next(h for h in runner.hooks if isinstance(h, KLScoreHook))
            states.append((hook._loaded, hook._state))

    second.register_hook(Spy(), priority='LOW')
    second.train()
    loaded, state = states[0]
    assert loaded is not None
    assert state is None


def test_resume_on_other_data_is_refused(tiny_config):
    runner = build_runner(tiny_config(epochs=2, warmup=1))
    runner.train()
    path = str(Path(runner.work_dir, 'epoch_2.pth'))
    cfg = tiny_config(epochs=3, warmup=1, resume=True, load_from=path)
    cfg.train_dataloader.dataset.indices = 20
    refused(cfg, r'(?s)Cannot resume.*samples: 26 in the checkpoint, 20 ')


def test_diverged_model_is_named(tiny_config):
    runner = build_runner(tiny_config(epochs=2, warmup=0))
    with torch.no_grad():
        runner.model.heads['audio'].weight.fill_(float('nan'))
    with pytest.raises(FloatingPointError, match='26 samples are NaN'):
        runner.train()


class RecordScores(Hook):
    """Keeps each epoch's scores."""

    def __init__(self):
        self.scores = {}

    def before_train_epoch(self, runner):
        # After KLScoreHook: it has a lower priority.
        (hook,) = [h for h in runner.hooks if isinstance(h, KLScoreHook)]
        if hook._state is not None:
            self.scores[runner.epoch] = hook._state.tensors['scores'].clone()


def test_subset_rescored_in_turn(tiny_config):
    cfg = tiny_config(epochs=4, warmup=1)
    cfg.method_remix.plan['subset'] = 2
    runner = build_runner(cfg)
    recorded = RecordScores()
    runner.register_hook(recorded, priority='LOWEST')
    runner.train()
    first, second, third = (recorded.scores[e] for e in (1, 2, 3))
    changed = (second != first).any(dim=1)
    assert changed[1::2].all() and not changed[::2].any()
    changed = (third != second).any(dim=1)
    assert changed[::2].all() and not changed[1::2].any()


def test_subset_needs_its_sampler(tiny_config):
    cfg = tiny_config()
    cfg.method_remix.plan['subset'] = 2
    cfg.method_remix.plan['dataloader'] = {
        'sampler': {'type': 'DefaultSampler', 'shuffle': False}
    }
    refused(cfg, r"sampler=dict\(type='ScoringSampler'\)")


def test_close_calls_are_scored_again(tiny_config):
    """With a margin above all differences every decision is exact."""
    cfgs = [tiny_config(epochs=2, warmup=1) for _ in range(2)]
    states = []
    for number, (cfg, scoring) in enumerate(
        zip(cfgs, ({}, {'amp': 'bfloat16', 'recheck': 100.0}), strict=True)
    ):
        cfg.work_dir += str(number)
        cfg.method_remix.plan['scoring'] = scoring
        build_runner(cfg).train()
        path = Path(cfg.work_dir, 'epoch_2.pth')
        states.append(torch.load(path, weights_only=True)['plan']['tensors'])
        (log,) = Path(cfg.work_dir).glob('*/*.log')
        assert (', 26 twice' in log.read_text()) == bool(scoring)
    assert torch.equal(states[0]['scores'], states[1]['scores'])


def test_cache_and_cheap_options_decide_alike(tiny_config):
    """Cached inputs in full precision change nothing; files go at the end."""
    states = []
    for number, options in enumerate(
        (
            {},
            {'cache': {'float_type': 'float32'}},
            {'scoring': {'channels_last': True, 'heads_only': True}},
        )
    ):
        cfg = tiny_config(epochs=3, warmup=1)
        cfg.work_dir += str(number)
        cfg.method_remix.plan.update(options)
        runner = build_runner(cfg)
        runner.train()
        assert not list(Path(cfg.work_dir).rglob('*.bin'))
        path = Path(cfg.work_dir, 'epoch_3.pth')
        states.append(torch.load(path, weights_only=True)['plan']['tensors'])
    plain, cached, cheap = states
    assert torch.equal(plain['scores'], cached['scores'])
    torch.testing.assert_close(
        plain['scores'], cheap['scores'], rtol=1e-2, atol=1e-2
    )


@pytest.mark.parametrize('other', [(7, 'abc'), None])
def test_ranks_that_planned_different_epochs(tiny_config, monkeypatch, other):
    sampler = build_runner(tiny_config()).train_dataloader.batch_sampler
    monkeypatch.setattr(setup, 'is_distributed', lambda: True)
    monkeypatch.setattr(
        setup, 'all_gather_object', lambda mine: [mine, other or mine]
    )
    if other is None:
        setup.check_plans(sampler)
    else:
        with pytest.raises(RuntimeError, match=r'(?s)rank 1: 7 steps.*seed'):
            setup.check_plans(sampler)


def test_what_the_device_cannot_do_shows_before_training(tiny_config):
    cfg = tiny_config()
    cfg.method_remix.plan['scoring'] = {'amp': 'float16'}
    refused(cfg, 'needs a GPU')


def test_recalibration_with_synchronised_batch_norm(tiny_config, monkeypatch):
    runner = build_runner(tiny_config())
    runner.param_schedulers = []
    runner.model.extra = torch.nn.SyncBatchNorm(2)
    monkeypatch.setattr(kl_score_hook, 'is_distributed', lambda: True)
    plan_hook(runner).bn_recalibration = True
    with pytest.raises(ValueError, match='bn_recalibration=False'):
        plan_hook(runner).before_train(runner)
