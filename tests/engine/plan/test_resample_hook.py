"""Whole runs: which copies an epoch holds, and what is kept of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch

from mmremix.apis import build_runner
from mmremix.engine import ResampleHook
from mmremix.engine.plan.plan_hook import plan_hook
from mmremix.methods.resample import sample_copies
from tests.engine.method_run import (
    Recorder,
    assert_resumes,
    method_config,
    run,
)

NAMES = ('video', 'audio')
SOONER = {'method_resample.plan.warmup_epochs': 1}


def expected(decision, originals):
    """The items of an epoch, counted."""
    items = Counter(originals)
    for i, row in enumerate(decision['copies'].tolist()):
        items.update(
            {(i, (n,)): count for n, count in zip(NAMES, row, strict=True)}
        )
    return +items


@pytest.mark.parametrize('base', ['resample', 'resample_modality'])
def test_every_sample_is_there_and_its_copies(tiny_config, base):
    recorder = Recorder()
    runner = run(
        method_config(tiny_config, base, epochs=2, **SOONER), recorder
    )
    decision = plan_hook(runner).decision
    size = len(runner.train_dataloader.dataset)
    whole = [(i, NAMES) for i in range(size)]
    assert sorted(recorder.seen[0]) == whole
    assert decision['copies'].sum() > 0
    # One more may be there where a batch was filled.
    assert Counter(recorder.seen[1]) == expected(decision, whole)
    known = ~decision['values'].isnan()
    if base == 'resample':
        assert known.all()
        copies = sample_copies((decision['values'] * 2).long())
        assert torch.equal(decision['copies'].long(), copies)
    else:
        assert known.any(dim=1).sum() == round(0.2 * size)
        assert (decision['copies'].sum(dim=0) > 0).sum() == 1
    growth = (size + int(decision['copies'].sum())) / size
    (log,) = Path(runner.work_dir).glob('*/*.log')
    assert f'{growth:.2f} times as many' in log.read_text()
    # Only the fused loss: the heads have not moved.
    losses = [key for key in runner.message_hub.log_scalars if 'loss' in key]
    assert sorted(losses) == ['train/loss', 'train/loss_fusion']


def test_with_remix_the_original_keeps_its_weakest(tiny_config):
    recorder = Recorder()
    runner = run(
        method_config(tiny_config, 'resample_remix', epochs=2, **SOONER),
        recorder,
    )
    decision = plan_hook(runner).decision
    originals = [
        (i, (NAMES[column],))
        for i, column in enumerate(decision['originals'].tolist())
    ]
    assert Counter(recorder.seen[1]) == expected(decision, originals)
    assert plan_hook(runner).pure_from(runner) == 1


def test_a_fusion_between_stages(tiny_config):
    cfg = method_config(tiny_config, 'resample_remix', epochs=2, **SOONER)
    cfg.model.fusion = {'type': 'MMTM'}
    assert plan_hook(run(cfg)).decision['copies'].sum() > 0


@pytest.mark.parametrize(
    'base', ['resample', 'resample_modality', 'resample_remix']
)
def test_resumed_run_ends_the_same(tiny_config, base):
    assert_resumes(
        lambda: method_config(tiny_config, base, **SOONER),
        stopped_in=2,
        parts=('state_dict', 'optimizer', 'plan'),
    )


def test_batches_with_all_modalities_remain(tiny_config):
    cfg = method_config(tiny_config, 'resample', **SOONER)
    runner = build_runner(cfg)
    assert plan_hook(runner).pure_from(runner) is None


def test_one_modality_is_refused(tiny_config):
    cfg = method_config(tiny_config, 'resample', **SOONER)
    cfg.model.encoders.video = None
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].dataset.modalities = ['audio']
    with pytest.raises(ValueError, match='at least 2 modalities'):
        run(cfg)


def test_a_part_needs_a_sampler_that_takes_parts(tiny_config):
    cfg = method_config(tiny_config, 'resample_modality', **SOONER)
    cfg.method_resample.plan.dataloader = {
        'sampler': {'type': 'DefaultSampler', 'shuffle': False}
    }
    with pytest.raises(ValueError, match='ScoringSampler'):
        run(cfg)


@pytest.mark.parametrize(
    'wrong',
    [{'level': 'batch'}, {'originals': 'no'}, {'share': 0}, {'alpha': -1}],
)
def test_options(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ResampleHook(**wrong)
