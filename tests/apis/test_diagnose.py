"""Judging checkpoints and folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from mmremix.apis import build_runner
from mmremix.apis.diagnose import (
    check_joint,
    judge_checkpoint,
    judge_folds,
    report_of,
)
from mmremix.evaluation.diagnosis import of_accuracies

ACCURACY = {'fusion': 0.5, 'heads': 0.6, 'video': 0.4, 'audio': 0.3}


def config(**model):
    encoders = {'video': {'type': 'A'}, 'audio': {'type': 'B'}}
    return Config({'model': {'encoders': encoders, **model}})


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (config(encoders={'audio': {'type': 'B'}}), 'nothing to balance'),
        (config(unimodal='fusion'), r"unimodal='heads'"),
        (Config({**config(), 'method_ogm': {}}), 'method_ogm = None'),
        (Config({**config(), 'methods': ['ogm']}), 'method_ogm = None'),
    ],
)
def test_nothing_to_ask(cfg, message):
    with pytest.raises(ValueError, match=message):
        check_joint(cfg)


def test_folds_speak_together(tmp_path):
    draw = np.random.default_rng(0)
    files, parts = [], []
    for fold in range(2):
        files.append(tmp_path / f'{fold}.npz')
        rows = {
            f'log_{name}': np.log(draw.dirichlet(np.ones(3), 20))
            for name in ('fusion', 'video', 'audio')
        }
        people = np.array(['a', 'b'])[draw.integers(0, 2, 20)]
        labels = draw.integers(0, 3, 20)
        np.savez(files[-1], labels=labels, groups=people, **rows)
        train = {'fusion': 0.8 + 0.1 * fold, 'audio': 0.5}
        parts.append(
            of_accuracies(ACCURACY, ('video', 'audio'), 20, 0.3, train)
        )
    by_fold, by_people = (
        judge_folds(files, parts, by) for by in (None, 'subject')
    )
    assert (by_fold.by, by_people.by) == ('folds', 'subject')
    assert by_fold.samples == by_people.samples == 40
    assert by_fold.groups == by_people.groups == 2
    assert by_fold.train == pytest.approx({'fusion': 0.85, 'audio': 0.5})
    found = report_of([by_fold, by_fold], same_samples=True)
    assert found['evidence']['runs'] == 2 and len(found['runs']) == 2
    assert 'Seen in 2 runs on 40 samples of 2 folds.' in found['text']


def test_samples_of_a_checkpoint(tiny_config, capfd):
    cfg = tiny_config('joint_demo_concat', epochs=1, custom_hooks=[])
    cfg.held_out = {'share': 0.3}
    cfg.default_hooks.diagnosis = None
    whole = tiny_config('joint_demo_concat', epochs=1)
    build_runner(cfg).train()
    weights = Path(cfg.work_dir, 'epoch_1.pth')
    capfd.readouterr()
    found = judge_checkpoint(cfg, weights, train_samples=5)
    # What mmengine says of itself is in the log file.
    shown, said = capfd.readouterr()
    assert 'Hooks will be executed' not in shown + said
    assert (found.samples, found.held_out, found.epochs) == (8, True, 1)
    assert set(found.train) == set(ACCURACY)
    assert set(found.angle) == {'video', 'audio'}
    with pytest.raises(ValueError, match='18 in the checkpoint, 26 in the'):
        judge_checkpoint(whole, weights)
    # Tested on too: only if that is meant.
    cfg.test_dataloader = cfg.val_dataloader
    with pytest.raises(ValueError, match=r'8 of the 8 .* --on-test'):
        judge_checkpoint(cfg, weights)
    found = judge_checkpoint(cfg, weights, train_samples=0, on_test=True)
    assert found.held_out is False and found.train == {}
