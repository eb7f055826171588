"""Whole runs: what the prototypes are, and when they move."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmremix.datasets import AVDataset
from mmremix.engine import PrototypeHook
from mmremix.engine.scoring.loader import build_score_dataloader
from mmremix.engine.step import prototype_hook
from mmremix.utils.errors import ConfigError
from tests.engine.method_run import (
    assert_resumes,
    last_checkpoint,
    method_config,
    run,
)

ALL = {'method_pmr.hook.share': 1.0}


class Naive(Hook):
    """Class means, sample by sample, with the weights of each epoch."""

    priority = 'LOW'

    def __init__(self):
        self.means, self.prototypes = [], []

    def before_train_epoch(self, runner):
        method = runner.model.methods['pmr']
        self.prototypes.append(method.prototypes.clone())
        rows = {}
        model = runner.model.eval()
        for batch in build_score_dataloader(runner, None):
            data = model.data_preprocessor(batch, False)
            with torch.no_grad():
                features = model.encode(data['inputs']).features
            features = torch.cat([features[n] for n in model.modalities], 1)
            for sample, row in zip(
                data['data_samples'], features, strict=True
            ):
                rows.setdefault(int(sample.gt_label), []).append(row)
        model.train()
        self.means.append(
            torch.stack([torch.stack(rows[k]).mean(0) for k in sorted(rows)])
        )


def test_prototypes_are_class_means_and_move_half_way(tiny_config):
    naive = Naive()
    runner = run(method_config(tiny_config, 'pmr', epochs=2, **ALL), naive)
    first, second = naive.prototypes
    torch.testing.assert_close(first, naive.means[0])
    torch.testing.assert_close(second, (first + naive.means[1]) / 2)
    assert not torch.equal(first, second)
    stored = last_checkpoint(runner)['state_dict']
    assert torch.equal(stored['methods.pmr.prototypes'], second)
    logged = runner.message_hub.log_scalars
    assert {'train/pmr/s_video', 'train/pmr/w_audio'} <= set(logged)


def test_a_part_leaves_classes_without_and_says_so(tiny_config):
    """Three samples of six classes."""
    runner = run(method_config(tiny_config, 'pmr', epochs=1))
    known = runner.model.methods['pmr'].known
    assert 1 <= int(known.sum()) <= 3
    (log,) = Path(runner.work_dir).glob('*/*.log')
    missing = 6 - int(known.sum())
    assert f'{missing} of 6 classes had no sample' in log.read_text()
    for value in runner.model.state_dict().values():
        assert value.isfinite().all()


@pytest.mark.parametrize('base', ['pmr', 'pmr_hard'])
def test_resumed_run_ends_the_same(tiny_config, base):
    assert_resumes(
        lambda: method_config(tiny_config, base),
        stopped_in=2,
        parts=('state_dict', 'optimizer'),
    )


def test_alpha_zero_is_the_plain_run(tiny_config):
    plain = tiny_config('joint_demo_concat', epochs=2)
    cfg = method_config(
        tiny_config, 'pmr', epochs=2, **{'method_pmr.step.alpha': 0.0}
    )
    one, other = (run(c).model.state_dict() for c in (plain, cfg))
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


def test_without_pmr_it_is_refused(tiny_config):
    cfg = method_config(tiny_config, 'pmr')
    cfg.method_pmr.step = None
    with pytest.raises(ValueError, match="step=dict\\(type='PMR'\\)"):
        run(cfg)


def test_options():
    with pytest.raises(ValueError, match='share'):
        PrototypeHook(share=0)


def lacking(monkeypatch, complete):
    """Only some samples have both modalities."""

    def presence(self):
        found = np.ones((len(self), 2), dtype=bool)
        there = [i for i in complete if i < len(self)]
        found[:, 0] = False
        found[there, 0] = True
        return found

    monkeypatch.setattr(AVDataset, 'presence', presence)


def test_prototypes_are_of_samples_that_have_everything(
    tiny_config, monkeypatch
):
    """Two of 26: most draws of three from all would have none."""
    lacking(monkeypatch, [3, 20])
    runner = run(method_config(tiny_config, 'pmr', epochs=3))
    assert int(runner.model.methods['pmr'].known.sum()) >= 1


def test_without_a_complete_sample_it_is_refused(tiny_config, monkeypatch):
    lacking(monkeypatch, [])
    cfg = method_config(tiny_config, 'pmr', epochs=2)
    with pytest.raises(ConfigError, match=r'none of the 26.*pmr = None'):
        run(cfg)


def test_an_epoch_whose_samples_are_all_broken_keeps_the_old(
    tiny_config, monkeypatch
):
    found = prototype_hook.class_means
    epochs = []

    def means(model, loader):
        values, seen = found(model, loader)
        epochs.append(len(epochs))
        if epochs[-1] in (1, 2):
            return torch.full_like(values, torch.nan), seen & False
        return values, seen

    monkeypatch.setattr(prototype_hook, 'class_means', means)
    naive = Naive()
    cfg = method_config(tiny_config, 'pmr', epochs=4, **ALL)
    runner = run(cfg, naive)
    first, second, third, fourth = naive.prototypes
    assert torch.equal(first, second) and torch.equal(first, third)
    assert not torch.equal(third, fourth)
    (log,) = Path(runner.work_dir).glob('*/*.log')
    assert log.read_text().count('keeps the old prototypes') == 1


def test_broken_samples_in_the_first_epoch_are_an_error(
    tiny_config, monkeypatch
):
    monkeypatch.setattr(
        prototype_hook,
        'class_means',
        lambda *_: (torch.full((6, 4), torch.nan), torch.zeros(6).bool()),
    )
    with pytest.raises(RuntimeError, match=r'none of .* could be loaded'):
        run(method_config(tiny_config, 'pmr', epochs=2))
