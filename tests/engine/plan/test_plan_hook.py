"""A plan that is not Remix's: in whole runs, stopped and resumed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmremix.apis import build_runner
from mmremix.engine import PlanHook
from mmremix.registry import HOOKS
from mmremix.remix import Items
from tests.engine.checkpoints.test_resume import Stop, tensors


@HOOKS.register_module(force=True)
class CoinHook(PlanHook):
    """Samples at random: some complete, some with one modality, some twice."""

    changes_size = True

    def decide(self, runner):
        size = len(runner.train_dataloader.dataset)
        draw = torch.Generator().manual_seed(runner.epoch)
        return {'counts': torch.randint(0, 3, (size, 2), generator=draw)}

    def items(self, decision, runner):
        counts = decision['counts']
        return Items.complete(len(counts), 2).join(Items.copies(counts))


class Seen(Hook):
    """Notes what every step trained on."""

    def __init__(self):
        self.steps = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        samples = [s.metainfo for s in data_batch['data_samples']]
        self.steps.append(
            (
                runner.epoch,
                {s['active_modalities'] for s in samples},
                [s['sample_idx'] for s in samples],
            )
        )


def config(tiny_config, kind, place='', **options):
    cfg = tiny_config('joint_demo_concat', epochs=3, **options)
    cfg.method_mine = {'plan': {'type': kind, 'warmup_epochs': 1}}
    cfg.work_dir += place
    return cfg


def test_items_are_what_is_trained_on(tiny_config):
    runner = build_runner(config(tiny_config, 'CoinHook'))
    seen = Seen()
    runner.register_hook(seen)
    runner.train()
    for _, kinds, _ in seen.steps:
        assert len(kinds) == 1
    for epoch in (1, 2):
        draw = torch.Generator().manual_seed(epoch)
        counts = torch.randint(0, 3, (26, 2), generator=draw)
        for name, column in (('video', 0), ('audio', 1)):
            indices = [
                i
                for e, kinds, rows in seen.steps
                for i in rows
                if e == epoch and kinds == {(name,)}
            ]
            found = torch.tensor(indices).bincount(minlength=26)
            assert torch.equal(found, counts[:, column])
    log = next(Path(runner.work_dir).glob('*/*.log')).read_text()
    assert 'planned: video' in log


def test_every_modality_in_turn(tiny_config):
    cfg = config(
        tiny_config,
        'EveryModalityHook',
        **{'train_dataloader.batch_sampler.order': 'alternate'},
    )
    runner = build_runner(cfg)
    seen = Seen()
    runner.register_hook(seen)
    runner.train()
    steps = [step for step in seen.steps if step[0] == 2]
    assert len(steps) == 14  # 26 samples in fours, once a modality
    for one, other in zip(steps[::2], steps[1::2], strict=True):
        assert one[1] == {('video',)} and other[1] == {('audio',)}
        assert one[2] == other[2]


def test_stopped_in_mid_epoch_and_resumed(tiny_config):
    build_runner(config(tiny_config, 'CoinHook', 'a')).train()
    stopped = build_runner(config(tiny_config, 'CoinHook', 'b'))
    stopped.register_hook(Stop(2))
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    build_runner(config(tiny_config, 'CoinHook', 'b', resume=True)).train()
    one, other = (
        torch.load(
            Path(config(tiny_config, 'CoinHook', p).work_dir, 'epoch_3.pth'),
            weights_only=True,
        )
        for p in 'ab'
    )
    for part in ('state_dict', 'optimizer', 'plan'):
        first, second = tensors(one[part]), tensors(other[part])
        assert first.keys() == second.keys() and first
        for name, value in first.items():
            assert torch.equal(value, second[name]), part + name


def test_resuming_with_another_method_is_refused(tiny_config):
    runner = build_runner(config(tiny_config, 'CoinHook'))
    runner.train()
    cfg = config(tiny_config, 'EveryModalityHook', resume=True)
    cfg.train_cfg.max_epochs = 4
    with pytest.raises(ValueError, match='CoinHook, the config has Every'):
        build_runner(cfg).train()


def test_what_counts_iterations_is_refused(tiny_config):
    cfg = config(
        tiny_config,
        'CoinHook',
        **{'train_dataloader.batch_sampler.tail': 'fixed'},
    )
    cfg.param_scheduler = {
        'type': 'LinearLR',
        'start_factor': 0.1,
        'by_epoch': False,
    }
    with pytest.raises(ValueError, match='LinearLR counts iterations'):
        build_runner(cfg).train()
