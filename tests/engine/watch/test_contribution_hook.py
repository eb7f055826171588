"""When contributions are measured, and where they go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mmremix.apis import build_runner
from mmremix.engine import ContributionHook

NAMES = ('video', 'audio')


def lines_of(runner):
    (file,) = Path(runner.work_dir).glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in file.read_text().splitlines()]


def log_of(runner):
    (log,) = Path(runner.work_dir).glob('*/*.log')
    return log.read_text()


def test_measured_at_the_end(tiny_config):
    runner = build_runner(tiny_config(epochs=2))
    runner.train()
    lines = lines_of(runner)
    (found,) = (x for x in lines if 'contribution/video' in x)
    last = [x for x in lines if 'acc/fusion_top1' in x][-1]
    assert found['step'] == last['step'] == 2
    assert set(found) == {
        'step',
        *(f'contribution/{n}' for n in NAMES),
        *(
            f'missing/acc_{kind}_{n}'
            for kind in ('only', 'without')
            for n in NAMES
        ),
        *(
            f'subset/{kind}_{n}'
            for kind in ('fusion', 'heads', 'samples')
            for n in ('video+audio', *NAMES)
        ),
    }
    for name in NAMES:
        alone = found[f'missing/acc_only_{name}']
        assert found[f'subset/fusion_{name}'] == alone
        assert found[f'subset/samples_{name}'] == 12
    heads = found['subset/heads_video+audio']
    assert heads == pytest.approx(last['acc/heads_top1'], abs=1e-4)
    # Six classes of two test clips each.
    assert sum(found[f'contribution/{n}'] for n in NAMES) == pytest.approx(
        last['acc/fusion_top1'] - 1 / 6, abs=1e-6
    )
    for one, other in (NAMES, NAMES[::-1]):
        assert (
            found[f'missing/acc_without_{one}']
            == found[f'missing/acc_only_{other}']
        )
    text = log_of(runner)
    assert text.count('Contributions to the fused accuracy, epoch 2: ') == 1
    assert 'guessing 0.167 (12 samples' in text


def test_measured_during_training_changes_nothing(tiny_config):
    states = []
    for interval in (0, 2):
        cfg = tiny_config(epochs=3, warmup=2)
        # Without it each epoch would be seeded anew.
        del cfg.default_hooks['epoch_seed']
        cfg.work_dir += str(interval)
        cfg.default_hooks.contribution.interval = interval
        runner = build_runner(cfg)
        runner.train()
        logged = ['contribution/audio' in x for x in lines_of(runner)]
        assert any(logged) == bool(interval)
        states.append((runner.model.state_dict(), torch.get_rng_state()))
    steps = [x['step'] for x in lines_of(runner) if 'contribution/audio' in x]
    assert steps == [2, 3]
    (one, random), (other, as_random) = states
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert torch.equal(random, as_random)


def test_one_modality(tiny_config):
    cfg = tiny_config('joint_demo_concat', epochs=1)
    cfg.model.encoders.video = None
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].dataset.modalities = ['audio']
    runner = build_runner(cfg)
    runner.train()
    (found,) = (x for x in lines_of(runner) if 'contribution/audio' in x)
    assert set(found) == {
        'step',
        'contribution/audio',
        'missing/acc_only_audio',
    }


def test_no_validation(tiny_config):
    cfg = tiny_config('joint_demo_concat', epochs=1, val_cfg=None)
    for part in ('dataloader', 'evaluator'):
        cfg[f'val_{part}'] = None
    cfg.default_hooks.checkpoint.save_best = None
    runner = build_runner(cfg)
    runner.train()
    assert 'ContributionHook: nothing will be logged' in log_of(runner)


def test_data_sets_of_another_kind(tiny_config):
    """Their numbers of samples may repeat."""
    cfg = tiny_config('joint_demo_concat', epochs=1)
    part = cfg.val_dataloader.dataset
    cfg.val_dataloader.dataset = {
        'type': 'mmengine.ConcatDataset',
        'datasets': [part, part],
    }
    runner = build_runner(cfg)
    runner.train()
    assert 'validation set that derives from Multi' in log_of(runner)
    assert not [x for x in lines_of(runner) if 'contribution/video' in x]


def test_bad_interval():
    with pytest.raises(ValueError, match=r'at least 1, None .* got -1'):
        ContributionHook(interval=-1)
